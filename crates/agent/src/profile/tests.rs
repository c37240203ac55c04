use std::io::Read;

use flate2::read::GzDecoder;

use super::{Error, copy_metadata, empty_metadata, pack};
use crate::{digest, testing::profile};

fn packed(text: &[u8]) -> Result<Vec<u8>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let (file, target) = (folder.path().join("p"), folder.path().join("t"));
    std::fs::write(&file, text).unwrap();
    let content = pack(&file, &target)?;
    assert_eq!(content, digest::of_file(&target).unwrap());
    Ok(std::fs::read(target).unwrap())
}

#[test]
fn a_valid_profile_is_packed() {
    let stored = packed(profile(12).as_bytes()).unwrap();
    let mut text = String::new();
    GzDecoder::new(stored.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text, profile(12));
}

#[test]
fn a_packed_profile_stays_as_it_is() {
    let stored = packed(profile(12).as_bytes()).unwrap();
    assert_eq!(packed(&stored).unwrap(), stored);
}

#[test]
fn what_is_no_profile_is_refused() {
    let whole = profile(12);
    let cut = &whole.as_bytes()[..whole.len() - 3];
    let deep = "[".repeat(1 << 20);
    for text in [b"".as_slice(), b"{}", cut, deep.as_bytes(), b"\x1f\x8b"] {
        let error = packed(text).unwrap_err();
        assert!(matches!(error, Error::CheckProfile { .. }), "{error}");
    }
}

#[test]
fn a_missing_file_and_a_link_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(pack(&path("none"), &path("t")).unwrap_err().is_missing());
    std::fs::write(path("p"), profile(1)).unwrap();
    std::os::unix::fs::symlink(path("p"), path("link")).unwrap();
    let error = pack(&path("link"), &path("t")).unwrap_err();
    assert!(matches!(error, Error::ReadFile { .. }), "{error}");
}

#[test]
fn metadata_must_be_an_object() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("m"), b"{\"reflection\": [{\"type\": \"A\"}]}").unwrap();
    copy_metadata(&path("m"), &path("t")).unwrap();
    assert_eq!(std::fs::read(path("t")).unwrap(), std::fs::read(path("m")).unwrap());
    for text in ["[]", "{\"reflection\": ", "nonsense"] {
        std::fs::write(path("m"), text).unwrap();
        let error = copy_metadata(&path("m"), &path("t")).unwrap_err();
        assert!(matches!(error, Error::ParseMetadata { .. }), "{text}: {error}");
    }
    assert!(copy_metadata(&path("none"), &path("t")).unwrap_err().is_missing());
    assert_eq!(empty_metadata(&path("t")).unwrap(), digest::of_bytes(b"{}"));
}
