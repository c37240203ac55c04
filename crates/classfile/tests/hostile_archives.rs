//! Archives that try to do harm, and honest ones that look odd.

mod support;

use anneal_classfile::{Error, Jar, JarLimits, NameFault};
use support::{Entry, archive, class, deflate, entry};

fn open(entries: &[Entry]) -> Result<Jar, Error> {
    Jar::from_bytes(archive(entries), &JarLimits::default())
}

fn scan(entries: &[Entry], limits: &JarLimits) -> Result<anneal_classfile::JarFacts, Error> {
    Jar::from_bytes(archive(entries), limits)?.scan()
}

#[track_caller]
fn refuses_name(name: &str, expected: NameFault) {
    let opened = open(&[entry("good", b""), entry(name, b"x")]);
    let refused = matches!(&opened, Err(Error::RefuseName { index: 1, fault }) if *fault == expected);
    assert!(refused, "{name:?}: {opened:?}");
}

#[test]
fn refuses_names_that_leave_a_directory() {
    for name in [
        "../x",
        "a/../../x",
        "a/..",
        "..",
        "a//b",
        "./a",
        "a/./b",
        "a\\..\\b",
        "..\\x",
        "a//",
    ] {
        refuses_name(name, NameFault::Traversal);
    }
    for name in ["/etc/passwd", "/", "C:/x", "c:\\x"] {
        refuses_name(name, NameFault::Absolute);
    }
    for name in ["a\0b", "a\nb", "a\u{7f}"] {
        refuses_name(name, NameFault::Encoding);
    }
    refuses_name("", NameFault::Length);
    refuses_name(&"x".repeat(5000), NameFault::Length);
    refuses_name("good", NameFault::Repeated);
    let latin = Entry {
        name: vec![0xe4],
        ..entry("", b"")
    };
    assert!(matches!(
        open(&[latin]),
        Err(Error::RefuseName {
            fault: NameFault::Encoding,
            ..
        })
    ));
}

#[test]
fn refuses_headers_that_disagree_about_the_name() {
    let mut jar = open(&[Entry {
        local_name: Some(b"b".to_vec()),
        ..entry("a", b"x")
    }])
    .expect("the directory is fine");
    assert!(matches!(
        jar.scan(),
        Err(Error::RefuseName {
            fault: NameFault::Inconsistent,
            ..
        })
    ));
}

#[test]
fn refuses_links_and_special_files() {
    for kind in [0o120_000, 0o020_000, 0o010_000, 0o060_000, 0o140_000] {
        let link = Entry {
            made_on: 3,
            attributes: (kind | 0o777) << 16,
            ..entry("a", b"/etc/passwd")
        };
        assert!(matches!(open(&[link]), Err(Error::RefuseLink { index: 0 })), "{kind:o}");
    }
    let file = Entry {
        made_on: 3,
        attributes: 0o100_644 << 16,
        ..entry("a", b"")
    };
    let unknown = Entry {
        made_on: 3,
        attributes: 0o177_777 << 16,
        method: 0,
        ..entry("META-INF/", b"")
    };
    let folder = Entry {
        made_on: 3,
        attributes: 0o040_755 << 16,
        method: 0,
        ..entry("d/", b"")
    };
    assert!(open(&[file, unknown, folder.clone(), folder]).is_ok());
}

#[test]
fn refuses_encryption_and_other_methods() {
    assert!(matches!(
        open(&[Entry {
            flags: 1,
            ..entry("a", b"")
        }]),
        Err(Error::RefuseMethod { .. })
    ));
    for method in [1, 9, 12, 14, 93, 99] {
        assert!(matches!(
            open(&[Entry { method, ..entry("a", b"") }]),
            Err(Error::RefuseMethod { .. })
        ));
    }
}

#[test]
fn refuses_entries_that_share_bytes() {
    let first = entry("a", b"content");
    let second = Entry {
        offset: Some(0),
        ..entry("a2", b"content")
    };
    assert!(matches!(open(&[first, second]), Err(Error::OverlapEntries)));
    let beyond = Entry {
        offset: Some(1_000_000),
        ..entry("a", b"")
    };
    assert!(matches!(open(&[beyond]), Err(Error::OverlapEntries)));
}

#[test]
fn refuses_bombs_before_unpacking_them() {
    let limits = JarLimits::default();
    let zeros = vec![0; 4 << 20];
    assert!(matches!(
        open(&[entry("a", &zeros)]),
        Err(Error::ExceedLimit {
            unit: "times the packed size in one entry",
            ..
        })
    ));
    let small = JarLimits {
        entry_bytes: 10,
        ..limits.clone()
    };
    assert!(matches!(scan(&[entry("a", &[1; 11])], &small), Err(Error::ExceedLimit { .. })));
    let small = JarLimits {
        total_bytes: 10,
        ..limits.clone()
    };
    assert!(matches!(
        scan(&[entry("a", b"123456"), entry("b", b"12345")], &small),
        Err(Error::ExceedLimit { .. })
    ));
    let small = JarLimits {
        entries: 1,
        ..limits.clone()
    };
    assert!(matches!(
        scan(&[entry("a", b""), entry("b", b"")], &small),
        Err(Error::ExceedLimit { .. })
    ));
    let small = JarLimits {
        archive_bytes: 50,
        ..limits.clone()
    };
    assert!(matches!(scan(&[entry("a", b"")], &small), Err(Error::ExceedLimit { .. })));
    let small = JarLimits {
        directory_bytes: 20,
        ..limits
    };
    assert!(matches!(scan(&[entry("a", b"")], &small), Err(Error::ExceedLimit { .. })));
}

