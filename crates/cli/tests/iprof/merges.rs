//! `merge`.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::process::Command;
use std::thread;

use anneal_cli::iprof::Progress;
use flate2::read::GzDecoder;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{A, B, Folder, MERGED, profile};

fn calls(count: u64) -> String {
    profile(&format!(r#""callCountProfiles":[{{"ctx":"0:0","records":[{count}]}}]"#))
}

/// The one call count of a merge.
fn count(folder: &Folder, name: &str) -> Value {
    let profile: Value = serde_json::from_str(&folder.read(name)).expect("the merge is JSON");
    profile["callCountProfiles"][0]["records"][0].clone()
}

#[test]
fn the_worked_example_is_merged_in_any_order() {
    let folder = Folder::with_example();
    for files in ["@a.iprof @b.iprof", "@b.iprof @a.iprof"] {
        let ran = folder.run(&format!("merge --output @out.iprof {files}")).good();
        assert_eq!(folder.read("out.iprof"), MERGED);
        assert_eq!(ran.errors, "");
    }
}

#[test]
fn the_report_tells_what_each_file_brought() {
    let folder = Folder::with_example();
    let ran = folder.run("merge -o json --output @out.iprof @a.iprof @b.iprof").good();
    let mut report = ran.json();
    let digest = report["output"].as_object_mut().unwrap().remove("digest").unwrap();
    let stat = folder.run("stat -o json @out.iprof").good();
    assert_eq!(digest, stat.json()["files"][0]["digest"]);
    let input = |file, mass, new| {
        json!({"file": file, "weight": 1.0, "eventMass": mass, "contexts": 4, "newContexts": new,
            "newContextPercent": f64::from(new) / 4.0 * 100.0, "repeatedContexts": 0, "warnings": []})
    };
    let expected = json!({
        "inputs": [input("a.iprof", 81, 4), input("b.iprof", 18, 0)],
        "output": {"file": "out.iprof", "copied": false, "version": "1.0.0", "types": 4, "methods": 2, "eventMass": 99,
            "conflicts": 0,
            "entries": {"callCounts": 1, "conditionals": 1, "instanceOf": 0, "monitors": 1, "samples": 0, "virtualInvokes": 1}},
    });
    assert_eq!(report, expected);
}

#[test]
fn a_profile_on_the_output_has_it_for_itself() {
    let folder = Folder::with_example();
    let ran = folder.run("merge --output - @a.iprof @b.iprof").good();
    assert_eq!(ran.output, MERGED);
    assert!(ran.errors.starts_with("FILE"), "{}", ran.errors);
    let ran = folder
        .run_with("merge --output - @a.iprof -", B.as_bytes(), Progress::Hidden)
        .good();
    assert_eq!(ran.output, MERGED);
}

#[test]
fn a_name_in_gz_asks_for_gzip() {
    let folder = Folder::with_example();
    folder.run("merge --output @out.iprof.gz @a.iprof @b.iprof").good();
    let packed = fs::read(folder.path("out.iprof.gz")).unwrap();
    let mut text = String::new();
    GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, MERGED);
    // And is read as such, whatever its name.
    folder.write("packed", &packed);
    folder.run("merge --output @again.iprof @packed").good();
    assert_eq!(folder.read("again.iprof"), MERGED);
}

#[test]
fn a_folder_gives_its_profiles_in_the_order_of_their_names() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("in/below.iprof")).unwrap();
    folder.write("in/b.iprof", B);
    folder.write("in/a.iprof.gz", fs::read(packed(&folder, A)).unwrap());
    folder.write("in/notes.txt", "no profile");
    folder.write("in/below.iprof/c.iprof", "no profile");
    let ran = folder.run("merge -o json --output @out.iprof --input-dir @in").good();
    assert_eq!(folder.read("out.iprof"), MERGED);
    let files: Vec<_> = (0..2).map(|input| ran.json()["inputs"][input]["file"].clone()).collect();
    assert_eq!(files, ["in/a.iprof.gz", "in/b.iprof"]);
    fs::create_dir(folder.path("empty")).unwrap();
    let (code, message) = folder.run("merge --output @out.iprof --input-dir @empty").failed();
    assert_eq!((code, message.as_str()), (2, "empty has no file that ends in .iprof or .iprof.gz"));
    assert_eq!(folder.run("merge --output @out.iprof --input-dir @none").failed().0, 2);
}

fn packed(folder: &Folder, text: &str) -> std::path::PathBuf {
    folder.write("plain", text);
    folder.run("merge --output @packed.gz @plain").good();
    folder.path("packed.gz")
}

