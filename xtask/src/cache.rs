//! Where things that are slow to make are kept, and how they get there: whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The repository this program was built from.
pub(crate) fn repository() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The project's folder below the user's cache, created if it is not there.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(path) if Path::new(&path).is_absolute() => PathBuf::from(path),
        _ => std::env::home_dir()
            .context("there is no home directory, and XDG_CACHE_HOME is not set")?
            .join(".cache"),
    };
    let folder = base.join("anneal").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Returns `target`, made by `make` in a folder beside it and renamed when it is complete.
pub(crate) fn folder_made_once(target: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    if target.is_dir() {
        return Ok(target.to_path_buf());
    }
    let parent = target.parent().context("a cached folder has a parent")?;
    let draft = tempfile::Builder::new()
        .prefix(".draft-")
        .tempdir_in(parent)
        .with_context(|| format!("cannot create a folder in {}", parent.display()))?;
    make(draft.path())?;
    let finished = draft.keep();
    if let Err(error) = fs::rename(&finished, target) {
        let gone = fs::remove_dir_all(&finished);
        // Somebody else may have made the same thing meanwhile; theirs is as good.
        if !target.is_dir() {
            gone.with_context(|| format!("cannot remove {}", finished.display()))?;
            return Err(error).with_context(|| format!("cannot put {} in place", target.display()));
        }
    }
    Ok(target.to_path_buf())
}

/// The first twelve hex digits of the sha256 of all parts, each preceded by its length.
pub(crate) fn short_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut text = hex(&hash.finalize());
    text.truncate(12);
    text
}

/// The sha256 of a file's bytes, as 64 hex digits.
pub(crate) fn sha256_of_file(path: &Path) -> Result<String> {
    let mut file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hash = Sha256::new();
    std::io::copy(&mut file, &mut hash).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(hex(&hash.finalize()))
}

/// The text in a base64 of it.
pub(crate) fn from_base64(text: &str) -> Result<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .context("this is no base64")?;
    String::from_utf8(bytes).context("this is no UTF-8")
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{folder_made_once, hex, short_hash};

    #[test]
    fn hash_keeps_parts_apart() {
        let one: [&[u8]; 2] = [b"ab", b"c"];
        let other: [&[u8]; 2] = [b"a", b"bc"];
        assert_ne!(short_hash(one), short_hash(other));
        assert_eq!(short_hash(one).len(), 12);
        assert_eq!(hex(&[0, 255, 18]), "00ff12");
    }

    #[test]
    fn failed_making_leaves_nothing() {
        let parent = tempfile::tempdir().expect("a temporary folder can be made");
        let target = parent.path().join("part");
        folder_made_once(&target, |_| anyhow::bail!("no")).expect_err("the maker failed");
        let left = std::fs::read_dir(parent.path()).expect("the folder exists").count();
        assert_eq!(left, 0);
    }
}
