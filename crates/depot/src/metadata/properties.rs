//! The laws of the union, on generated documents, against what a document grants.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{bounded, document, union::MetadataSet};

fn set(document: &Value) -> MetadataSet {
    document::read(document.to_string().as_bytes(), &bounded::ONE).expect("generated documents are valid")
}

fn union<'a>(documents: impl IntoIterator<Item = &'a Value>) -> String {
    let mut union = MetadataSet::default();
    for document in documents {
        union.merge(set(document));
    }
    union.canonical()
}

/// A field that is there or not.
fn maybe(key: &'static str, value: impl Strategy<Value = Value>) -> impl Strategy<Value = Option<(String, Value)>> {
    proptest::option::of(value.prop_map(move |value| (key.to_owned(), value)))
}

fn word() -> impl Strategy<Value = Value> {
    select(vec!["a", "b", "ü\"\\"]).prop_map(Value::from)
}

fn words() -> impl Strategy<Value = Value> {
    vec(word(), 0..3).prop_map(Value::from)
}

fn kind() -> impl Strategy<Value = Value> {
    prop_oneof![word(), words().prop_map(|interfaces| json!({ "proxy": interfaces }))]
}

fn condition() -> impl Strategy<Value = Option<(String, Value)>> {
    let reached = word().prop_map(|name| json!({ "typeReached": name }));
    maybe("condition", prop_oneof![reached, Just(json!({}))])
}

fn flag() -> impl Strategy<Value = Value> {
    any::<bool>().prop_map(Value::from)
}

fn member() -> impl Strategy<Value = Value> {
    (word(), maybe("parameterTypes", words())).prop_map(|(name, parameters)| {
        let fields = [("name".to_owned(), name)].into_iter().chain(parameters);
        Value::Object(fields.collect())
    })
}

fn object(fields: Vec<Option<(String, Value)>>) -> Value {
    Value::Object(fields.into_iter().flatten().collect())
}

fn type_entry() -> impl Strategy<Value = Value> {
    let methods = vec(member(), 0..3).prop_map(Value::from);
    (
        kind(),
        condition(),
        maybe("unsafeAllocated", flag()),
        maybe("future", flag()),
        maybe("methods", methods),
    )
        .prop_map(|(kind, condition, known, unknown, methods)| {
            object(vec![Some(("type".to_owned(), kind)), condition, known, unknown, methods])
        })
}

fn bundle() -> impl Strategy<Value = Value> {
    (word(), maybe("locales", words()), maybe("classNames", words()))
        .prop_map(|(name, locales, classes)| object(vec![Some(("name".to_owned(), name)), locales, classes]))
}

fn a_document() -> impl Strategy<Value = Value> {
    let glob = word().prop_map(|glob| json!({ "glob": glob }));
    let section = |name, entry: BoxedStrategy<Value>| maybe(name, vec(entry, 0..4).prop_map(Value::from));
    let foreign = vec(words().prop_map(|types| json!({ "parameterTypes": types })), 0..2);
    (
        section("reflection", type_entry().boxed()),
        section("jni", type_entry().boxed()),
        section("resources", glob.boxed()),
        section("bundles", bundle().boxed()),
        section("future", prop_oneof![word(), words()].boxed()),
        maybe("foreign", foreign.prop_map(|calls| json!({ "upcalls": calls }))),
    )
        .prop_map(|(reflection, jni, resources, bundles, future, foreign)| {
            object(vec![reflection, jni, resources, bundles, future, foreign])
        })
}

/// Everything that a document grants, one line each, found without the union's rules: a path, and at its end an entry,
/// a flag that is true, or a member.
fn grants(document: &Value) -> BTreeSet<String> {
    let mut grants = BTreeSet::new();
    for (section, value) in document.as_object().expect("documents are objects") {
        match value {
            Value::Object(group) => group
                .iter()
                .for_each(|(name, list)| grant(&format!("{section}/{name}"), list, &mut grants)),
            list => grant(section, list, &mut grants),
        }
    }
    grants
}

fn grant(section: &str, list: &Value, grants: &mut BTreeSet<String>) {
    for entry in list.as_array().expect("sections are lists") {
        let Value::Object(fields) = entry else {
            grants.insert(format!("{section}: {entry}"));
            continue;
        };
        let mut fields = fields.clone();
        fields.retain(|key, value| key != "condition" || value != &json!({}));
        let is_member = |key: &str| matches!(key, "methods" | "fields" | "locales" | "classNames");
        let named: Map<String, Value> = fields
            .clone()
            .into_iter()
            .filter(|(key, value)| !value.is_boolean() && !is_member(key))
            .collect();
        let narrowed = fields.contains_key("locales") || fields.contains_key("classNames");
        let entry = format!("{section}: {} {narrowed}", Value::Object(named));
        for (key, value) in &fields {
            match value {
                Value::Bool(true) => drop(grants.insert(format!("{entry} {key}"))),
                Value::Array(members) if is_member(key) => {
                    grants.extend(members.iter().map(|member| format!("{entry} {key} {member}")));
                }
                _ => {}
            }
        }
        grants.insert(entry);
    }
}

proptest! {
    #[test]
    fn the_union_grants_what_either_grants(left in a_document(), right in a_document()) {
        let merged: Value = serde_json::from_str(&union([&left, &right])).expect("the canonical form is JSON");
        let either: BTreeSet<String> = grants(&left).union(&grants(&right)).cloned().collect();
        prop_assert_eq!(grants(&merged), either);
    }

    #[test]
    fn is_commutative_and_associative(documents in vec(a_document(), 1..5), turn in 0..5_usize) {
        let all = union(&documents);
        let mut other = documents.clone();
        other.rotate_left(turn % documents.len());
        prop_assert_eq!(&union(&other), &all);
        let (head, tail) = documents.split_at(turn % documents.len());
        let mut grouped = MetadataSet::default();
        for part in [tail, head] {
            let mut sum = MetadataSet::default();
            for document in part {
                sum.merge(set(document));
            }
            grouped.merge(sum);
        }
        prop_assert_eq!(grouped.canonical(), all);
    }

    #[test]
    fn is_idempotent_and_has_an_identity(document in a_document()) {
        let once = union([&document]);
        prop_assert_eq!(&union([&document, &document]), &once);
        prop_assert_eq!(&union([&json!({}), &document, &json!({})]), &once);
    }

    #[test]
    fn the_canonical_form_is_its_own(document in a_document()) {
        let once = union([&document]);
        let read = document::read(once.as_bytes(), &bounded::MERGED).expect("the canonical form is valid");
        prop_assert_eq!(read.canonical(), once);
    }

    #[test]
    fn no_text_ends_in_a_panic(text in "[\\[\\]{}:,\"a0-9truefalsn]{0,64}") {
        if let Ok(set) = document::read(text.as_bytes(), &bounded::ONE) {
            prop_assert_eq!(set.check_size(), Ok(()));
        }
    }
}
