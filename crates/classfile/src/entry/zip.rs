//! Owns the writing of an archive with one stored entry.

use flate2::Crc;

/// The oldest date that the format can hold: 1 January 1980.
const DATE: u16 = 0x0021;

pub(super) fn single(name: &str, content: &[u8]) -> Vec<u8> {
    let mut checksum = Crc::new();
    checksum.update(content);
    // Both are far below 64 KiB.
    let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let name_length = u16::try_from(name.len()).unwrap_or(u16::MAX);

    // What both headers have in common: version 1.0, no flags, stored, time, date, checksum, sizes, name, no extra field.
    let mut common = Vec::new();
    put(&mut common, &[10, 0, 0, 0, DATE]);
    put_wide(&mut common, &[checksum.sum(), size, size]);
    put(&mut common, &[name_length, 0]);

    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend(&common);
    archive.extend(name.as_bytes());
    archive.extend(content);

    let directory = archive.len();
    archive.extend(b"PK\x01\x02");
    put(&mut archive, &[10]);
    archive.extend(&common);
    // No comment, first disk, no attributes, local header at the start.
    archive.extend([0; 14]);
    archive.extend(name.as_bytes());
    let directory_length = archive.len() - directory;

    archive.extend(b"PK\x05\x06");
    put(&mut archive, &[0, 0, 1, 1]);
    let sizes = [directory_length, directory].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    put_wide(&mut archive, &sizes);
    put(&mut archive, &[0]);
    archive
}

fn put(bytes: &mut Vec<u8>, numbers: &[u16]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn put_wide(bytes: &mut Vec<u8>, numbers: &[u32]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
