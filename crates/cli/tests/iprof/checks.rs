//! `check`, `stat` and `top`: one profile at a time.

use anneal_cli::iprof::Progress;
use serde_json::json;

use crate::support::{A, Folder, profile};

#[test]
fn check_tells_valid_files_from_others_and_names_the_place() {
    let folder = Folder::with_example();
    folder.write(
        "bad.iprof",
        profile(r#""callCountProfiles":[{"ctx":"0:0","records":[1]},{"ctx":"9:0","records":[1]}]"#),
    );
    folder.write("cut.iprof", &A[..100]);
    let ran = folder.run("check @a.iprof @bad.iprof @cut.iprof -o json").finding();
    let expected = json!({"files": [
        {"file": "a.iprof", "valid": true, "profile": {
            "version": "1.0.0", "bytes": A.len(), "types": 3, "methods": 2, "eventMass": 81, "warnings": [],
            "entries": {"callCounts": 1, "conditionals": 1, "instanceOf": 0, "monitors": 1, "samples": 0, "virtualInvokes": 1},
        }},
        {"file": "bad.iprof", "valid": false, "fault": {"category": "reference",
            "message": "bad.iprof is refused: section callCountProfiles, record 1: method 9 is not declared"}},
        {"file": "cut.iprof", "valid": false, "fault": {"category": "cut",
            "message": "cut.iprof is refused: byte 100: the profile is cut short"}},
    ]});
    assert_eq!(ran.json(), expected);
    assert_eq!(ran.errors, "");
    folder.run("check @a.iprof @b.iprof").good();
}

#[test]
fn check_prints_columns_for_people() {
    let folder = Folder::with_example();
    folder.write("cut.iprof", "{");
    let expected = "\
FILE       RESULT   VERSION  METHODS  ENTRIES  EVENTS  NOTE
a.iprof    valid    1.0.0          2        4      81
cut.iprof  invalid  -              -        -       -  cut.iprof is refused: byte 1: the profile is cut short
";
    let ran = folder.run("check @a.iprof @cut.iprof").finding();
    let cells = |text: &str| {
        text.lines()
            .map(|line| line.split_whitespace().map(str::to_owned).collect())
            .collect::<Vec<Vec<_>>>()
    };
    assert_eq!(cells(&ran.output), cells(expected));
}

#[test]
fn check_warns_of_what_is_valid_and_unusual() {
    let folder = Folder::new();
    folder.write("samples.iprof", profile(r#""samplingProfiles":[{"ctx":"0:3<1:2","records":[4]}]"#));
    folder.write("zero.iprof", profile(r#""callCountProfiles":[{"ctx":"0:0","records":[0]}]"#));
    folder.write(
        "odd.iprof",
        profile(r#""callCountProfiles":[{"ctx":"0:0","records":[1],"x":1}],"future":[]"#),
    );
    let ran = folder.run("check -o json @samples.iprof @zero.iprof @odd.iprof").good();
    let warnings: Vec<_> = (0..3)
        .map(|file| ran.json()["files"][file]["profile"]["warnings"].clone())
        .collect();
    let expected = [
        json!(["only samples: nothing is known about calls and branches"]),
        json!(["no events were counted"]),
        json!([
            "unknown keys, dropped by a merge: future",
            "1 unknown keys inside of entries, dropped by a merge"
        ]),
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn the_standard_input_is_a_file() {
    let folder = Folder::new();
    let ran = folder.run_with("check -o json -", A.as_bytes(), Progress::Hidden).good();
    assert_eq!(ran.json()["files"][0]["file"], "-");
    let (code, message) = folder.run_with("check - -", A.as_bytes(), Progress::Hidden).failed();
    assert_eq!((code, message.as_str()), (2, "the standard input can be read only once"));
}

#[test]
fn a_file_that_is_not_there_is_no_finding() {
    let folder = Folder::new();
    for verb in ["check", "stat", "top"] {
        let (code, message) = folder.run(&format!("{verb} @none.iprof")).failed();
        assert_eq!((code, message.split(':').next()), (2, Some("cannot read none.iprof")));
    }
    std::fs::create_dir(folder.path("folder")).unwrap();
    assert_eq!(folder.run("check @folder").failed().0, 2);
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let folder = Folder::new();
    folder.write("a\u{1b}[2J.iprof", A);
    let ran = folder.run("check @a\u{1b}[2J.iprof").good();
    assert!(!ran.output.contains('\u{1b}'), "{:?}", ran.output);
}

#[test]
fn progress_is_for_terminals() {
    let folder = Folder::with_example();
    let shown = folder.run_with("check @a.iprof @b.iprof", b"", Progress::Shown).good();
    assert!(shown.errors.contains("checking 2/2 b.iprof"), "{:?}", shown.errors);
    assert!(shown.errors.ends_with("\r\u{1b}[K"), "{:?}", shown.errors);
    let hidden = folder.run("check @a.iprof @b.iprof").good();
    assert_eq!((hidden.errors.as_str(), hidden.output), ("", shown.output));
}

#[test]
fn stat_shows_what_a_profile_holds() {
    let folder = Folder::with_example();
    let ran = folder.run("stat -o json @a.iprof").good();
    let mut file = ran.json()["files"][0].clone();
    let digest = file.as_object_mut().unwrap().remove("digest").unwrap();
    assert_eq!(digest.as_str().map(str::len), Some(64));
    let expected = json!({
        "file": "a.iprof", "version": "1.0.0", "bytes": A.len(), "types": 3, "methods": 2, "eventMass": 81, "eventsPerSite": 27.0,
        "repeatedContexts": 0, "conflicts": 0, "warnings": [],
        "entries": {"callCounts": 1, "conditionals": 1, "instanceOf": 0, "monitors": 1, "samples": 0, "virtualInvokes": 1},
    });
    assert_eq!(file, expected);
    // The digest is that of the contents, however they are written.
    folder.run("merge --output @canonical.iprof.gz @a.iprof").good();
    let again = folder.run("stat -o json @canonical.iprof.gz").good();
    assert_eq!(again.json()["files"][0]["digest"], digest);
}

#[test]
fn stat_tells_of_repeats_and_of_branches_in_dispute() {
    let folder = Folder::new();
    let entry = |records| format!(r#"{{"ctx":"0:5","records":[{records}]}}"#);
    let entries = [entry("20,0,1,53,1,1"), entry("20,0,5,60,1,1")].join(",");
    folder.write("a.iprof", profile(&format!(r#""conditionalProfiles":[{entries}]"#)));
    let ran = folder.run("stat -o json @a.iprof").good();
    let file = &ran.json()["files"][0];
    assert_eq!((&file["repeatedContexts"], &file["conflicts"]), (&json!(1), &json!(1)));
}

#[test]
fn an_invalid_profile_is_a_finding_of_every_verb_that_reads_one() {
    let folder = Folder::with_example();
    folder.write("cut.iprof", "{");
    for command in [
        "stat @cut.iprof",
        "top @cut.iprof",
        "diff @a.iprof @cut.iprof",
        "overlap @cut.iprof @a.iprof",
        "relevance @cut.iprof --jar @none.jar",
        "merge @a.iprof @cut.iprof --output @out.iprof",
        "merge @a.iprof @cut.iprof --equal --output @out.iprof",
    ] {
        let (code, message) = folder.run(command).failed();
        assert_eq!(
            (code, message.as_str()),
            (1, "cut.iprof is refused: byte 1: the profile is cut short"),
            "{command}"
        );
    }
    assert_eq!(folder.names(), ["a.iprof", "b.iprof", "cut.iprof"]);
}

#[test]
fn top_ranks_methods_by_events() {
    let folder = Folder::new();
    folder.write(
        "a",
        profile(
            r#""callCountProfiles":[{"ctx":"1:0<0:4","records":[25]}],"conditionalProfiles":[{"ctx":"0:5","records":[9,0,30,7,1,1]}],
            "virtualInvokeProfiles":[{"ctx":"0:9","records":[1,44]}],"samplingProfiles":[{"ctx":"1:0","records":[900]}]"#,
        ),
    );
    let ran = folder.run("top -o json @a").good();
    let expected = json!({"file": "a", "eventMass": 100, "methods": [
        {"method": "Fn.f()", "events": 75, "percent": 75.0,
         "callCounts": 0, "conditionals": 31, "instanceOf": 0, "virtualInvokes": 44},
        {"method": "Fn.g(int)", "events": 25, "percent": 25.0,
         "callCounts": 25, "conditionals": 0, "instanceOf": 0, "virtualInvokes": 0},
    ]});
    assert_eq!(ran.json(), expected);
    let ran = folder.run("top -n 1 -o json @a").good();
    assert_eq!(ran.json()["methods"].as_array().map(Vec::len), Some(1));
    assert_eq!(ran.json()["eventMass"], 100);
}
