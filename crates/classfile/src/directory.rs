//! Owns the central directory of a zip archive: where it is, what it lists, and what it must not list.
//!
//! Own code, because general readers index entries by name and thereby hide duplicates, and allocate for every entry before
//! a caller can count them.

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

use snafu::ResultExt as _;

use crate::error::{
    Error, ExceedLimitSnafu, NameFault, OverlapEntriesSnafu, ParseDirectorySnafu, ParseHeaderSnafu, ReadJarSnafu, RecogniseArchiveSnafu,
    RefuseLinkSnafu, RefuseMethodSnafu, RefuseNameSnafu, Result,
};
use crate::limits::JarLimits;

const END: [u8; 4] = *b"PK\x05\x06";
const END_LENGTH: usize = 22;
const LARGE_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LARGE_LOCATOR_LENGTH: u64 = 20;
const LARGE_END: [u8; 4] = *b"PK\x06\x06";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const CENTRAL_LENGTH: usize = 46;
const UNIX: u8 = 3;
const MACOS: u8 = 19;
/// Kinds of files in the uppermost bits of Unix attributes.
const PIPE: u32 = 0o01;
const CHARACTERS: u32 = 0o02;
const BLOCKS: u32 = 0o06;
const LINK: u32 = 0o12;
const SOCKET: u32 = 0o14;
/// Length of a local header without name and extra field.
pub(crate) const LOCAL_LENGTH: u64 = 30;

/// One file or directory of the archive.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) name: Box<str>,
    pub(crate) deflated: bool,
    pub(crate) checksum: u32,
    pub(crate) packed: u64,
    pub(crate) unpacked: u64,
    /// Where the local header starts in the file.
    pub(crate) offset: u64,
}

/// Where the directory is.
struct Location {
    start: u64,
    length: u64,
    entries: u64,
    /// Bytes in front of the archive, for example a start script.
    prefix: u64,
}

/// Reads and checks the whole directory.
pub(crate) fn read<S: Read + Seek>(source: &mut S, limits: &JarLimits) -> Result<Vec<Listed>> {
    let length = source.seek(SeekFrom::End(0)).context(ReadJarSnafu)?;
    if length > limits.archive_bytes {
        return ExceedLimitSnafu {
            unit: "bytes",
            allowed: limits.archive_bytes,
        }
        .fail();
    }
    let location = locate(source, length)?;
    if location.length > limits.directory_bytes {
        return ExceedLimitSnafu {
            unit: "bytes in the central directory",
            allowed: limits.directory_bytes,
        }
        .fail();
    }
    if location.entries > limits.entries as u64 {
        return ExceedLimitSnafu {
            unit: "entries",
            allowed: limits.entries as u64,
        }
        .fail();
    }
    let bytes = read_at(source, location.start, location.length)?;
    let listed = parse(&bytes, &location, limits)?;
    check_ranges(&listed, location.start)?;
    Ok(listed)
}

fn locate<S: Read + Seek>(source: &mut S, length: u64) -> Result<Location> {
    // The end record is followed by a comment of at most 65 535 bytes.
    let tail_length = length.min(END_LENGTH as u64 + 0xffff);
    let tail_start = length - tail_length;
    let tail = read_at(source, tail_start, tail_length)?;
    let found = (0..(tail.len() + 1).saturating_sub(END_LENGTH))
        .rev()
        .find(|start| tail[*start..].starts_with(&END) && start + END_LENGTH + usize::from(u16_at(&tail, start + 20)) == tail.len());
    let Some(found) = found else {
        return RecogniseArchiveSnafu.fail();
    };
    let end = &tail[found..];
    let end_start = tail_start + found as u64;
    let (entries, size, offset) = (u16_at(end, 10), u32_at(end, 12), u32_at(end, 16));
    if u16_at(end, 4) != 0 || u16_at(end, 6) != 0 || u16_at(end, 8) != entries {
        return ParseDirectorySnafu.fail();
    }
    let large = entries == u16::MAX || size == u32::MAX || offset == u32::MAX;
    let (directory_end, entries, size, offset) = match large_end(source, end_start)? {
        Some(record) if large => record,
        _ => (end_start, u64::from(entries), u64::from(size), u64::from(offset)),
    };
    let start = directory_end.checked_sub(size);
    let prefix = start.and_then(|start| start.checked_sub(offset));
    match (start, prefix) {
        (Some(start), Some(prefix)) => Ok(Location {
            start,
            length: size,
            entries,
            prefix,
        }),
        _ => ParseDirectorySnafu.fail(),
    }
}

/// The end record for more than 65 534 entries: its position, entries, directory size and directory offset.
fn large_end<S: Read + Seek>(source: &mut S, end_start: u64) -> Result<Option<(u64, u64, u64, u64)>> {
    let Some(locator_start) = end_start.checked_sub(LARGE_LOCATOR_LENGTH) else {
        return Ok(None);
    };
    let locator = read_at(source, locator_start, LARGE_LOCATOR_LENGTH)?;
    if !locator.starts_with(&LARGE_LOCATOR) {
        return Ok(None);
    }
    // The record without extensible data stands right before the locator; nothing else is written in practice.
    let Some(start) = locator_start.checked_sub(56) else {
        return ParseDirectorySnafu.fail();
    };
    let record = read_at(source, start, 56)?;
    if !record.starts_with(&LARGE_END) || u64_at(&record, 24) != u64_at(&record, 32) {
        return ParseDirectorySnafu.fail();
    }
    Ok(Some((start, u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48))))
}

