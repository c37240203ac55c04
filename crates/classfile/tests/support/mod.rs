//! What the suites share: writers of archives and class files that can be told to lie.
#![allow(dead_code, unreachable_pub, reason = "each suite uses a part")]

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// One entry of an archive, with the fields that a test may falsify.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub local_name: Option<Vec<u8>>,
    pub content: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub made_on: u8,
    pub attributes: u32,
    pub checksum: Option<u32>,
    pub unpacked: Option<u32>,
    pub offset: Option<u32>,
}

pub fn entry(name: &str, content: &[u8]) -> Entry {
    Entry {
        name: name.into(),
        local_name: None,
        content: content.to_vec(),
        method: 8,
        flags: 0,
        made_on: 0,
        attributes: 0,
        checksum: None,
        unpacked: None,
        offset: None,
    }
}

fn u16s(bytes: &mut Vec<u8>, numbers: &[u16]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn u32s(bytes: &mut Vec<u8>, numbers: &[u32]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn short(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

pub fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let mut checksum = Crc::new();
        checksum.update(&entry.content);
        let packed = if entry.method == 8 {
            deflate(&entry.content)
        } else {
            entry.content.clone()
        };
        let offset = entry.offset.unwrap_or_else(|| narrow(file.len()));
        let sizes = [
            entry.checksum.unwrap_or_else(|| checksum.sum()),
            narrow(packed.len()),
            entry.unpacked.unwrap_or_else(|| narrow(entry.content.len())),
        ];
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        file.extend(b"PK\x03\x04");
        u16s(&mut file, &[20, entry.flags, entry.method, 0, 0x21]);
        u32s(&mut file, &sizes);
        u16s(&mut file, &[short(local_name.len()), 0]);
        file.extend(local_name);
        file.extend(packed);
        directory.extend(b"PK\x01\x02");
        u16s(
            &mut directory,
            &[0x14 | u16::from(entry.made_on) << 8, 20, entry.flags, entry.method, 0, 0x21],
        );
        u32s(&mut directory, &sizes);
        u16s(&mut directory, &[short(entry.name.len()), 0, 0, 0, 0]);
        u32s(&mut directory, &[entry.attributes, offset]);
        directory.extend(&entry.name);
    }
    let start = file.len();
    file.extend(&directory);
    file.extend(b"PK\x05\x06");
    u16s(&mut file, &[0, 0, short(entries.len()), short(entries.len())]);
    u32s(&mut file, &[narrow(directory.len()), narrow(start)]);
    u16s(&mut file, &[0]);
    file
}

pub fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// A class file as a compiler would declare it, without code.
#[derive(Clone)]
pub struct Class {
    pub name: &'static str,
    pub access: u16,
    pub superclass: &'static str,
    pub interfaces: Vec<&'static str>,
    pub methods: Vec<(u16, &'static str, &'static str)>,
    pub signature: Option<&'static str>,
    /// Flags in an `InnerClasses` attribute for the class itself.
    pub inner: Option<u16>,
    /// Whether there is an `EnclosingMethod` attribute.
    pub local: bool,
}

pub const MAP_MAIN: (u16, &str, &str) = (0x9, "main", "(Ljava/util/Map;)Ljava/util/Map;");
pub const HTTP_MAIN: (u16, &str, &str) = (0x9, "main", "([Ljava/lang/String;)V");
pub const CONSTRUCTOR: (u16, &str, &str) = (0x1, "<init>", "()V");

pub fn class(name: &'static str, methods: &[(u16, &'static str, &'static str)]) -> Class {
    Class {
        name,
        access: 0x21,
        superclass: "java/lang/Object",
        interfaces: Vec::new(),
        methods: methods.to_vec(),
        signature: None,
        inner: None,
        local: false,
    }
}

/// A class that implements `Function` with these type arguments.
pub fn function(name: &'static str, signature: &'static str) -> Class {
    Class {
        interfaces: vec!["java/util/function/Function"],
        signature: Some(signature),
        ..class(name, &[CONSTRUCTOR, (0x1, "apply", "(Ljava/lang/Object;)Ljava/lang/Object;")])
    }
}

pub const STRINGS: &str = "Ljava/lang/Object;Ljava/util/function/Function<Ljava/lang/String;Ljava/lang/String;>;";

impl Class {
    pub fn bytes(&self) -> Vec<u8> {
        let mut pool = Pool {
            bytes: Vec::new(),
            count: 0,
        };
        let mut body = Vec::new();
        let mut put = |numbers: &[u16]| body.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        put(&[
            self.access,
            pool.class(self.name),
            pool.class(self.superclass),
            short(self.interfaces.len()),
        ]);
        for interface in &self.interfaces {
            put(&[pool.class(interface)]);
        }
        put(&[0, short(self.methods.len())]);
        for (access, name, descriptor) in &self.methods {
            put(&[*access, pool.text(name), pool.text(descriptor), 0]);
        }
        put(&[[self.signature.is_some(), self.inner.is_some(), self.local]
            .map(u16::from)
            .iter()
            .sum()]);
        if let Some(signature) = self.signature {
            put(&[pool.text("Signature"), 0, 2, pool.text(signature)]);
        }
        if let Some(flags) = self.inner {
            put(&[pool.text("InnerClasses"), 0, 10, 1, pool.class(self.name), 0, 0, flags]);
        }
        if self.local {
            put(&[pool.text("EnclosingMethod"), 0, 4, pool.class("Outer"), 0]);
        }
        let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 65];
        bytes.extend((pool.count + 1).to_be_bytes());
        bytes.extend(pool.bytes);
        bytes.extend(body);
        bytes
    }

    pub fn entry(&self) -> Entry {
        entry(&format!("{}.class", self.name), &self.bytes())
    }
}

struct Pool {
    bytes: Vec<u8>,
    count: u16,
}

impl Pool {
    fn text(&mut self, text: &str) -> u16 {
        self.bytes.push(1);
        self.bytes.extend(short(text.len()).to_be_bytes());
        self.bytes.extend(text.as_bytes());
        self.count += 1;
        self.count
    }

    fn class(&mut self, name: &str) -> u16 {
        let name = self.text(name);
        self.bytes.push(7);
        self.bytes.extend(name.to_be_bytes());
        self.count += 1;
        self.count
    }
}

/// A small generator of numbers with a fixed start: a failure can be repeated.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap_or_default()
    }

    /// Flips, overwrites, cuts, doubles or inserts.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.roll(3) {
            let at = self.roll(bytes.len());
            let other = self.roll(bytes.len());
            let byte = u8::try_from(self.roll(256)).unwrap_or_default();
            match self.roll(7) {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes[at] ^= 1 << (byte & 7),
                1 => bytes[at] = byte,
                2 => bytes[at] = [0, 0xff, 0x7f, 0x80][usize::from(byte & 3)],
                3 => bytes.truncate(at),
                4 => bytes.insert(at, byte),
                5 => {
                    let piece = bytes[at.min(other)..at.max(other).min(at.min(other) + 32)].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => {
                    bytes.drain(at..(at + usize::from(byte & 7)).min(bytes.len()));
                }
            }
        }
    }
}
