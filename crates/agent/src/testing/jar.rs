//! Jars and class files for tests, written byte by byte.

use flate2::Crc;

/// A jar whose entries are stored without compression.
pub(crate) fn jar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let mut checksum = Crc::new();
        checksum.update(content);
        let mut common = Vec::new();
        // Version, flags, method, time, date.
        for field in [10_u16, 0, 0, 0, 0x21] {
            common.extend(field.to_le_bytes());
        }
        let length = u32::try_from(content.len()).unwrap();
        for field in [checksum.sum(), length, length] {
            common.extend(field.to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        let offset = u32::try_from(file.len()).unwrap();
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(*content);
        directory.extend(b"PK\x01\x02");
        directory.extend(10_u16.to_le_bytes());
        directory.extend(&common);
        // Comment, disk, attributes.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let start = u32::try_from(file.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    for field in [count.as_slice(), &count, &size, &start, &[0, 0]] {
        file.extend(field);
    }
    file
}

/// A class with `public static Map main(Map)`.
pub(crate) fn map_class(name: &str) -> Vec<u8> {
    let mut class = b"\xca\xfe\xba\xbe\0\0\0\x3d\0\x08".to_vec();
    let utf8 = |text: &str| {
        let mut constant = vec![1];
        constant.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        constant.extend(text.as_bytes());
        constant
    };
    class.extend(utf8(name));
    class.extend([7, 0, 1]);
    class.extend(utf8("java/lang/Object"));
    class.extend([7, 0, 3]);
    class.extend(utf8("main"));
    class.extend(utf8("(Ljava/util/Map;)Ljava/util/Map;"));
    class.extend(utf8("Code"));
    // Public; this; super; no interface, no field; one method, public and static.
    class.extend([0, 0x21, 0, 2, 0, 4, 0, 0, 0, 0, 0, 1, 0, 9, 0, 5, 0, 6, 0, 1]);
    // Its code: it gives back what it gets.
    class.extend([0, 7, 0, 0, 0, 14, 0, 1, 0, 1, 0, 0, 0, 2, 0x2a, 0xb0, 0, 0, 0, 0]);
    class.extend([0, 0]);
    class
}
