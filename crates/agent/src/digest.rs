//! SHA-256 of streams and files, as lower-case hex.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use sha2::{Digest as _, Sha256};

/// A file's bytes, by length and digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Content {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Counts and digests what passes.
#[derive(Clone, Default)]
pub(crate) struct Digester {
    hash: Sha256,
    bytes: u64,
}

impl Digester {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn finish(self) -> Content {
        Content {
            bytes: self.bytes,
            sha256: hex(&self.hash.finalize()),
        }
    }
}

/// Digests what is written through it.
pub(crate) struct Digesting<W> {
    inner: W,
    digester: Digester,
}

impl<W: Write> Digesting<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            digester: Digester::default(),
        }
    }

    pub(crate) fn finish(mut self) -> io::Result<(W, Content)> {
        self.inner.flush()?;
        Ok((self.inner, self.digester.finish()))
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.digester.update(&buffer[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The content of a regular file; a symbolic link or a device is an error. Blocks.
pub(crate) fn of_file(path: &Path) -> io::Result<Content> {
    let mut file = open_regular(path)?;
    let mut digester = Digester::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digester.finish()),
            length => digester.update(&buffer[..length]),
        }
    }
}

/// [`of_file`] off the runtime's threads.
pub(crate) async fn of_file_async(path: &Path) -> io::Result<Content> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || of_file(&path))
        .await
        .map_err(io::Error::other)?
}

/// Opens a regular file. What a tenant's process left may be anything else.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    File::open(path)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

/// The digest of bytes in memory.
pub(crate) fn of_bytes(bytes: &[u8]) -> Content {
    let mut digester = Digester::default();
    digester.update(bytes);
    digester.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_bytes_have_one_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"abc").unwrap();
        let content = of_file(&path).unwrap();
        assert_eq!(content, of_bytes(b"abc"));
        assert_eq!(content.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_symbolic_link_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&path, b"abc").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(of_file(&link).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
