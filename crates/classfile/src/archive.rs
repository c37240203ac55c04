//! Owns access to a jar's entries: checks the directory once, verifies every entry that is unpacked.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use snafu::ResultExt as _;

use crate::directory::{self, LOCAL_LENGTH, Listed, read_at, u16_at};
use crate::error::{Error, ExceedLimitSnafu, InflateEntrySnafu, NameFault, ParseHeaderSnafu, ReadJarSnafu, RefuseNameSnafu, Result};
use crate::facts::{self, JarFacts};
use crate::limits::JarLimits;
use crate::manifest;

const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// An opened jar whose directory has been checked.
pub struct Jar {
    source: Box<dyn Source>,
    listed: Vec<Listed>,
    limits: JarLimits,
}

trait Source: Read + Seek + Send {}

impl<S: Read + Seek + Send> Source for S {}

impl std::fmt::Debug for Jar {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Jar")
            .field("entries", &self.listed.len())
            .finish_non_exhaustive()
    }
}

impl Jar {
    /// Opens a file. It must not change while the jar is in use.
    pub fn open(path: impl AsRef<Path>, limits: &JarLimits) -> Result<Self> {
        Self::from_source(File::open(path).context(ReadJarSnafu)?, limits)
    }

    /// Opens bytes in memory.
    pub fn from_bytes(bytes: Vec<u8>, limits: &JarLimits) -> Result<Self> {
        Self::from_source(Cursor::new(bytes), limits)
    }

    /// Opens anything that can be read and positioned.
    pub fn from_source(mut source: impl Read + Seek + Send + 'static, limits: &JarLimits) -> Result<Self> {
        let listed = directory::read(&mut source, limits)?;
        Ok(Self {
            source: Box::new(source),
            listed,
            limits: limits.clone(),
        })
    }

    /// The names of all entries, in the directory's order. Directories end with a slash.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.listed.iter().map(|entry| &*entry.name)
    }

    /// An entry's content, or nothing if the jar has no such entry.
    pub fn read(&mut self, name: &str, allowed: u64) -> Result<Option<Vec<u8>>> {
        let Some(index) = self.listed.iter().position(|entry| &*entry.name == name) else {
            return Ok(None);
        };
        if self.listed[index].unpacked > allowed {
            return ExceedLimitSnafu {
                unit: "bytes in one entry",
                allowed,
            }
            .fail();
        }
        let mut bytes = Vec::new();
        self.unpack(index, &mut bytes)?;
        Ok(Some(bytes))
    }

    /// The class that the manifest names as the program's entry point, with dots.
    pub fn manifest_main_class(&mut self) -> Result<Option<String>> {
        let bytes = self.read(MANIFEST, self.limits.manifest_bytes)?;
        Ok(bytes.and_then(|bytes| manifest::main_class(&bytes)))
    }

    /// Unpacks and verifies every entry and gathers what later steps want to know.
    pub fn scan(&mut self) -> Result<JarFacts> {
        facts::scan(self)
    }

    pub(crate) fn limits(&self) -> &JarLimits {
        &self.limits
    }

    pub(crate) fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// Hands an entry's content to `output` and verifies its size and checksum.
    pub(crate) fn unpack(&mut self, index: usize, output: &mut impl io::Write) -> Result<()> {
        let entry = &self.listed[index];
        let start = content_start(&mut *self.source, entry, index)?;
        self.source.seek(SeekFrom::Start(start)).context(ReadJarSnafu)?;
        let packed = BufReader::with_capacity(32 << 10, (&mut *self.source).take(entry.packed));
        let copied = if entry.deflated {
            copy(&mut DeflateDecoder::new(packed), entry, output)
        } else {
            copy(&mut { packed }, entry, output)
        };
        match copied {
            Ok(true) => Ok(()),
            _ => InflateEntrySnafu { index }.fail(),
        }
    }
}

/// Checks the local header against the directory and gives the position behind it.
fn content_start<S: Read + Seek + ?Sized>(mut source: &mut S, entry: &Listed, index: usize) -> Result<u64> {
    let damaged = |_: Error| {
        ParseHeaderSnafu {
            what: "local header",
            index,
        }
        .build()
    };
    let header = read_at(&mut source, entry.offset, LOCAL_LENGTH).map_err(damaged)?;
    let method = if entry.deflated { 8 } else { 0 };
    if !header.starts_with(b"PK\x03\x04") || u16_at(&header, 6) & 1 != 0 || u16_at(&header, 8) != method {
        return ParseHeaderSnafu {
            what: "local header",
            index,
        }
        .fail();
    }
    let name_length = u64::from(u16_at(&header, 26));
    let name = read_at(&mut source, entry.offset + LOCAL_LENGTH, name_length).map_err(damaged)?;
    if name != entry.name.as_bytes() {
        return RefuseNameSnafu {
            index,
            fault: NameFault::Inconsistent,
        }
        .fail();
    }
    Ok(entry.offset + LOCAL_LENGTH + name_length + u64::from(u16_at(&header, 28)))
}

/// Tells whether the content has the declared size and checksum; stops as soon as it is longer.
fn copy(input: &mut impl Read, entry: &Listed, output: &mut impl io::Write) -> io::Result<bool> {
    let mut checksum = Crc::new();
    let mut buffer = [0; 8 << 10];
    let mut length = 0;
    loop {
        let read = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            Err(fault) => return Err(fault),
        };
        length += read as u64;
        if length > entry.unpacked {
            return Ok(false);
        }
        checksum.update(&buffer[..read]);
        output.write_all(&buffer[..read])?;
    }
    Ok(length == entry.unpacked && checksum.sum() == entry.checksum)
}