#[test]
fn weights_multiply_the_counts_as_they_were_read() {
    let folder = Folder::new();
    folder.write("a", calls(3));
    folder.write("b", calls(5));
    // 3 × 0.5 and 5 × 0.5 are rounded one by one, away from zero: 2 and 3, and not 4 at the end.
    let ran = folder.run(&format!(
        "merge -o json --output @out @a @b --weight {a}=0.5 --weight {b}=0.5",
        a = folder.path("a").display(),
        b = folder.path("b").display(),
    ));
    assert_eq!(count(&folder, "out"), 5);
    assert_eq!(ran.good().json()["inputs"][1]["weight"], 0.5);
    folder.run("merge --output @out @a @b --weight @a=1000000").good();
    assert_eq!(count(&folder, "out"), 3_000_005);
}

#[test]
fn a_weight_that_would_overflow_saturates() {
    let folder = Folder::new();
    folder.write("a", calls(i64::MAX.unsigned_abs()));
    folder.write("b", calls(7));
    folder.run("merge --output @out @a @b --weight @a=4 --weight @b=4").good();
    assert_eq!(count(&folder, "out"), i64::MAX);
    // A weight of 1 leaves even those counts alone that a floating-point number cannot hold.
    folder.write("a", calls((1 << 60) + 1));
    folder.run("merge --output @out @a --weight @a=1").good();
    assert_eq!(count(&folder, "out"), (1_u64 << 60) + 1);
}

