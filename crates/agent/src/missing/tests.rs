//! Messages as executables print them.

use serde_json::json;

use super::*;

const ADVICE: &str = "The 'reachability-metadata.json' file should be located in 'META-INF/native-image/<group-id>/<artifact-id>/' of \
                      your project.\n";

fn message(error: &str, what: &str, section: &str, entry: &str) -> String {
    format!(
        "{error}: Cannot {what}. To allow this operation, add the following to the '{section}' section of \
         'reachability-metadata.json' and rebuild the native image:\n\n{entry}\n\n{ADVICE}\tat a.B.c(B.java:1)\n"
    )
}

fn reflection() -> String {
    message(
        "org.graalvm.nativeimage.MissingReflectionRegistrationError",
        "reflectively access the class 'a.B$C'",
        "reflection",
        "  {\n    \"type\": \"a.B$C\"\n  }",
    )
}

fn found(text: &str) -> Vec<(&'static str, Value)> {
    let entries = Scanner::default().feed(text.as_bytes());
    entries
        .into_iter()
        .map(|entry| (entry.section, Value::Object(entry.value)))
        .collect()
}

#[test]
fn takes_the_entry_of_each_kind_of_message() {
    let resource = message(
        "com.oracle.svm.core.jdk.resources.MissingResourceRegistrationError",
        "access resource bundle with name 'texts'",
        "resources",
        "  {\n    \"bundle\": \"texts\"\n  }",
    );
    let serialization = message(
        "Exception in thread \"main\" com.oracle.svm.core.reflect.serialize.MissingSerializationRegistrationError",
        "serialize or deserialize 'a.B'",
        "reflection",
        "  {\n    \"type\": \"a.B\",\n    \"serializable\": true\n  }",
    );
    let output = format!(
        "hello\n{}{{\"log\": 1}}\nCaused by: {}bye\n{resource}{serialization}",
        reflection(),
        reflection()
    );
    assert_eq!(
        found(&output),
        [
            ("reflection", json!({"type": "a.B$C"})),
            ("reflection", json!({"type": "a.B$C"})),
            ("resources", json!({"bundle": "texts"})),
            ("reflection", json!({"type": "a.B", "serializable": true})),
        ]
    );
}

#[test]
fn reads_entries_with_objects_in_them() {
    let proxy = message(
        "x.MissingReflectionRegistrationError",
        "access the proxy class",
        "reflection",
        "  {\n    \"type\": {\n      \"proxy\": [\n        \"a.I\"\n      ]\n    }\n  }",
    );
    assert_eq!(found(&proxy), [("reflection", json!({"type": {"proxy": ["a.I"]}}))]);
}

#[test]
fn does_not_mind_how_the_output_is_cut() {
    let text = reflection();
    let whole = found(&text);
    for size in [1, 2, 7, 64] {
        let mut scanner = Scanner::default();
        let pieces = text.as_bytes().chunks(size).flat_map(|piece| scanner.feed(piece));
        assert_eq!(pieces.count(), whole.len(), "pieces of {size}");
    }
}

#[test]
fn a_message_that_something_else_broke_into_yields_nothing_and_the_next_is_read() {
    let broken = reflection().replace("  {\n", "noise\n  {\n");
    let cut = reflection().replace("  }\n", "");
    for text in [broken, cut] {
        assert_eq!(found(&format!("{text}{}", reflection())).len(), 1, "{text}");
    }
}

#[test]
fn what_only_looks_like_a_message_yields_nothing() {
    for text in [
        reflection().replace("RegistrationError", "RegistrationWarning"),
        reflection().replace("'reflection' section", "'foreign' section"),
        reflection().replace("\"a.B$C\"", "{\"lambda\": {\"declaringClass\": \"a.B\", \"interfaces\": []}}"),
        reflection().replace("  {\n    \"type\": \"a.B$C\"\n  }", "  [\"a.B$C\"]"),
        "add the following to the 'reflection' section of 'reachability-metadata.json'\n{}\n".to_owned(),
    ] {
        assert_eq!(found(&text), [], "{text}");
    }
}

#[test]
fn endless_lines_and_entries_are_given_up() {
    let mut scanner = Scanner::default();
    for _ in 0..100 {
        assert_eq!(scanner.feed(&[b'x'; 4096]), []);
    }
    assert!(scanner.line.len() <= LINE);
    assert_eq!(scanner.feed(b"\n"), []);
    let begun = reflection().split_inclusive("{\n").next().unwrap().to_owned();
    assert_eq!(scanner.feed(begun.as_bytes()), []);
    for _ in 0..10_000 {
        assert_eq!(scanner.feed(b"\"a\": {\n"), []);
    }
    assert!(matches!(scanner.reading, Reading::Output));
    assert_eq!(scanner.feed(reflection().as_bytes()).len(), 1);
}