#[test]
fn stops_where_content_is_longer_than_declared() {
    // Declares 10 bytes and inflates to 64 MiB: neither is kept, and no more than a buffer is inflated beyond.
    let liar = Entry {
        unpacked: Some(10),
        checksum: Some(0),
        ..entry("a", &vec![0; 64 << 20])
    };
    let mut jar = open(&[liar]).expect("the directory looks honest");
    assert!(matches!(jar.scan(), Err(Error::InflateEntry { index: 0 })));
}

#[test]
fn refuses_damaged_content() {
    let wrong_sum = Entry {
        checksum: Some(1),
        ..entry("a", b"content")
    };
    let wrong_size = Entry {
        unpacked: Some(8),
        ..entry("a", b"content")
    };
    let mut no_deflate = entry("a", b"");
    no_deflate.content = deflate(b"content");
    for entry in [wrong_sum, wrong_size] {
        assert!(matches!(
            scan(&[entry], &JarLimits::default()),
            Err(Error::InflateEntry { index: 0 })
        ));
    }
    let stored = Entry {
        method: 0,
        unpacked: Some(3),
        ..entry("a", b"content")
    };
    assert!(matches!(open(&[stored]), Err(Error::ParseHeader { .. })));
}

#[test]
fn refuses_what_is_no_archive() {
    for bytes in [&b""[..], b"PK", b"PK\x05\x06", &[0; 100], b"\x7fELF"] {
        let fault = Jar::from_bytes(bytes.to_vec(), &JarLimits::default()).expect_err("no archive");
        assert!(matches!(fault, Error::RecogniseArchive), "{fault}");
    }
}

#[test]
fn refuses_every_cut() {
    let whole = archive(&[entry("a/B.class", b"content"), entry("c", b"more")]);
    for length in 0..whole.len() {
        let cut = Jar::from_bytes(whole[..length].to_vec(), &JarLimits::default()).and_then(|mut jar| jar.scan());
        assert!(cut.is_err(), "{length} bytes of {}", whole.len());
    }
}

#[test]
fn reads_archives_behind_a_start_script_and_before_a_comment() {
    let mut bytes = b"#!/bin/sh\nexec java -jar \"$0\"\n".to_vec();
    bytes.extend(archive(&[
        entry("a", b"content"),
        Entry {
            method: 0,
            ..entry("b", b"plain")
        },
    ]));
    let end = bytes.len() - 2;
    bytes.splice(end.., [3, 0, b'h', b'i', b'!']);
    let mut jar = Jar::from_bytes(bytes, &JarLimits::default()).expect("odd, but honest");
    assert_eq!(jar.read("a", 100).expect("intact").as_deref(), Some(&b"content"[..]));
    assert_eq!(jar.read("b", 100).expect("intact").as_deref(), Some(&b"plain"[..]));
    assert_eq!(jar.read("c", 100).expect("intact"), None);
    assert!(jar.read("a", 3).is_err());
}

/// Moves the directory's figures into the record for large archives, as archivers do beyond 65 534 entries.
fn enlarge(mut bytes: Vec<u8>, entries: u64) -> Vec<u8> {
    let end = bytes.split_off(bytes.len() - 22);
    let field = |at: usize| u64::from(u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]));
    let record_start = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06");
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [entries, entries, field(12), field(16)] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(record_start.to_le_bytes());
    bytes.extend([1, 0, 0, 0]);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([0xff; 12]);
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn reads_the_end_record_of_large_archives() {
    let bytes = archive(&[entry("a", b"content"), entry("b", b"")]);
    let mut jar = Jar::from_bytes(enlarge(bytes.clone(), 2), &JarLimits::default()).expect("large, but honest");
    assert_eq!(jar.scan().expect("intact").entries, 2);
    for entries in [1, 3, u64::from(u16::MAX), u64::MAX] {
        assert!(Jar::from_bytes(enlarge(bytes.clone(), entries), &JarLimits::default()).is_err());
    }
}

#[test]
fn counts_what_looks_like_a_class_and_is_none() {
    let facts = scan(&[entry("a.class", b"text"), class("B", &[]).entry()], &JarLimits::default()).expect("valid");
    assert_eq!((facts.class_count, facts.unreadable_classes, facts.entries), (1, 1, 2));
}

#[test]
fn opens_a_file_and_says_when_there_is_none() {
    let folder = tempfile::tempdir().expect("a place for files");
    let path = folder.path().join("a.jar");
    assert!(matches!(Jar::open(&path, &JarLimits::default()), Err(Error::ReadJar { .. })));
    std::fs::write(&path, archive(&[entry("a", b"")])).expect("the file can be written");
    assert_eq!(
        Jar::open(&path, &JarLimits::default()).expect("valid").names().collect::<Vec<_>>(),
        ["a"]
    );
}
