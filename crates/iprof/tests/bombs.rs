//! Input that is made to exhaust its reader. Each must end in an error value, within a bound of memory and time.

use std::io::{self, Read, Write};

use anneal_iprof::{Error, Intermediate, Limits, check};
use flate2::Compression;
use flate2::write::GzEncoder;

const HEAD: &str = r#"{"version":"1.0.0","types":[{"id":0,"name":"A"}],"methods":[{"id":0,"name":"f","signature":[0,0]}],"#;

/// The bound of the reader's memory; it keeps sets of ids, one buffer and one token.
const MOST_KIBIBYTES: u64 = 64 << 10;

/// `head`, then `piece` until somebody stops reading or `length` bytes were read.
struct Endless {
    head: io::Cursor<Vec<u8>>,
    piece: Box<dyn FnMut(u64) -> String>,
    count: u64,
    left: u64,
}

fn endless(head: &str, piece: impl FnMut(u64) -> String + 'static) -> Endless {
    Endless {
        head: io::Cursor::new(head.into()),
        piece: Box::new(piece),
        count: 0,
        left: 10 << 30,
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let mut length = self.head.read(buffer)?;
        while length == 0 {
            let mut block = String::new();
            while block.len() < 32 << 10 {
                block.push_str(&(self.piece)(self.count));
                self.count += 1;
            }
            self.head = io::Cursor::new(block.into());
            length = self.head.read(buffer)?;
        }
        self.left = self.left.saturating_sub(length as u64);
        Ok(length)
    }
}

/// The default bounds, but for the bytes: a debug build needs seconds for each 256 MiB.
fn limits() -> Limits {
    Limits {
        input_bytes: 24 << 20,
        bytes: 24 << 20,
        ..Limits::default()
    }
}

#[track_caller]
fn ends(input: impl Read, category: &str) {
    ends_within(&limits(), input, category);
}

#[track_caller]
fn ends_within(limits: &Limits, input: impl Read, category: &str) {
    let fault = check(input, limits).expect_err("a bomb");
    assert_eq!(fault.category(), category, "{fault}");
}

fn gzip(piece: &[u8], times: usize) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..times {
        packer.write_all(piece).expect("memory takes everything");
    }
    packer.finish().expect("memory takes everything")
}

/// One test, because the high-water mark of memory belongs to the whole process.
#[test]
fn every_bomb_ends_in_an_error_within_bounds() {
    nesting();
    tokens();
    tables();
    archives();

    assert!(
        peak_kibibytes().is_none_or(|peak| peak < MOST_KIBIBYTES),
        "{:?} KiB",
        peak_kibibytes()
    );

    // What is kept while folding is bounded as well, and an unreadable source is an error like any other.
    let small = Limits {
        entries: 1000,
        ..Limits::default()
    };
    let many = entries("callCountProfiles", |_| ",{\"ctx\":\"0:0\",\"records\":[1]}".to_owned());
    assert!(matches!(
        Intermediate::new().fold(many, &small),
        Err(Error::ExceedLimit { allowed: 1000, .. })
    ));
    assert!(matches!(check(Broken, &Limits::default()), Err(Error::ReadInput { .. })));
}

/// Gzip members without content: no decompressed byte ever arrives.
struct Repeat {
    piece: Vec<u8>,
    at: usize,
}

impl Read for Repeat {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.piece[self.at % self.piece.len()];
            self.at += 1;
        }
        Ok(buffer.len())
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the line is dead"))
    }
}

/// The process' largest resident set, where the system tells it.
fn peak_kibibytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn nesting() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        ends(
            endless("", move |_| open.to_owned()),
            if open == "{\"a\":" { "limit" } else { "syntax" },
        );
        ends(endless(&format!("{HEAD}\"x\":"), move |_| open.to_owned()), "limit");
        ends(
            endless(&format!("{HEAD}\"callCountProfiles\":[{{\"x\":"), move |_| open.to_owned()),
            "limit",
        );
    }
}

/// Tokens without an end.
fn tokens() {
    for (head, piece) in [
        ("\"x\":\"", "xxxxxxxxxxxxxxxx"),
        ("\"x\":\"", "\\u0041\\n"),
        ("\"", "xxxxxxxxxxxxxxxx"),
        ("\"x\":1", "0000000000000000"),
        ("\"callCountProfiles\":[{\"ctx\":\"0:0", "<0:0<0:0<0:0<0:0"),
        ("\"callCountProfiles\":[{\"ctx\":\"", "0000000000000000"),
        ("\"callCountProfiles\":[{\"records\":[1", ",1,1,1,1,1,1,1,1"),
        ("\"x\":[1", ",1,1,1,1,1,1,1,1"),
        ("\"x\":", "                "),
        ("\"x\":{\"a\":1", ",\"a\":1,\"a\":1"),
    ] {
        ends(endless(&format!("{HEAD}{head}"), move |_| piece.to_owned()), "limit");
    }
    ends(
        endless(&format!("{HEAD}\"callCountProfiles\":[{{\"records\":["), |_| "111111".to_owned()),
        "syntax",
    );
}

/// Tables and sections without an end.
fn tables() {
    let all = Limits::default();
    let few = Limits {
        entries: 100_000,
        ..Limits::default()
    };
    ends_within(&all, entries("types", |id| format!(",{{\"id\":{id},\"name\":\"A\"}}")), "limit");
    ends_within(
        &all,
        entries("types", |id| format!(",{{\"id\":{},\"name\":\"A\"}}", id * 4000)),
        "limit",
    );
    ends_within(
        &all,
        entries("methods", |id| {
            format!(",{{\"id\":{},\"name\":\"f\",\"signature\":[{id},0]}}", id * 4000)
        }),
        "limit",
    );
    ends_within(
        &all,
        entries("callCountProfiles", |id| {
            format!(",{{\"ctx\":\"{}:0\",\"records\":[1]}}", id * 2000)
        }),
        "limit",
    );
    ends_within(
        &few,
        entries("callCountProfiles", |_| ",{\"ctx\":\"0:0\",\"records\":[1]}".to_owned()),
        "limit",
    );
    ends_within(
        &all,
        entries("virtualInvokeProfiles", |id| {
            format!(",{{\"ctx\":\"0:0\",\"records\":[{},1]}}", id * 4000)
        }),
        "limit",
    );
}

fn archives() {
    for piece in [[b' '; 4096], [0; 4096], [b'['; 4096]] {
        let packed = gzip(&piece, (64 << 20) / piece.len());
        assert!(packed.len() < 256 << 10, "a ratio of about 1000");
        ends(&packed[..], if piece[0] == b' ' { "limit" } else { "syntax" });
    }
    let member = gzip(b"", 1);
    ends(Repeat { piece: member, at: 0 }, "limit");
    let nested = gzip(&gzip(b"{}", 1), 1);
    ends(&nested[..], "syntax");
}

fn entries(key: &str, piece: fn(u64) -> String) -> Endless {
    let head = format!("{{\"version\":\"1.0.0\",\"{key}\":[{}", &piece(0)[1..]);
    endless(&head, move |index| piece(index + 1))
}
