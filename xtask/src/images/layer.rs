//! Layers: uncompressed tar files whose bytes depend on nothing but what is in them.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::cache;

/// A finished layer on disk.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) path: PathBuf,
    /// `sha256:…` of the tar; with nothing compressed that is blob digest and diff id at once.
    pub(crate) digest: String,
    pub(crate) size: u64,
}

impl Layer {
    /// A tar that is there already. Its digest is kept beside it: hashing a JVM takes a while.
    pub(crate) fn of_file(path: &Path) -> Result<Self> {
        let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
        let note = path.with_extension("sha256");
        let digest = match fs::read_to_string(&note) {
            Ok(text) if text.len() == 71 => text,
            _ => {
                let digest = format!("sha256:{}", cache::sha256_of_file(path)?);
                fs::write(&note, &digest).with_context(|| format!("cannot write {}", note.display()))?;
                digest
            }
        };
        Ok(Self {
            path: path.to_path_buf(),
            digest,
            size,
        })
    }
}

/// What one entry holds.
enum Content {
    Folder,
    File(PathBuf),
    Link(PathBuf),
}

/// Collects entries, then writes them in the order of their paths.
#[derive(Default)]
pub(crate) struct Entries {
    entries: std::collections::BTreeMap<String, (u32, Content)>,
}

impl Entries {
    /// A folder, and those above it.
    pub(crate) fn folder(&mut self, path: &str, mode: u32) -> &mut Self {
        self.parents(path);
        self.entries.insert(format!("{path}/"), (mode, Content::Folder));
        self
    }

    /// A file of this machine, and the folders above it.
    pub(crate) fn file(&mut self, path: &str, mode: u32, source: &Path) -> &mut Self {
        self.parents(path);
        self.entries.insert(path.to_owned(), (mode, Content::File(source.to_path_buf())));
        self
    }

    /// All that is below a folder of this machine. Of the modes only "executable" is kept.
    pub(crate) fn tree(&mut self, path: &str, source: &Path) -> Result<&mut Self> {
        self.folder(path, 0o755);
        let entries = fs::read_dir(source).with_context(|| format!("cannot list {}", source.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", source.display()))?;
            let name = entry.file_name();
            let name = name.to_str().with_context(|| format!("{} is not UTF-8", entry.path().display()))?;
            let below = format!("{path}/{name}");
            let metadata = entry
                .metadata()
                .with_context(|| format!("cannot read {}", entry.path().display()))?;
            if metadata.is_dir() {
                self.tree(&below, &entry.path())?;
            } else if metadata.is_symlink() {
                let to = fs::read_link(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
                self.entries.insert(below, (0o777, Content::Link(to)));
            } else {
                let executable = metadata.permissions().mode() & 0o111 != 0;
                self.file(&below, if executable { 0o755 } else { 0o644 }, &entry.path());
            }
        }
        Ok(self)
    }

    /// Writes the layer to `target`, whole or not at all.
    pub(crate) fn write(&self, target: &Path) -> Result<Layer> {
        let draft = target.with_extension(format!("draft-{}", std::process::id()));
        let file = File::create(&draft).with_context(|| format!("cannot create {}", draft.display()))?;
        let mut hashing = Hashing {
            inner: BufWriter::new(file),
            hash: Sha256::new(),
            size: 0,
        };
        self.write_tar(&mut hashing)?;
        hashing.flush().with_context(|| format!("cannot write {}", draft.display()))?;
        fs::rename(&draft, target).with_context(|| format!("cannot put {} in place", target.display()))?;
        let digest = format!("sha256:{}", cache::hex(&hashing.hash.finalize()));
        Ok(Layer {
            path: target.to_path_buf(),
            digest,
            size: hashing.size,
        })
    }

    fn write_tar(&self, writer: &mut impl Write) -> Result<()> {
        let mut tar = Builder::new(writer);
        for (path, (mode, content)) in &self.entries {
            let mut header = Header::new_gnu();
            header.set_mode(*mode);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            header.set_size(0);
            let written = match content {
                Content::Folder => {
                    header.set_entry_type(EntryType::Directory);
                    tar.append_data(&mut header, path, io::empty())
                }
                Content::Link(to) => {
                    header.set_entry_type(EntryType::Symlink);
                    tar.append_link(&mut header, path, to)
                }
                Content::File(source) => {
                    let file = File::open(source).with_context(|| format!("cannot read {}", source.display()))?;
                    header.set_size(file.metadata().context("cannot read an open file's size")?.len());
                    tar.append_data(&mut header, path, file)
                }
            };
            written.with_context(|| format!("cannot add {path} to a layer"))?;
        }
        tar.finish().context("cannot end a layer")
    }

    fn parents(&mut self, path: &str) {
        for (index, _) in path.match_indices('/') {
            self.entries.entry(path[..=index].to_owned()).or_insert((0o755, Content::Folder));
        }
    }
}

/// Hashes and counts what passes.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Entries;

    #[test]
    fn same_content_makes_the_same_bytes() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let source = folder.path().join("source");
        fs::write(&source, "content").expect("the file can be written");
        let mut one = Entries::default();
        one.file("b/c", 0o644, &source).file("a", 0o755, &source);
        let first = one.write(&folder.path().join("1.tar")).expect("the layer is written");
        fs::write(&source, "content").expect("the file can be written again, with another time");
        let mut other = Entries::default();
        other.file("a", 0o755, &source).file("b/c", 0o644, &source);
        let second = other.write(&folder.path().join("2.tar")).expect("the layer is written");
        assert_eq!(first.digest, second.digest);
        assert_eq!(first.size, second.size);
        assert_eq!(first.size, fs::metadata(&first.path).expect("it is there").len());
    }

    #[test]
    fn folders_come_before_what_is_in_them() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let source = folder.path().join("source");
        fs::create_dir_all(source.join("d")).expect("a folder can be made");
        fs::write(source.join("d/f"), "x").expect("the file can be written");
        std::os::unix::fs::symlink("f", source.join("d/l")).expect("a link can be made");
        let mut entries = Entries::default();
        entries.tree("opt/t", &source).expect("the tree can be read");
        let layer = entries.write(&folder.path().join("t.tar")).expect("the layer is written");
        let mut archive = tar::Archive::new(fs::File::open(&layer.path).expect("it is there"));
        let paths: Vec<String> = archive
            .entries()
            .expect("it is a tar")
            .map(|entry| entry.expect("it is whole").path().expect("a path").display().to_string())
            .collect();
        assert_eq!(paths, ["opt/", "opt/t/", "opt/t/d/", "opt/t/d/f", "opt/t/d/l"]);
    }
}
