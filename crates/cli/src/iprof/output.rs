//! Owns the way out of a profile: to the standard output as it comes, or to a file that appears only when it is complete.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use snafu::ResultExt as _;
use tempfile::{Builder, NamedTempFile};

use super::console::Console;
use super::error::{Result, WriteFileSnafu};

/// The argument that stands for the standard output.
const STANDARD: &str = "-";
const BUFFER: usize = 1 << 18;

/// Where a profile goes.
#[derive(Clone, Debug)]
pub(super) struct Target(PathBuf);

/// How a target wants its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Packing {
    Plain,
    Gzip,
}

impl Target {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn label(&self) -> String {
        self.0.display().to_string()
    }

    pub(super) fn is_standard(&self) -> bool {
        self.0.as_os_str() == STANDARD
    }

    /// A name that ends in `.gz` asks for gzip.
    pub(super) fn packing(&self) -> Packing {
        if self.0.extension() == Some(OsStr::new("gz")) {
            Packing::Gzip
        } else {
            Packing::Plain
        }
    }

    /// Lets `fill` write the bytes. A file is written beside its place and renamed when it is complete and on disk;
    /// otherwise nothing is left behind. What is no file, as a pipe or a device, is written to and never replaced.
    pub(super) fn write(&self, console: &mut Console<'_>, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let file = || self.label();
        console.clear();
        if self.is_standard() {
            let mut output = BufWriter::with_capacity(BUFFER, &mut *console.output);
            fill(&mut output)?;
            return output.flush().context(WriteFileSnafu { file: file() });
        }
        if let Some(special) = self.open_special().context(WriteFileSnafu { file: file() })? {
            let mut output = BufWriter::with_capacity(BUFFER, special);
            fill(&mut output)?;
            return output.flush().context(WriteFileSnafu { file: file() });
        }
        // The file behind a link is replaced, and not the link.
        let place = fs::canonicalize(&self.0).unwrap_or_else(|_| self.0.clone());
        let mut draft = draft(&place).context(WriteFileSnafu { file: file() })?;
        let mut output = BufWriter::with_capacity(BUFFER, draft.as_file_mut());
        fill(&mut output)?;
        output.flush().context(WriteFileSnafu { file: file() })?;
        drop(output);
        draft.as_file().sync_all().context(WriteFileSnafu { file: file() })?;
        let placed = draft.persist(&place).map_err(|refused| refused.error);
        placed.map(drop).context(WriteFileSnafu { file: file() })
    }

    /// Copies a text as it is, packed as the name asks for.
    pub(super) fn copy(&self, console: &mut Console<'_>, text: &mut dyn io::Read) -> Result<()> {
        let packing = self.packing();
        let label = self.label();
        self.write(console, |output| {
            let copied = match packing {
                Packing::Plain => io::copy(text, output).map(drop),
                Packing::Gzip => {
                    let mut packer = GzBuilder::new().mtime(0).write(output, Compression::default());
                    io::copy(text, &mut packer).and_then(|_| packer.finish()).map(drop)
                }
            };
            copied.context(WriteFileSnafu { file: label })
        })
    }

    /// What is there already and is neither a file nor a folder.
    fn open_special(&self) -> io::Result<Option<File>> {
        match fs::metadata(&self.0) {
            Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if !there.is_file() => File::options().write(true).open(&self.0).map(Some),
            // What cannot be looked at will say so when it is written.
            _ => Ok(None),
        }
    }
}

fn draft(place: &Path) -> io::Result<NamedTempFile> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    // The process's mask applies, as to any file that a command makes.
    Builder::new()
        .prefix(".anneal-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or_else(|| Path::new(".")))
}
