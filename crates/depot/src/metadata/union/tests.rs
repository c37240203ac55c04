use rstest::rstest;

use super::*;

fn set(text: &str) -> MetadataSet {
    MetadataSet::parse(text.as_bytes()).unwrap()
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
fn keeps_the_order_of_parameters() {
    let text = r#"{"foreign":{"downcalls":[{"parameterTypes":["long","int"]},{"parameterTypes":["int","long"]}]}}"#;
    assert!(union(&[text]).contains(r#"["long","int"]"#));
}

#[test]
fn the_empty_set_is_valid() {
    assert_eq!(union(&["{}"]), "{}");
    assert_eq!(union(&[r#"{"reflection":[],"foreign":{"upcalls":[]},"comment":"x"}"#]), "{}");
}

#[rstest]
#[case("", "Syntax")]
#[case("{", "Syntax")]
#[case("[]", "Schema")]
#[case(r#"{"reflection":[{"type":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}]}"#, "Limit")]
fn refuses(#[case] text: &str, #[case] reason: &str) {
    assert_eq!(MetadataSet::parse(text.as_bytes()).unwrap_err().reason, reason);
}

#[test]
fn a_bomb_of_brackets_ends_in_a_rejection() {
    for open in ["[", r#"{"a":"#, r#"[{"a":"#] {
        assert!(MetadataSet::parse(open.repeat(100_000).as_bytes()).is_err());
    }
}
