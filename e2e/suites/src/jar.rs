//! Jars that differ from a sample's without another compiler run.

use anyhow::{Context, Result, ensure};

/// The same jar with other bytes: a comment at the end of the archive.
///
/// # Errors
/// When the archive already has one.
pub fn with_comment(jar: &[u8], comment: &str) -> Result<Vec<u8>> {
    let length = u16::try_from(comment.len()).context("a comment has at most 65535 bytes")?;
    ensure!(jar.ends_with(&[0, 0]), "the archive has a comment already");
    let mut bytes = jar[..jar.len() - 2].to_vec();
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(comment.as_bytes());
    Ok(bytes)
}

/// The same jar with one more entry.
///
/// # Errors
/// When the archive cannot be extended.
pub fn with_entry(jar: &[u8], name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new_append(std::io::Cursor::new(jar.to_vec())).context("not an archive")?;
    writer
        .start_file(name, zip::write::SimpleFileOptions::default())
        .context("cannot add an entry")?;
    std::io::Write::write_all(&mut writer, content).context("cannot write the entry")?;
    Ok(writer.finish().context("cannot close the archive")?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_changes_the_bytes_and_nothing_else() {
        let mut empty = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        empty.start_file("a", zip::write::SimpleFileOptions::default()).unwrap();
        let jar = empty.finish().unwrap().into_inner();
        let changed = with_comment(&jar, "two").unwrap();
        assert_ne!(jar, changed);
        let archive = zip::ZipArchive::new(std::io::Cursor::new(changed)).unwrap();
        assert_eq!((archive.len(), archive.comment()), (1, &b"two"[..]));
        let extended = with_entry(&jar, "b", b"x").unwrap();
        assert_eq!(zip::ZipArchive::new(std::io::Cursor::new(extended)).unwrap().len(), 2);
    }
}
