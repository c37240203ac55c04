use std::io::Read;

use flate2::read::GzDecoder;

use super::{Error, empty_metadata, pack, pack_metadata};
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

/// What the files of a tracer are packed into.
fn packed_metadata(files: &[(&str, &str)]) -> Result<String, Error> {
    let folder = tempfile::tempdir().unwrap();
    let (traced, target) = (folder.path().join("metadata"), folder.path().join("t"));
    std::fs::create_dir(&traced).unwrap();
    for (name, text) in files {
        std::fs::write(traced.join(name), text).unwrap();
    }
    let content = pack_metadata(&traced, &target)?;
    assert_eq!(content, digest::of_file(&target).unwrap());
    Ok(std::fs::read_to_string(target).unwrap())
}

#[test]
fn the_new_file_alone_stays_as_it_is() {
    let text = "{\"reflection\": [{\"type\": \"A\"}]}\n";
    assert_eq!(
        packed_metadata(&[("reachability-metadata.json", text), (".lock", "")]).unwrap(),
        text
    );
}

#[test]
fn older_files_are_packed_by_name() {
    let files = [
        ("reflect-config.json", "[\n{\"name\":\"A\"}]\n"),
        ("proxy-config.json", "[]"),
        ("unknown.json", "[]"),
    ];
    let expected = "{\"anneal.dev/files\":{\"proxy-config.json\":[],\"reflect-config.json\":[\n{\"name\":\"A\"}]\n}}";
    assert_eq!(packed_metadata(&files).unwrap(), expected);
}

#[test]
fn what_newer_tracers_write_beside_the_new_file_is_packed_with_it() {
    let files = [
        ("reachability-metadata.json", "{\"reflection\":[]}"),
        ("resource-config.json", "{\"globs\":[]}"),
    ];
    let expected = "{\"anneal.dev/files\":{\"reachability-metadata.json\":{\"reflection\":[]},\"resource-config.json\":{\"globs\":[]}}}";
    assert_eq!(packed_metadata(&files).unwrap(), expected);
}

#[test]
fn a_folder_without_metadata_is_told_from_one_with_other_content() {
    assert!(packed_metadata(&[]).unwrap_err().is_missing());
    for name in ["reachability-metadata.json", "reflect-config.json"] {
        for text in ["{\"reflection\": ", "nonsense", ""] {
            let error = packed_metadata(&[(name, text)]).unwrap_err();
            assert!(matches!(error, Error::ParseMetadata { .. }), "{name} {text}: {error}");
        }
    }
    let error = packed_metadata(&[("reachability-metadata.json", "[]")]).unwrap_err();
    assert!(matches!(error, Error::MistakeMetadata), "{error}");
    // What would end one file and begin another inside of the document is no JSON.
    let error = packed_metadata(&[("reflect-config.json", "[]},\"x\":{")]).unwrap_err();
    assert!(matches!(error, Error::ParseMetadata { .. }), "{error}");
}

#[test]
fn metadata_that_is_no_file_or_no_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("reflect-config.json")).unwrap();
    let error = pack_metadata(folder.path(), &path("t")).unwrap_err();
    assert!(matches!(error, Error::ReadFile { .. }), "{error}");
    std::fs::remove_dir(path("reflect-config.json")).unwrap();
    std::fs::write(path("reflect-config.json"), b"[\"\xff\"]").unwrap();
    let error = pack_metadata(folder.path(), &path("t")).unwrap_err();
    assert!(matches!(error, Error::ReadFile { .. }), "{error}");
}

#[test]
fn the_bound_counts_all_files_together() {
    let half = format!("[\"{}\"]", "x".repeat(33 << 20));
    let error = packed_metadata(&[("jni-config.json", &half), ("reflect-config.json", &half)]).unwrap_err();
    assert!(matches!(error, Error::LongMetadata), "{error}");
}

#[test]
fn no_metadata_is_the_empty_set() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(empty_metadata(&folder.path().join("t")).unwrap(), digest::of_bytes(b"{}"));
}
