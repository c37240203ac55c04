//! Owns the way from an argument to bytes: a file, or the standard input.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::{Path, PathBuf};

use anneal_iprof::{ConflictPolicy, Intermediate, Limits, Profile, Report};
use flate2::read::MultiGzDecoder;
use snafu::ResultExt as _;

use super::console::Console;
use super::error::{ReadFileSnafu, ReadProfileSnafu, RefuseArgumentsSnafu, Result};

/// The argument that stands for the standard input.
const STANDARD: &str = "-";
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Something that can be read as often as needed.
pub(super) struct Input {
    /// As the user named it.
    pub(super) label: String,
    path: PathBuf,
    /// What came through the standard input, which can be read only once.
    spool: Option<File>,
}

impl Input {
    /// What an argument names. The standard input is read to its end, into a file without a name.
    pub(super) fn open(path: &Path, limits: &Limits, console: &mut Console<'_>) -> Result<Self> {
        let label = path.display().to_string();
        let spool = if path.as_os_str() == STANDARD {
            let spooled = spool(console.input, limits.input_bytes);
            Some(spooled.context(ReadFileSnafu {
                file: "the standard input",
            })?)
        } else {
            None
        };
        let path = path.to_owned();
        Ok(Self { label, path, spool })
    }

    /// What several arguments name, in their order.
    pub(super) fn open_all(paths: &[PathBuf], limits: &Limits, console: &mut Console<'_>) -> Result<Vec<Self>> {
        refuse_two_standard_inputs(paths.iter().map(PathBuf::as_path))?;
        paths.iter().map(|path| Self::open(path, limits, console)).collect()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes from their beginning.
    pub(super) fn reader(&self) -> Result<impl Read> {
        let opened = match &self.spool {
            Some(spool) => spool.try_clone().and_then(|mut spool| spool.rewind().map(|()| spool)),
            None => open_file(&self.path),
        };
        opened.map(BufReader::new).context(ReadFileSnafu { file: &self.label })
    }

    /// The bytes, unpacked if they are gzip.
    pub(super) fn text(&self) -> Result<Box<dyn Read + '_>> {
        let mut reader = self.reader()?;
        let mut start = [0; 2];
        let length = read_start(&mut reader, &mut start).context(ReadFileSnafu { file: &self.label })?;
        let whole = io::Cursor::new(start).take(length).chain(reader);
        Ok(if start == GZIP {
            Box::new(MultiGzDecoder::new(whole))
        } else {
            Box::new(whole)
        })
    }

    /// Adds the profile to a merge.
    pub(super) fn fold_into(&self, merge: &mut Intermediate, limits: &Limits) -> Result<Report> {
        merge.fold(self.reader()?, limits).context(ReadProfileSnafu { file: &self.label })
    }

    /// The profile in its final form.
    pub(super) fn profile(&self, limits: &Limits) -> Result<Profile> {
        Profile::read(self.reader()?, limits, ConflictPolicy::Dominant).context(ReadProfileSnafu { file: &self.label })
    }
}

/// Two profiles with their names, for a comparison.
pub(super) fn read_two(left: &Path, right: &Path, limits: &Limits, console: &mut Console<'_>) -> Result<[(String, Profile); 2]> {
    refuse_two_standard_inputs([left, right].into_iter())?;
    let mut read = |step, path| {
        let input = Input::open(path, limits, console)?;
        console.progress(step, 2, "reading", &input.label);
        let profile = input.profile(limits)?;
        Ok((input.label, profile))
    };
    Ok([read(1, left)?, read(2, right)?])
}

fn read_start(reader: &mut impl Read, start: &mut [u8; 2]) -> io::Result<u64> {
    let mut length = 0;
    while length < start.len() {
        match reader.read(&mut start[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length as u64)
}

/// Refuses `-` where it would be read twice.
fn refuse_two_standard_inputs<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<()> {
    if paths.filter(|path| path.as_os_str() == STANDARD).count() < 2 {
        return Ok(());
    }
    RefuseArgumentsSnafu {
        message: "the standard input can be read only once",
    }
    .fail()
}

fn open_file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

fn spool(input: &mut dyn Read, allowed: u64) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    // One byte more than allowed, so that reading the file again meets the bound.
    io::copy(&mut input.take(allowed.saturating_add(1)), &mut file)?;
    Ok(file)
}
