//! Checks what a child left and packs it for the store. The files are a tenant's: nothing here trusts them.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    path::Path,
};

use anneal_iprof::{Limits, check};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value};
use snafu::{ResultExt, Snafu};

use crate::digest::{Content, Digesting, of_bytes, open_regular};

/// The largest set of reachability metadata that is read.
const METADATA_BYTES: u64 = 64 << 20;

/// Why there is nothing to upload.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("there is no file"))]
    Missing,
    #[snafu(display("the file cannot be read"))]
    ReadFile { source: io::Error },
    #[snafu(display("the profile is not valid"))]
    CheckProfile { source: anneal_iprof::Error },
    #[snafu(display("the metadata is not a JSON object"))]
    ParseMetadata { source: serde_json::Error },
    #[snafu(display("the metadata is longer than {METADATA_BYTES} bytes"))]
    LongMetadata,
    #[snafu(display("the packed file cannot be written"))]
    WriteFile { source: io::Error },
}

impl Error {
    /// The file is not there, or not what it should be; otherwise the agent's own disk is at fault.
    pub(crate) const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

fn open(path: &Path) -> Result<File, Error> {
    match open_regular(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing),
        Err(source) => Err(Error::ReadFile { source }),
    }
}

/// Checks a profile and packs it into `target`. Blocks.
pub(crate) fn pack(profile: &Path, target: &Path) -> Result<Content, Error> {
    let mut file = open(profile)?;
    let summary = check(BufReader::new(&file), &Limits::default()).context(CheckProfileSnafu)?;
    tracing::debug!(?summary, "the profile is valid");
    file.rewind().context(ReadFileSnafu)?;
    let mut magic = [0; 2];
    let is_packed = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    file.rewind().context(ReadFileSnafu)?;
    let output = BufWriter::new(File::create(target).context(WriteFileSnafu)?);
    let output = Digesting::new(output);
    if is_packed { copy(file, output) } else { compress(file, output) }.context(WriteFileSnafu)
}

fn copy(mut file: File, mut output: Digesting<impl Write>) -> io::Result<Content> {
    io::copy(&mut file, &mut output)?;
    output.finish().map(|(_, content)| content)
}

fn compress(mut file: File, output: Digesting<impl Write>) -> io::Result<Content> {
    let mut packed = GzEncoder::new(output, Compression::default());
    io::copy(&mut file, &mut packed)?;
    packed.finish()?.finish().map(|(_, content)| content)
}

/// Checks reachability metadata and copies it into `target`. Blocks.
pub(crate) fn copy_metadata(metadata: &Path, target: &Path) -> Result<Content, Error> {
    let mut bytes = Vec::new();
    let file = open(metadata)?;
    file.take(METADATA_BYTES + 1).read_to_end(&mut bytes).context(ReadFileSnafu)?;
    if bytes.len() as u64 > METADATA_BYTES {
        return LongMetadataSnafu.fail();
    }
    serde_json::from_slice::<Map<String, Value>>(&bytes).context(ParseMetadataSnafu)?;
    write_metadata(&bytes, target)
}

/// The metadata of a function that reaches nothing by reflection.
pub(crate) fn empty_metadata(target: &Path) -> Result<Content, Error> {
    write_metadata(b"{}", target)
}

fn write_metadata(bytes: &[u8], target: &Path) -> Result<Content, Error> {
    std::fs::write(target, bytes).context(WriteFileSnafu)?;
    Ok(of_bytes(bytes))
}

#[cfg(test)]
mod tests;
