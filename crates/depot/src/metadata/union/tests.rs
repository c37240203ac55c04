use rstest::rstest;

use super::*;
use crate::metadata::{bounded, document};

fn set(text: &str) -> MetadataSet {
    document::read(text.as_bytes(), &bounded::ONE).unwrap()
}

fn union(texts: &[&str]) -> String {
    let mut union = MetadataSet::default();
    for text in texts {
        union.merge(set(text));
    }
    union.canonical()
}

const A: &str = r#"{"reflection":[{"type":"a.A","allDeclaredFields":true,"methods":[{"name":"f","parameterTypes":["int"]}]},
    {"type":"a.A","condition":{"typeReached":"a.C"},"unsafeAllocated":false}],"resources":[{"glob":"x/*"}]}"#;
const B: &str = r#"{"resources":[{"glob":"y"},{"glob":"x/*"}],"reflection":[{"methods":[{"name":"g","parameterTypes":[]},
    {"parameterTypes":["int"],"name":"f"}],"fields":[{"name":"z"}],"type":"a.A","allDeclaredFields":false}],
    "foreign":{"downcalls":[{"returnType":"int","parameterTypes":["int","long"]}]}}"#;

#[test]
fn joins_entries_of_one_condition_and_type() {
    let expected = concat!(
        r#"{"foreign":{"downcalls":[{"parameterTypes":["int","long"],"returnType":"int"}]},"#,
        r#""reflection":[{"condition":{"typeReached":"a.C"},"type":"a.A","unsafeAllocated":false},"#,
        r#"{"allDeclaredFields":true,"fields":[{"name":"z"}],"methods":[{"name":"f","parameterTypes":["int"]},"#,
        r#"{"name":"g","parameterTypes":[]}],"type":"a.A"}],"resources":[{"glob":"x/*"},{"glob":"y"}]}"#
    );
    assert_eq!(union(&[A, B]), expected);
}

#[test]
fn order_and_repetition_do_not_matter() {
    let both = union(&[A, B]);
    assert_eq!(union(&[B, A]), both);
    assert_eq!(union(&[A, B, A, "{}"]), both);
    assert_eq!(union(&[&both]), both, "the canonical form is its own");
}