#[test]
fn equal_gives_each_file_the_events_of_the_largest() {
    let folder = Folder::new();
    folder.write("a", calls(1000));
    folder.write("b", calls(10));
    folder.write("c", profile(r#""callCountProfiles":[{"ctx":"1:0","records":[0]}]"#));
    let ran = folder.run("merge -o json --equal --output @out @a @b @c").good();
    assert_eq!(count(&folder, "out"), 2000);
    let weights: Vec<_> = (0..3).map(|input| ran.json()["inputs"][input]["weight"].clone()).collect();
    assert_eq!(weights, [1.0, 100.0, 1.0]);
    let ran = folder
        .run_with("merge --equal --output - @a -", calls(10).as_bytes(), Progress::Hidden)
        .good();
    assert!(ran.output.contains("[2000]"), "the standard input is read twice: {}", ran.output);
}

#[rstest]
#[case("merge --output @out @a --weight @b=2", "--weight names b, which is not merged")]
#[case("merge --output @out @a --weight @a=2 --weight @a=3", "--weight names a twice")]
#[case("merge --output @out - -", "the standard input can be read only once")]
fn arguments_that_do_not_fit_are_wrong_usage(#[case] command: &str, #[case] message: &str) {
    let folder = Folder::new();
    folder.write("a", calls(1));
    assert_eq!(folder.run(command).failed(), (2, message.to_owned()));
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn branches_in_dispute_follow_the_policy() {
    let folder = Folder::new();
    let branch = |records| profile(&format!(r#""conditionalProfiles":[{{"ctx":"0:5","records":[{records}]}}]"#));
    folder.write("a", branch("20,0,1,53,1,1"));
    folder.write("b", branch("20,0,5,60,1,1"));
    let ran = folder.run("merge -o json --output @out @a @b").good();
    assert!(folder.read("out").contains("[20,0,5,60,1,1]"));
    assert_eq!(ran.json()["output"]["conflicts"], 1);
    folder.run("merge --conflicts dominant --output @dominant @a @b").good();
    assert_eq!(folder.read("dominant"), folder.read("out"));
    folder.run("merge --conflicts drop --output @out @a @b").good();
    assert!(folder.read("out").contains(r#""conditionalProfiles":[]"#));
}

#[test]
fn prune_drops_what_no_counter_needs() {
    let folder = Folder::new();
    folder.write("a", calls(1));
    folder.run("merge --output @all @a").good();
    assert!(folder.read("all").contains(r#""name":"g""#));
    folder.run("merge --prune --output @pruned @a").good();
    assert!(!folder.read("pruned").contains(r#""name":"g""#));
}

#[test]
fn strict_refuses_keys_that_a_merge_would_drop() {
    let folder = Folder::new();
    folder.write("a", calls(1));
    folder.write("odd", profile(r#""callCountProfiles":[{"ctx":"0:0","records":[1]}],"future":[]"#));
    let ran = folder.run("merge --output @out @a @odd -o json").good();
    assert_eq!(
        ran.json()["inputs"][1]["warnings"],
        json!(["unknown keys, dropped by a merge: future"])
    );
    assert!(!folder.read("out").contains("future"));
    fs::remove_file(folder.path("out")).unwrap();
    let (code, message) = folder.run("merge --strict --output @out @a @odd").failed();
    assert_eq!(code, 1);
    assert!(message.starts_with("odd is refused: byte "), "{message}");
    assert_eq!(folder.names(), ["a", "odd"]);
}

#[test]
fn a_single_file_with_unknown_keys_is_copied_byte_for_byte() {
    let folder = Folder::new();
    let odd = profile(r#""callCountProfiles":[{"ctx":"0:0", "records":[1]}],"future": [1]"#);
    folder.write("odd", &odd);
    let ran = folder.run("merge -o json --output @out @odd").good();
    assert_eq!(folder.read("out"), odd);
    assert_eq!(ran.errors, "");
    assert_eq!(
        (&ran.json()["output"]["copied"], &ran.json()["output"]["digest"]),
        (&json!(true), &Value::Null)
    );
    // Its text, that is: the name says how it is packed.
    folder.run("merge --output @out.gz @odd").good();
    folder.run("merge --output @again @out.gz").good();
    assert_eq!(folder.read("again"), odd);
    let ran = folder.run_with("merge --output - -", odd.as_bytes(), Progress::Hidden).good();
    assert_eq!(ran.output, odd);
}

#[test]
fn a_single_file_is_written_anew_if_it_has_no_unknown_keys_or_something_was_asked_for() {
    let folder = Folder::new();
    folder.write("odd", profile(r#""callCountProfiles":[{"ctx":"0:0","records":[1]}],"future":[]"#));
    for option in ["--prune", "--equal", "--conflicts drop", "--weight @odd=1"] {
        folder.run(&format!("merge --output @out @odd {option}")).good();
        assert!(!folder.read("out").contains("future"), "{option}");
    }
    folder.write("a", A);
    let ran = folder.run("merge -o json --output @out @a").good();
    assert_ne!(folder.read("out"), A);
    assert_eq!(ran.json()["output"]["copied"], false);
}

#[test]
fn major_versions_do_not_mix() {
    let folder = Folder::new();
    folder.write("new", calls(1));
    folder.write(
        "old",
        r#"{"version":"0.2.0","types":[{"id":0,"typeName":"A"}],"methods":[{"id":0,"methodName":"f","signature":[0,0]}],
        "hotnessPoints":[{"methodBciList":"0:0","records":[1]}]}"#,
    );
    let (code, message) = folder.run("merge --output @out @new @old").failed();
    assert_eq!(
        (code, message.as_str()),
        (1, "old is refused: a profile of version 0.2.0 cannot be merged with version 1.0.0")
    );
}

#[test]
fn a_failure_leaves_the_old_file_and_nothing_else() {
    let folder = Folder::with_example();
    folder.write("out.iprof", "old");
    folder.write("cut", "{");
    assert_eq!(folder.run("merge --output @out.iprof @a.iprof @cut").failed().0, 1);
    assert_eq!(folder.read("out.iprof"), "old");
    assert_eq!(folder.names(), ["a.iprof", "b.iprof", "cut", "out.iprof"]);
    folder.run("merge --output @out.iprof @a.iprof @b.iprof").good();
    assert_eq!(folder.read("out.iprof"), MERGED);
    assert_eq!(folder.names(), ["a.iprof", "b.iprof", "cut", "out.iprof"]);
}

#[test]
fn an_input_may_be_the_output() {
    let folder = Folder::with_example();
    folder.run("merge --output @a.iprof @a.iprof @b.iprof").good();
    assert_eq!(folder.read("a.iprof"), MERGED);
}

#[test]
fn an_output_that_cannot_be_is_no_finding() {
    let folder = Folder::with_example();
    fs::create_dir(folder.path("folder")).unwrap();
    for output in ["@none/out.iprof", "@folder"] {
        assert_eq!(folder.run(&format!("merge --output {output} @a.iprof @b.iprof")).failed().0, 2);
    }
    assert_eq!(folder.names(), ["a.iprof", "b.iprof", "folder"]);
}

#[test]
fn the_file_behind_a_link_is_replaced_and_not_the_link() {
    let folder = Folder::with_example();
    folder.write("real.iprof", "old");
    std::os::unix::fs::symlink(folder.path("real.iprof"), folder.path("link.iprof")).unwrap();
    folder.run("merge --output @link.iprof @a.iprof @b.iprof").good();
    assert!(folder.path("link.iprof").is_symlink());
    assert_eq!(folder.read("real.iprof"), MERGED);
}

#[test]
fn what_is_no_file_is_written_to_and_never_replaced() {
    let folder = Folder::with_example();
    let pipe = folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    folder.run("merge --output @pipe @a.iprof @b.iprof").good();
    assert_eq!(reader.join().unwrap(), MERGED);
    assert!(fs::symlink_metadata(pipe).unwrap().file_type().is_fifo());
}
