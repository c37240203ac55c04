//! Metadata for image builders before JDK 23.

use std::fs;

use serde_json::{Value, json};

use super::{GRANTED, pattern, write};

/// The older files of some metadata, by the first word of their names.
fn older(metadata: &Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("reachability-metadata.json");
    fs::write(&new, metadata.to_string()).unwrap();
    write(&new, folder.path()).unwrap();
    let read = |name: &str| -> Value {
        let text = fs::read(folder.path().join(format!("{name}-config.json"))).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    json!({
        "reflect": read("reflect"), "jni": read("jni"), "proxy": read("proxy"), "resource": read("resource"),
        "serialization": read("serialization"),
    })
}

/// An entry with everything that a type grants in the new form.
fn granting(mut entry: Value) -> Value {
    for flag in GRANTED {
        entry[flag] = json!(true);
    }
    entry
}

#[test]
fn every_kind_of_entry_has_its_older_file() {
    let files = older(&json!({
        "reflection": [
            {"type": "A", "methods": [{"name": "f", "parameterTypes": []}], "allDeclaredFields": true, "unsafeAllocated": false},
            {"type": "B", "jniAccessible": true, "serializable": true, "fields": [{"name": "x"}]},
            {"type": {"proxy": ["J", "I"]}, "serializable": true},
        ],
        "jni": [{"type": "C", "fields": [{"name": "y"}]}],
        "resources": [{"glob": "a/*.txt"}, {"glob": "b", "module": "m"}, {"bundle": "words"}],
        "bundles": [{"name": "texts", "locales": ["de"]}],
        "serialization": [{"type": "D", "customTargetConstructorClass": "E"}, {"type": {"proxy": ["K"]}}],
        "lambdaCapturingTypes": [{"name": "L"}],
    }));
    let expected = json!({
        "reflect": [
            granting(json!({"name": "A", "methods": [{"name": "f", "parameterTypes": []}], "allDeclaredFields": true,
                "unsafeAllocated": false})),
            granting(json!({"name": "B", "fields": [{"name": "x"}]})),
        ],
        "jni": [{"name": "B", "fields": [{"name": "x"}]}, {"name": "C", "fields": [{"name": "y"}]}],
        "proxy": [{"interfaces": ["J", "I"]}],
        "resource": {
            "resources": {"includes": [{"pattern": r"a/[^/]*\.txt"}, {"pattern": "m:b"}]},
            "bundles": [{"name": "words"}, {"name": "texts", "locales": ["de"]}],
        },
        "serialization": {
            "types": [{"name": "B"}, {"name": "D", "customTargetConstructorClass": "E"}],
            "lambdaCapturingTypes": [{"name": "L"}],
            "proxies": [{"interfaces": ["J", "I"]}, {"interfaces": ["K"]}],
        },
    });
    assert_eq!(files, expected);
}

#[test]
fn what_is_for_the_older_files_alone_leaves_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("reachability-metadata.json");
    for (before, after) in [
        ("{\"jni\":[],\"lambdaCapturingTypes\":[{\"name\":\"L\"}]}", "{\"jni\":[]}"),
        ("{\"jni\": [ ]}", "{\"jni\": [ ]}"),
    ] {
        fs::write(&new, before).unwrap();
        write(&new, folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&new).unwrap(), after);
    }
}

#[test]
fn what_the_older_files_cannot_say_stays_in_the_new_one() {
    let condition = json!({"typeReached": "C"});
    let files = older(&json!({
        "reflection": [{"type": "A", "condition": condition}, {"type": {"lambda": {"declaringClass": "A", "interfaces": ["I"]}}}],
        "resources": [{"glob": "x", "condition": condition}],
        "foreign": {"downcalls": [{"returnType": "int"}]},
        "future": {"x": [1]},
    }));
    assert_eq!(files, older(&json!({})));
}

#[test]
fn a_glob_becomes_the_pattern_that_matches_the_same() {
    for (glob, expected) in [
        ("a/b.txt", r"a/b\.txt"),
        ("a/**", "a/.*"),
        ("**/x", ".*/x"),
        ("a*b", "a[^/]*b"),
        (r"a\*\[1\]", r"a\*\[1\]"),
        ("$(+)", r"\$\(\+\)"),
    ] {
        assert_eq!(pattern(glob), expected, "{glob}");
    }
}