#[test]
fn keeps_the_order_of_parameters_and_of_a_proxys_interfaces() {
    for list in [r#"["long","int"]"#, r#"["int","long"]"#] {
        let text = format!(r#"{{"foreign":{{"downcalls":[{{"parameterTypes":{list}}}]}},"reflection":[{{"type":{{"proxy":{list}}}}}]}}"#);
        assert_eq!(union(&[&text]).matches(list).count(), 2);
    }
    let proxies = [
        r#"{"reflection":[{"type":{"proxy":["A","B"]}}]}"#,
        r#"{"reflection":[{"type":{"proxy":["B","A"]}}]}"#,
    ];
    assert_eq!(union(&proxies).matches("proxy").count(), 2, "another order is another class");
}

#[test]
fn a_method_of_any_parameters_stays_beside_one_of_some() {
    let any = r#"{"reflection":[{"type":"A","methods":[{"name":"f"}]}]}"#;
    let none = r#"{"reflection":[{"type":"A","methods":[{"name":"f","parameterTypes":[]}]}]}"#;
    let expected = r#"{"reflection":[{"methods":[{"name":"f","parameterTypes":[]},{"name":"f"}],"type":"A"}]}"#;
    assert_eq!(union(&[none, any]), expected);
}

#[test]
fn every_section_of_every_version_is_kept() {
    let text = concat!(
        r#"{"bundles":[{"locales":["de","en"],"name":"m"}],"#,
        r#""foreign":{"directUpcalls":[{"class":"A","method":"f","returnType":"void"}],"#,
        r#""downcalls":[{"options":{"captureCallState":true,"critical":{"allowHeapAccess":true},"firstVariadicArg":1},"returnType":"int"}],"#,
        r#""upcalls":[{"parameterTypes":["int"]}]},"#,
        r#""jni":[{"allDeclaredMethods":true,"fields":[{"name":"x"}],"type":"A"}],"#,
        r#""reflection":[{"jniAccessible":true,"serializable":true,"type":"A"},"#,
        r#"{"type":{"lambda":{"declaringClass":"A","declaringMethod":{"name":"f"},"interfaces":["I"]}}}],"#,
        r#""resources":[{"bundle":"m","module":"n"},{"glob":"x","module":"n"}],"#,
        r#""serialization":[{"customTargetConstructorClass":"B","type":"A"}]}"#
    );
    assert_eq!(union(&[text]), text);
}

#[test]
fn a_bundle_in_all_locales_is_not_narrowed_by_one_in_some() {
    let all = r#"{"bundles":[{"name":"m"}]}"#;
    let some = r#"{"bundles":[{"name":"m","locales":["en"]}]}"#;
    let others = r#"{"bundles":[{"name":"m","locales":["de"],"classNames":["m_fr"]}]}"#;
    let none = r#"{"bundles":[{"locales":[],"name":"m"}]}"#;
    let expected = r#"{"bundles":[{"name":"m"},{"classNames":["m_fr"],"locales":["de","en"],"name":"m"}]}"#;
    assert_eq!(union(&[some, all, none, others]), expected);
    assert_eq!(union(&[none]), none, "none is not all");
}

#[test]
fn a_reachable_type_is_no_condition_of_the_new_form() {
    let old = r#"{"reflection":[{"type":"A","condition":{"typeReachable":"C"},"unsafeAllocated":true}]}"#;
    let new = r#"{"reflection":[{"type":"A","condition":{"typeReached":"C"}}]}"#;
    let bare = r#"{"reflection":[{"type":"A","condition":{}}]}"#;
    let expected = r#"{"reflection":[{"condition":{"typeReached":"C"},"type":"A"},{"type":"A","unsafeAllocated":true}]}"#;
    assert_eq!(union(&[old, new, bare]), expected);
}

#[test]
fn remarks_are_dropped() {
    let text = r#"{"$schema":"s","comment":["a","b"],"reflection":[{"reason":"r","type":"A"},{"reason":["s"],"type":"A"}]}"#;
    assert_eq!(union(&[text]), r#"{"reflection":[{"type":"A"}]}"#);
}

#[test]
fn what_the_schema_does_not_name_is_kept() {
    let left = r#"{"reflection":[{"type":"A","future":true,"order":[2,1]}],"ducks":[{"name":"d"},3]}"#;
    let right = r#"{"reflection":[{"type":"A","future":false,"order":[2,1]}],"ducks":[3],"ponds":{"deep":[1]}}"#;
    let expected = r#"{"ducks":[3,{"name":"d"}],"ponds":{"deep":[1]},"reflection":[{"future":true,"order":[2,1],"type":"A"}]}"#;
    assert_eq!(union(&[left, right]), expected);
}

#[test]
fn the_empty_set_is_valid() {
    assert_eq!(union(&["{}"]), "{}");
    assert_eq!(union(&[r#"{"reflection":[],"foreign":{"upcalls":[]},"comment":"x"}"#]), "{}");
}

#[rstest]
#[case::empty("", "Syntax")]
#[case::list("[]", "Schema")]
#[case::deep(r#"{"reflection":[{"type":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}]}"#, "Limit")]
#[case::section_of_another_kind(r#"{"reflection":{"type":"A"}}"#, "Schema")]
#[case::section_without_entries(r#"{"reflection":"A"}"#, "Schema")]
#[case::unknown_word(r#"{"future":"A"}"#, "Schema")]
#[case::word_in_a_group(r#"{"future":{"a":{"b":1}}}"#, "Schema")]
#[case::foreign_of_another_kind(r#"{"foreign":[]}"#, "Schema")]
#[case::foreign_word(r#"{"foreign":{"downcalls":1}}"#, "Schema")]
#[case::entry_of_another_kind(r#"{"reflection":["A"]}"#, "Schema")]
#[case::no_type(r#"{"reflection":[{"name":"A"}]}"#, "Schema")]
#[case::no_proxy(r#"{"jni":[{"type":{"proxy":"A"}}]}"#, "Schema")]
#[case::no_glob(r#"{"resources":[{"pattern":"A"}]}"#, "Schema")]
#[case::no_name(r#"{"bundles":[{"bundle":"A"}]}"#, "Schema")]
#[case::locale(r#"{"bundles":[{"name":"A","locales":[1]}]}"#, "Schema")]
#[case::flag(r#"{"reflection":[{"type":"A","allDeclaredFields":"yes"}]}"#, "Schema")]
#[case::method(r#"{"reflection":[{"type":"A","methods":["f"]}]}"#, "Schema")]
#[case::parameters(r#"{"reflection":[{"type":"A","methods":[{"name":"f","parameterTypes":"int"}]}]}"#, "Schema")]
#[case::condition(r#"{"reflection":[{"type":"A","condition":"C"}]}"#, "Schema")]
#[case::conditions(r#"{"reflection":[{"type":"A","condition":{"typeReached":"C","typeReachable":"C"}}]}"#, "Schema")]
fn refuses(#[case] text: &str, #[case] reason: &str) {
    let refused = document::read(text.as_bytes(), &bounded::ONE).unwrap_err();
    assert_eq!(refused.reason, reason, "{refused:?}");
}

#[test]
fn too_many_entries_are_refused() {
    let members = ",{\"name\":\"x\"}".repeat(bounded::ONE.entries);
    let text = format!(r#"{{"reflection":[{{"type":"A","fields":[{{"name":"y"}}{members}]}}]}}"#);
    let refused = document::read(text.as_bytes(), &bounded::ONE).unwrap_err();
    assert_eq!(refused.message, "more than 200000 entries");
}

#[test]
fn a_union_that_no_fold_could_read_is_refused() {
    let names = |from: usize| {
        (from..from + 199_000)
            .map(|name| format!("\"{name}\""))
            .collect::<Vec<_>>()
            .join(",")
    };
    let part = |from| format!(r#"{{"future":[{}]}}"#, names(from));
    let mut union = MetadataSet::default();
    for step in 0..4 {
        union.merge(set(&part(step * 199_000)));
        assert_eq!(union.check_size(), Ok(()));
    }
    union.merge(set(&part(4 * 199_000)));
    assert_eq!(union.check_size().unwrap_err().reason, "Limit");
}
