//! `anneal iprof` as a process: exit codes, streams, and files that appear only when they are complete.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const A: &str = r#"{"version":"1.0.0","types":[{"id":0,"name":"int"},{"id":1,"name":"Fn"}],
    "methods":[{"id":0,"name":"f","signature":[1,0]}],"callCountProfiles":[{"ctx":"0:0","records":[3]}]}"#;

fn iprof(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anneal"));
    command.current_dir(folder).arg("iprof").args(words).stdin(Stdio::null());
    command
}

fn run(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = iprof(folder, words).output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("all output is text");
    (status.code(), text(stdout), text(stderr))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("a.iprof"), A).expect("the folder takes files");
    fs::write(folder.path().join("cut.iprof"), "{").expect("the folder takes files");
    folder
}

#[test]
fn the_exit_code_tells_good_from_findings_from_wrong_usage() {
    let folder = folder();
    for (code, words) in [
        (0, &["check", "a.iprof"][..]),
        (0, &["diff", "a.iprof", "a.iprof"]),
        (1, &["check", "a.iprof", "cut.iprof"]),
        (1, &["stat", "cut.iprof"]),
        (2, &["check", "none.iprof"]),
        (2, &["check"]),
        (2, &["merge", "a.iprof"]),
        (2, &["merge", "--output", "out", "--equal", "--weight", "a.iprof=2", "a.iprof"]),
        (2, &["merge", "--output", "out", "--weight", "a.iprof=-2", "a.iprof"]),
        (2, &["merge", "--output", "out", "--input-dir", ".", "a.iprof"]),
        (2, &["top", "a.iprof", "-o", "yaml"]),
        (2, &["nonsense"]),
    ] {
        assert_eq!(run(folder.path(), words).0, Some(code), "{words:?}");
    }
    assert!(!folder.path().join("out").exists());
}

#[test]
fn results_go_to_the_output_and_complaints_to_the_error_stream() {
    let folder = folder();
    let (code, output, errors) = run(folder.path(), &["check", "cut.iprof"]);
    assert!(output.contains("the profile is cut short"));
    assert_eq!((code, errors.as_str()), (Some(1), ""));
    let (code, output, errors) = run(folder.path(), &["top", "cut.iprof"]);
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert_eq!(errors, "error: cut.iprof is refused: byte 1: the profile is cut short\n");
    let (_, output, errors) = run(folder.path(), &["merge", "--output", "-", "a.iprof"]);
    assert!(output.starts_with(r#"{"callCountProfiles":"#), "{output}");
    assert!(errors.starts_with("FILE"), "no progress without a terminal: {errors:?}");
}

#[test]
fn profiles_stream_from_one_command_to_the_next() {
    let folder = folder();
    let mut child = iprof(folder.path(), &["merge", "--output", "-", "-o", "json", "-", "a.iprof"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(A.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    assert!(String::from_utf8(done.stdout).unwrap().contains("[6]"));
    assert!(String::from_utf8(done.stderr).unwrap().starts_with('{'), "the report stays JSON");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = folder();
    let mut child = iprof(folder.path(), &["synth", "--megabytes", "8", "--seed", "1", "--output", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn a_file_is_replaced_at_once_or_not_at_all() {
    let folder = folder();
    let path = folder.path().join("out.iprof");
    fs::write(&path, "old").unwrap();
    assert_eq!(
        run(folder.path(), &["merge", "--output", "out.iprof", "a.iprof", "cut.iprof"]).0,
        Some(1)
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    let (code, output, errors) = run(folder.path(), &["merge", "--output", "out.iprof", "a.iprof", "a.iprof"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(output.starts_with("FILE"), "{output}");
    assert!(fs::read_to_string(&path).unwrap().contains("[6]"));
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 3, "no draft is left");
}
