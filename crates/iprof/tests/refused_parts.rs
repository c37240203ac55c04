//! Reasons to refuse a profile for one of its parts, with the place that is named.

mod support;

use anneal_iprof::{Limits, check};
use support::{accepts, calls, profile, refuses};

#[test]
fn accepts_the_profiles_that_the_others_are_made_from() {
    accepts(&calls(r#"{"ctx":"1:0<0:-1","records":[0]}"#));
    accepts(&profile(r#""samplingProfiles":[{"ctx":"0:5<0:-2","records":[1]}]"#));
}

#[test]
fn names_the_record_that_uses_an_undeclared_id() {
    refuses(
        &calls(r#"{"ctx":"77:0","records":[1]}"#),
        "section callCountProfiles, record 1: method 77 is not declared",
    );
    refuses(
        &profile(r#""virtualInvokeProfiles":[{"ctx":"0:1","records":[0,1,9,1]}]"#),
        "section virtualInvokeProfiles, record 0: type 9 is not declared",
    );
    // The section precedes the tables: the first use is named all the same.
    refuses(
        r#"{"callCountProfiles":[{"ctx":"7:0","records":[1]},{"ctx":"8:0<9:1","records":[1]}],
            "types":[{"id":0,"name":"A"}],"methods":[{"id":7,"name":"f","signature":[0,0]}],"version":"1.0.0"}"#,
        "section callCountProfiles, record 1: method 8 is not declared",
    );
    refuses(
        r#"{"version":"1.0.0","methods":[{"id":7,"name":"f","signature":[0,5]}],"types":[{"id":0,"name":"A"}]}"#,
        "table methods, entry 0: type 5 is not declared",
    );
}

#[test]
fn remembers_more_early_ids_than_places() {
    let entries: Vec<_> = (0..70_000).map(|id| format!(r#"{{"ctx":"{id}:0","records":[1]}}"#)).collect();
    let text = |last: u32| {
        let methods: Vec<_> = (0..last)
            .map(|id| format!(r#"{{"id":{id},"name":"f","signature":[0,0]}}"#))
            .collect();
        format!(
            r#"{{"callCountProfiles":[{}],"types":[{{"id":0,"name":"A"}}],"methods":[{}],"version":"1.0.0"}}"#,
            entries.join(","),
            methods.join(","),
        )
    };
    accepts(&text(70_000));
    refuses(&text(69_999), "table methods, entry 69999: method 69999 is not declared");
    refuses(&text(5), "section callCountProfiles, record 5: method 5 is not declared");
}

#[test]
fn refuses_malformed_contexts() {
    for context in [
        "", ":", "0", "0:", ":0", "0:0<", "<0:0", "0:0<<0:0", "a:0", "-1:0", "0:0,1:0", "0:0 ", " 0:0", "0:--1", "0:+1", "0:0<0",
    ] {
        refuses(
            &calls(&format!(r#"{{"ctx":"{context}","records":[1]}}"#)),
            "section callCountProfiles, record 1: the context is malformed",
        );
    }
    refuses(
        &calls(r#"{"ctx":"0:3","records":[1]}"#),
        "section callCountProfiles, record 1: the context of a call count must start at bytecode index 0",
    );
    refuses(
        &calls(r#"{"ctx":"0:0<0:2147483648","records":[1]}"#),
        "section callCountProfiles, record 1: the bytecode index does not fit in 32 bits",
    );
    accepts(&calls(r#"{"ctx":"0:0<0:-2147483648<00:2147483647","records":[1]}"#));
    for id in ["4294967296", "18446744073709551616", "99999999999999999999999999"] {
        refuses(
            &calls(&format!(r#"{{"ctx":"{id}:0","records":[1]}}"#)),
            "section callCountProfiles, record 1: the method id is not in 0..4294967296",
        );
    }
    refuses(
        &profile(r#""monitorProfiles":[{"ctx":"1:0","records":[0,1]}]"#),
        "section monitorProfiles, record 0: the context of a monitor entry must be \"0:0\"",
    );
}

#[test]
fn refuses_wrong_strides_and_counts() {
    for (section, records, expected) in [
        ("callCountProfiles", "", "0 values where one count are expected"),
        ("callCountProfiles", "1,2", "2 values where one count are expected"),
        ("samplingProfiles", "1,2", "2 values where one count are expected"),
        (
            "conditionalProfiles",
            "1,2",
            "2 values where triples of bytecode index, branch and count are expected",
        ),
        ("virtualInvokeProfiles", "0", "1 values where pairs of type and count are expected"),
        ("instanceofProfiles", "0,1,0", "3 values where pairs of type and count are expected"),
        ("monitorProfiles", "0,1,0", "3 values where pairs of type and count are expected"),
        ("callCountProfiles", "-1", "the count is not in 0..9223372036854775808"),
        ("conditionalProfiles", "1,0,1,2,0,-1", "the count is not in 0..9223372036854775808"),
        ("virtualInvokeProfiles", "0,-1", "the count is not in 0..9223372036854775808"),
        ("virtualInvokeProfiles", "-1,0", "the type id is not in 0..4294967296"),
        (
            "conditionalProfiles",
            "2147483648,0,1",
            "the bytecode index or branch does not fit in 32 bits",
        ),
    ] {
        refuses(
            &profile(&format!(r#""{section}":[{{"ctx":"0:0","records":[{records}]}}]"#)),
            &format!("section {section}, record 0: {expected}"),
        );
    }
    for count in ["1.0", "1e3", "\"1\"", "null", "[1]", "9223372036854775808", "NaN", "01"] {
        let text = calls(&format!(r#"{{"ctx":"0:0","records":[{count}]}}"#));
        let fault = check(text.as_bytes(), &Limits::default()).expect_err(count);
        assert_eq!(fault.category(), "syntax", "{count}: {fault}");
    }
}

#[test]
fn refuses_repeats() {
    let table = |types: &str, methods: &str| {
        format!(r#"{{"version":"1.0.0","types":[{types}],"methods":[{methods}],"callCountProfiles":[{{"ctx":"0:0","records":[1]}}]}}"#)
    };
    let (a, f) = (r#"{"id":0,"name":"A"}"#, r#"{"id":0,"name":"f","signature":[0,0]}"#);
    accepts(&table(a, f));
    refuses(&table(&format!("{a},{a}"), f), "table types, entry 1: id 0 is declared twice");
    refuses(&table(a, &format!("{f},{f}")), "table methods, entry 1: id 0 is declared twice");
    // The same name under two ids is two classes of one name, and one type.
    accepts(&table(&format!("{a},{}", r#"{"id":1,"name":"A"}"#), f));
    for (text, key) in [
        (table(r#"{"id":0,"id":1,"name":"A"}"#, f), "id"),
        (table(r#"{"id":0,"name":"A","name":"B"}"#, f), "name"),
        (table(a, r#"{"id":0,"name":"f","signature":[0,0],"signature":[0,0]}"#), "signature"),
        (calls(r#"{"ctx":"0:0","ctx":"0:0","records":[1]}"#), "ctx"),
        (calls(r#"{"ctx":"0:0","records":[1],"records":[1]}"#), "records"),
        (profile(r#""callCountProfiles":[],"callCountProfiles":[]"#), "callCountProfiles"),
        (profile(r#""instanceofProfiles":[],"instanceOfProfiles":[]"#), "instanceofProfiles"),
        (profile(r#""types":[]"#), "types"),
        (profile(r#""version":"1.0.0""#), "version"),
    ] {
        let fault = check(text.as_bytes(), &Limits::default()).expect_err(key).to_string();
        assert!(fault.ends_with(&format!("key {key:?} appears twice")), "{fault}");
    }
}

#[test]
fn refuses_missing_keys() {
    let rest = r#""callCountProfiles":[{"ctx":"0:0","records":[1]}]"#;
    let (types, methods) = (
        r#""types":[{"id":0,"name":"A"}]"#,
        r#""methods":[{"id":0,"name":"f","signature":[0,0]}]"#,
    );
    let version = r#""version":"1.0.0""#;
    accepts(&format!("{{{version},{types},{methods},{rest}}}"));
    refuses(&format!("{{{types},{methods},{rest}}}"), "required key \"version\" is missing");
    refuses(&format!("{{{version},{methods},{rest}}}"), "required key \"types\" is missing");
    refuses(&format!("{{{version},{types},{rest}}}"), "required key \"methods\" is missing");
    refuses("{}", "required key \"version\" is missing");
    refuses(&format!("{{{version},{types},{methods}}}"), "every section is empty");
    refuses(&profile(r#""callCountProfiles":[],"monitorProfiles":[]"#), "every section is empty");
    refuses(
        &calls(r#"{"records":[1]}"#),
        "section callCountProfiles, record 1: required key \"ctx\" is missing",
    );
    refuses(
        &calls(r#"{"ctx":"0:0"}"#),
        "section callCountProfiles, record 1: required key \"records\" is missing",
    );
    let table = |table: &str| format!("{{{version},{table}}}");
    refuses(
        &table(r#""types":[{"id":0}]"#),
        "table types, entry 0: required key \"name\" is missing",
    );
    refuses(
        &table(r#""types":[{"name":"A"}]"#),
        "table types, entry 0: required key \"id\" is missing",
    );
    refuses(
        &table(r#""methods":[{"id":0,"name":"f"}]"#),
        "table methods, entry 0: required key \"signature\" is missing",
    );
    refuses(
        &table(r#""methods":[{"id":0,"name":"f","signature":[0]}]"#),
        "table methods, entry 0: the signature needs a declaring type and a return type",
    );
}
