//! Copies a jar so that some of its entries are not found any more under their names.
//!
//! The names are changed in place, in both headers of an entry, to others of the same length. No offset, size or
//! checksum changes by that, and no content is packed anew. The jar has been checked by `anneal-classfile` before.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

const END: &[u8] = b"PK\x05\x06";
const END_LENGTH: usize = 22;
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const LOCATOR_64_LENGTH: u64 = 20;
const CENTRAL: &[u8] = b"PK\x01\x02";
const CENTRAL_LENGTH: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_LENGTH: u64 = 30;
/// The largest directory that is held in memory.
const DIRECTORY_BYTES: u64 = 64 << 20;
/// Replaces a name's last byte. No file that the compiler looks for ends in it.
const MARK: u8 = b'~';

/// Copies `jar` and hides all entries of these names.
pub(crate) fn hide(jar: &Path, copy: &Path, names: &[String]) -> io::Result<()> {
    match fs::remove_file(copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::copy(jar, copy)?;
    let mut file = OpenOptions::new().read(true).write(true).open(copy)?;
    let (start, mut directory) = directory(&mut file)?;
    let mut hidden = 0;
    let mut position = 0;
    while let Some(header) = Central::at(&directory, position)? {
        let name = &directory[header.name.clone()];
        if names.iter().any(|hidden| hidden.as_bytes() == name) && !name.is_empty() {
            let last = header.name.end - 1;
            hide_local(&mut file, header.local, name)?;
            directory[last] = MARK;
            hidden += 1;
        }
        position = header.end;
    }
    if hidden < names.len() {
        return Err(damaged("an entry is not where it should be"));
    }
    file.seek(SeekFrom::Start(start))?;
    file.write_all(&directory)?;
    file.flush()
}

fn hide_local(file: &mut File, offset: u64, name: &[u8]) -> io::Result<()> {
    let header = read_at(file, offset, LOCAL_LENGTH + name.len() as u64)?;
    let found = &header[usize_of(LOCAL_LENGTH)?..];
    if !header.starts_with(LOCAL) || found != name {
        return Err(damaged("an entry's headers disagree"));
    }
    file.seek(SeekFrom::Start(offset + LOCAL_LENGTH + name.len() as u64 - 1))?;
    file.write_all(&[MARK])
}

/// One header of the directory.
struct Central {
    name: std::ops::Range<usize>,
    local: u64,
    end: usize,
}

impl Central {
    fn at(directory: &[u8], position: usize) -> io::Result<Option<Self>> {
        let rest = &directory[position..];
        if rest.is_empty() {
            return Ok(None);
        }
        if rest.len() < CENTRAL_LENGTH || !rest.starts_with(CENTRAL) {
            return Err(damaged("the directory is damaged"));
        }
        let length = |at| usize::from(u16_at(rest, at));
        let name = position + CENTRAL_LENGTH..position + CENTRAL_LENGTH + length(28);
        let extra = name.end..name.end + length(30);
        let end = extra.end + length(32);
        if end > directory.len() {
            return Err(damaged("the directory is cut"));
        }
        let local = match u32_at(rest, 42) {
            u32::MAX => local_64(rest, &directory[extra])?,
            local => u64::from(local),
        };
        Ok(Some(Self { name, local, end }))
    }
}

/// The offset in the zip64 extra field: it follows those of the two sizes that are there.
fn local_64(header: &[u8], mut extra: &[u8]) -> io::Result<u64> {
    while extra.len() >= 4 {
        let length = usize::from(u16_at(extra, 2));
        let Some(field) = extra.get(4..4 + length) else {
            break;
        };
        if u16_at(extra, 0) == 1 {
            let sizes = [20, 24].iter().filter(|at| u32_at(header, **at) == u32::MAX).count();
            if let Some(offset) = field.get(sizes * 8..sizes * 8 + 8) {
                return Ok(u64_at(offset, 0));
            }
        }
        extra = &extra[4 + length..];
    }
    Err(damaged("an entry has no offset"))
}

/// The directory's offset and bytes.
fn directory(file: &mut File) -> io::Result<(u64, Vec<u8>)> {
    let length = file.metadata()?.len();
    let tail_start = length.saturating_sub((END_LENGTH + usize::from(u16::MAX)) as u64);
    let tail = read_at(file, tail_start, length - tail_start)?;
    let end = (0..=tail.len().saturating_sub(END_LENGTH)).rev().find(|at| {
        let record = &tail[*at..];
        record.len() >= END_LENGTH && record.starts_with(END) && usize::from(u16_at(record, 20)) == record.len() - END_LENGTH
    });
    let end = end.ok_or_else(|| damaged("the jar has no end"))?;
    let record = &tail[end..];
    let (mut size, mut start) = (u64::from(u32_at(record, 12)), u64::from(u32_at(record, 16)));
    let end = tail_start + end as u64;
    if let Some(offset) = end_64(file, end)? {
        let record = read_at(file, offset, 56)?;
        if !record.starts_with(END_64) {
            return Err(damaged("the jar has no end"));
        }
        (size, start) = (u64_at(&record, 40), u64_at(&record, 48));
    }
    if size > DIRECTORY_BYTES {
        return Err(damaged("the directory is too large"));
    }
    Ok((start, read_at(file, start, size)?))
}

fn end_64(file: &mut File, end: u64) -> io::Result<Option<u64>> {
    let Some(offset) = end.checked_sub(LOCATOR_64_LENGTH) else {
        return Ok(None);
    };
    let locator = read_at(file, offset, LOCATOR_64_LENGTH)?;
    Ok(locator.starts_with(LOCATOR_64).then(|| u64_at(&locator, 8)))
}

fn read_at(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize_of(length)?];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn usize_of(length: u64) -> io::Result<usize> {
    usize::try_from(length).map_err(io::Error::other)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