fn parse(bytes: &[u8], location: &Location, limits: &JarLimits) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    let mut names = HashSet::new();
    let mut rest = bytes;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let index = listed.len();
        if index >= limits.entries {
            return ExceedLimitSnafu {
                unit: "entries",
                allowed: limits.entries as u64,
            }
            .fail();
        }
        let (entry, length) = parse_entry(rest, index, location, limits)?;
        if !names.insert(entry.name.clone()) && !entry.name.ends_with('/') {
            return RefuseNameSnafu {
                index,
                fault: NameFault::Repeated,
            }
            .fail();
        }
        total = total.saturating_add(entry.unpacked);
        if total > limits.total_bytes {
            return ExceedLimitSnafu {
                unit: "bytes in all entries",
                allowed: limits.total_bytes,
            }
            .fail();
        }
        listed.push(entry);
        rest = &rest[length..];
    }
    if listed.len() as u64 != location.entries {
        return ParseDirectorySnafu.fail();
    }
    Ok(listed)
}

fn parse_entry(bytes: &[u8], index: usize, location: &Location, limits: &JarLimits) -> Result<(Listed, usize)> {
    let damaged = || {
        ParseHeaderSnafu {
            what: "central header",
            index,
        }
        .build()
    };
    if bytes.len() < CENTRAL_LENGTH || !bytes.starts_with(&CENTRAL) {
        return Err(damaged());
    }
    let name_length = usize::from(u16_at(bytes, 28));
    let length = CENTRAL_LENGTH + name_length + usize::from(u16_at(bytes, 30)) + usize::from(u16_at(bytes, 32));
    if bytes.len() < length {
        return Err(damaged());
    }
    let method = u16_at(bytes, 10);
    if u16_at(bytes, 8) & 1 != 0 || !matches!(method, 0 | 8) {
        return RefuseMethodSnafu { index }.fail();
    }
    let name =
        check_name(&bytes[CENTRAL_LENGTH..CENTRAL_LENGTH + name_length], limits).map_err(|fault| Error::RefuseName { index, fault })?;
    check_kind(bytes, index)?;
    let (packed, unpacked, offset) = (u32_at(bytes, 20), u32_at(bytes, 24), u32_at(bytes, 42));
    // All ones stand for a size in an extra field; our bounds are below 4 GiB.
    if [packed, unpacked, offset].contains(&u32::MAX) || (method == 0 && packed != unpacked) {
        return Err(damaged());
    }
    let (packed, unpacked) = (u64::from(packed), u64::from(unpacked));
    if unpacked > limits.entry_bytes {
        return ExceedLimitSnafu {
            unit: "bytes in one entry",
            allowed: limits.entry_bytes,
        }
        .fail();
    }
    if unpacked > limits.ratio_free_bytes && unpacked / packed.max(1) > limits.ratio {
        return ExceedLimitSnafu {
            unit: "times the packed size in one entry",
            allowed: limits.ratio,
        }
        .fail();
    }
    let listed = Listed {
        name: name.into(),
        deflated: method == 8,
        checksum: u32_at(bytes, 16),
        packed,
        unpacked,
        offset: location.prefix + u64::from(offset),
    };
    Ok((listed, length))
}

/// Refuses every name that could leave a directory, or that two readers could understand differently.
fn check_name<'a>(bytes: &'a [u8], limits: &JarLimits) -> Result<&'a str, NameFault> {
    if bytes.is_empty() || bytes.len() > limits.name_bytes {
        return Err(NameFault::Length);
    }
    let name = std::str::from_utf8(bytes).map_err(|_| NameFault::Encoding)?;
    if name.chars().any(char::is_control) {
        return Err(NameFault::Encoding);
    }
    if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        return Err(NameFault::Absolute);
    }
    let path = name.strip_suffix('/').unwrap_or(name);
    if name.contains('\\') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(NameFault::Traversal);
    }
    Ok(name)
}

/// Refuses links and special files, as archives made on Unix can hold.
fn check_kind(bytes: &[u8], index: usize) -> Result<()> {
    let made_on = bytes[5];
    let kind = u32_at(bytes, 38) >> 28;
    // Nothing else is a kind; old archivers write all ones where they know none, or mark directories as files.
    if matches!(made_on, UNIX | MACOS) && matches!(kind, PIPE | CHARACTERS | BLOCKS | LINK | SOCKET) {
        return RefuseLinkSnafu { index }.fail();
    }
    Ok(())
}

/// Refuses entries that share bytes with another one or with the directory.
fn check_ranges(listed: &[Listed], directory_start: u64) -> Result<()> {
    let mut ranges: Vec<_> = listed
        .iter()
        .map(|entry| (entry.offset, entry.offset + LOCAL_LENGTH + entry.name.len() as u64 + entry.packed))
        .collect();
    ranges.sort_unstable();
    let ends_before = ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    if ends_before && ranges.last().is_none_or(|last| last.1 <= directory_start) {
        return Ok(());
    }
    OverlapEntriesSnafu.fail()
}

/// Reads exactly `length` bytes; callers bound it before.
pub(crate) fn read_at<S: Read + Seek>(source: &mut S, start: u64, length: u64) -> Result<Vec<u8>> {
    source.seek(SeekFrom::Start(start)).context(ReadJarSnafu)?;
    let mut bytes = Vec::new();
    source.by_ref().take(length).read_to_end(&mut bytes).context(ReadJarSnafu)?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        ParseDirectorySnafu.fail()
    }
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
