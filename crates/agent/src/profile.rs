//! Checks what a child left and packs it for the store. The files are a tenant's: nothing here trusts them.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    path::Path,
};

use anneal_iprof::{Limits, check};
use anneal_protocol::depot::METADATA_FILES;
use flate2::{Compression, write::GzEncoder};
use serde::de::IgnoredAny;
use snafu::{ResultExt, Snafu};

use crate::digest::{Content, Digesting, of_bytes, open_regular};

/// The most reachability metadata that is read, all files together.
const METADATA_BYTES: u64 = 64 << 20;
/// What tracers of JDK 23 and later write.
const NEW_METADATA: &str = "reachability-metadata.json";
/// What older tracers write, and newer ones for what the new file cannot say.
const OLDER_METADATA: [&str; 6] = [
    "jni-config.json",
    "predefined-classes-config.json",
    "proxy-config.json",
    "reflect-config.json",
    "resource-config.json",
    "serialization-config.json",
];

/// Why there is nothing to upload.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("there is no file"))]
    Missing,
    #[snafu(display("the file cannot be read"))]
    ReadFile { source: io::Error },
    #[snafu(display("the profile is not valid"))]
    CheckProfile { source: anneal_iprof::Error },
    #[snafu(display("the metadata is not JSON"))]
    ParseMetadata { source: serde_json::Error },
    #[snafu(display("the metadata is not a JSON object"))]
    MistakeMetadata,
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

/// Checks what a tracer left in its folder and packs it into one document. Blocks.
///
/// The file of JDK 23 and later alone is the document as it is. Older files, which newer tracers still write beside it for
/// what it cannot say, go into a document of files by name.
pub(crate) fn pack_metadata(folder: &Path, target: &Path) -> Result<Content, Error> {
    let mut files = Vec::new();
    let mut left = METADATA_BYTES;
    for name in [NEW_METADATA].into_iter().chain(OLDER_METADATA) {
        match read_json(&folder.join(name), left) {
            Ok(text) => {
                left -= text.len() as u64;
                files.push((name, text));
            }
            Err(Error::Missing) => {}
            Err(error) => return Err(error),
        }
    }
    match &files[..] {
        [] => MissingSnafu.fail(),
        [(NEW_METADATA, text)] => {
            // It is JSON: its first sign tells what it is.
            snafu::ensure!(text.trim_start().starts_with('{'), MistakeMetadataSnafu);
            write_metadata(text.as_bytes(), target)
        }
        files => write_metadata(document(files).as_bytes(), target),
    }
}

/// A document of several files. Their texts stay as they are; the names are ours and need no escapes.
fn document(files: &[(&str, String)]) -> String {
    let files: Vec<String> = files.iter().map(|(name, text)| format!("\"{name}\":{text}")).collect();
    format!("{{\"{METADATA_FILES}\":{{{}}}}}", files.join(","))
}

/// The text of a file, if it is JSON. Nothing is built of it: that is the depot's, within its own bounds.
fn read_json(path: &Path, allowed: u64) -> Result<String, Error> {
    let mut bytes = Vec::new();
    open(path)?.take(allowed + 1).read_to_end(&mut bytes).context(ReadFileSnafu)?;
    if bytes.len() as u64 > allowed {
        return LongMetadataSnafu.fail();
    }
    let text = String::from_utf8(bytes).map_err(io::Error::other).context(ReadFileSnafu)?;
    serde_json::from_str::<IgnoredAny>(&text).context(ParseMetadataSnafu)?;
    Ok(text)
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
