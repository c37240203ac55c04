//! `diff`, `overlap` and `relevance`: a profile against something else.

use anneal_classfile::{Candidate, Contract, JarFacts, Request, entry, find_handler};
use serde_json::json;

use crate::support::{A, Folder, profile};

#[test]
fn equal_contents_are_no_difference_however_they_are_numbered() {
    let folder = Folder::with_example();
    folder.run("merge --output @canonical.iprof.gz @a.iprof").good();
    let ran = folder.run("diff -o json @a.iprof @canonical.iprof.gz").good();
    assert_eq!(ran.json()["equal"], true);
}

#[test]
fn diff_tells_by_section_what_differs() {
    let folder = Folder::with_example();
    let ran = folder.run("diff -o json @a.iprof @b.iprof").finding();
    let tally = |same, changed, left, right| json!({"same": same, "changed": changed, "onlyLeft": left, "onlyRight": right});
    let section = |name, same, changed| {
        let mut section = tally(same, changed, 0, 0);
        section["section"] = json!(name);
        section
    };
    let expected = json!({
        "left": "a.iprof", "right": "b.iprof", "equal": false, "types": tally(2, 0, 1, 1), "methods": tally(2, 0, 0, 0),
        "sections": [section("callCounts", 0, 1), section("conditionals", 0, 1), section("instanceOf", 0, 0),
            section("monitors", 0, 1), section("samples", 0, 0), section("virtualInvokes", 0, 1)],
    });
    assert_eq!(ran.json(), expected);
}

#[test]
fn diff_finds_contexts_of_one_side_and_types_that_changed_their_counts() {
    let folder = Folder::new();
    let text = |calls: &str, types: &str| {
        profile(&format!(
            r#""callCountProfiles":[{calls}],"virtualInvokeProfiles":[{{"ctx":"0:1","records":[{types}]}}]"#
        ))
    };
    folder.write(
        "a",
        text(r#"{"ctx":"0:0","records":[1]},{"ctx":"0:0<1:2","records":[1]}"#, "0,3,1,4"),
    );
    folder.write("b", text(r#"{"ctx":"1:0","records":[1]},{"ctx":"0:0","records":[1]}"#, "1,4,0,3"));
    let ran = folder.run("diff -o json @a @b").finding();
    let (calls, types) = (&ran.json()["sections"][0], &ran.json()["sections"][5]);
    assert_eq!(
        (&calls["same"], &calls["onlyLeft"], &calls["onlyRight"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(types["same"], 1, "the order of types does not matter");
}

#[test]
fn overlap_is_whole_for_a_profile_and_itself() {
    let folder = Folder::with_example();
    let ran = folder.run("overlap -o json @a.iprof @a.iprof").good();
    let side = json!({"file": "a.iprof", "eventMass": 81, "eventsPerSite": 27.0, "newContextPercent": 0.0});
    let expected = json!({"left": side, "right": side, "overlapPercent": 100.0, "hotSetPercent": 100.0});
    assert_eq!(ran.json(), expected);
}

#[test]
fn overlap_is_nothing_where_no_context_is_shared() {
    let folder = Folder::new();
    folder.write("a", profile(r#""callCountProfiles":[{"ctx":"0:0","records":[9]}]"#));
    folder.write("b", profile(r#""callCountProfiles":[{"ctx":"1:0","records":[9]}]"#));
    let ran = folder.run("overlap -o json @a @b").good();
    assert_eq!(
        (&ran.json()["overlapPercent"], &ran.json()["hotSetPercent"]),
        (&json!(0.0), &json!(0.0))
    );
    assert_eq!(ran.json()["left"]["newContextPercent"], 100.0);
}

/// A jar with the class `anneal.Entry`, which has `main(String[])` and more.
fn jar() -> Vec<u8> {
    let mut facts = JarFacts::default();
    facts.shapes.push(Candidate {
        class: "shop.Orders".to_owned(),
        method: "main".to_owned(),
        contract: Contract::Map,
    });
    let handler = find_handler(&facts, Request::default()).expect("there is one shape");
    entry::jar(&handler).expect("maps have an entry class")
}

#[test]
fn relevance_counts_the_methods_that_the_jar_still_has() {
    let folder = Folder::new();
    folder.write("app.jar", jar());
    // Of the application: one method that is there, one that is gone, one of a class that is gone. Of others: two.
    folder.write(
        "a.iprof",
        r#"{"version":"1.0.0","types":[{"id":0,"name":"void"},{"id":1,"name":"anneal.Entry"},{"id":2,"name":"[Ljava.lang.String;"},
        {"id":3,"name":"anneal.Gone"},{"id":4,"name":"java.util.HashMap"},{"id":5,"name":"anneal.Entry$$Lambda/0x1"}],
        "methods":[{"id":0,"name":"main","signature":[1,0,2]},{"id":1,"name":"main","signature":[1,0]},
        {"id":2,"name":"f","signature":[3,0]},{"id":3,"name":"get","signature":[4,0]},{"id":4,"name":"run","signature":[5,0]}],
        "callCountProfiles":[{"ctx":"0:0","records":[60]},{"ctx":"1:0","records":[30]},{"ctx":"2:0","records":[10]},
        {"ctx":"3:0","records":[1000]},{"ctx":"4:0","records":[1000]}]}"#,
    );
    let ran = folder.run("relevance -o json @a.iprof --jar @app.jar").good();
    let expected = json!({"file": "a.iprof", "jar": "app.jar", "classes": 1, "unreadableClasses": 0,
        "methodsPercent": 1.0 / 3.0 * 100.0, "massPercent": 60.0});
    assert_eq!(ran.json(), expected);
}

#[test]
fn relevance_tells_a_bad_jar_from_one_that_is_not_there() {
    let folder = Folder::new();
    folder.write("a.iprof", A);
    folder.write("bad.jar", "no jar");
    let (code, message) = folder.run("relevance @a.iprof --jar @bad.jar").failed();
    assert_eq!((code, message.as_str()), (1, "bad.jar is refused: the file is not a zip archive"));
    assert_eq!(folder.run("relevance @a.iprof --jar @none.jar").failed().0, 2);
}
