//! Rules of the schema: what a user may write and is told otherwise.

use serde_json::{Value, json};

use super::Function;
use crate::definition;

#[expect(clippy::needless_pass_by_value, reason = "reads best with a literal")]
fn function(spec: Value) -> Value {
    json!({"apiVersion": "anneal.dev/v1alpha1", "kind": "Function", "metadata": {"name": "hello"}, "spec": spec})
}

/// What the rules say of a new object; empty when nothing is wrong.
fn broken_rules(object: Value) -> String {
    let function: Function = serde_json::from_value(object).expect("the object has the shape of a Function");
    kube::core::cel::validate_cel(&function)
        .err()
        .map(|errors| format!("{errors:?}"))
        .unwrap_or_default()
}

fn from_config_map() -> Value {
    json!({"configMap": {"name": "hello-jar", "key": "app.jar"}})
}

#[test]
fn accepts_the_smallest_manifest() {
    assert_eq!(broken_rules(function(json!({"source": from_config_map()}))), "");
}

#[test]
fn demands_exactly_one_source() {
    assert!(broken_rules(function(json!({"source": {}}))).contains("source must have exactly one"));
    let digest = "0".repeat(64);
    let two = json!({"configMap": {"name": "a", "key": "b"}, "s3": {"key": "a.jar", "sha256": digest}});
    assert!(broken_rules(function(json!({"source": two}))).contains("source must have exactly one"));
}

#[test]
fn refuses_keys_that_leave_the_uploads_of_the_namespace() {
    for key in ["../other/a.jar", "a//b.jar", "/a.jar", "./a.jar"] {
        let source = json!({"s3": {"key": key, "sha256": "0".repeat(64)}});
        assert!(
            broken_rules(function(json!({"source": source}))).contains("key must not have"),
            "{key}"
        );
    }
}

#[test]
fn refuses_names_that_children_could_not_carry() {
    for (name, accepted) in [("a", true), ("a-1", true), ("1a", false), ("a-", false), ("a.b", false)] {
        let mut object = function(json!({"source": from_config_map()}));
        object["metadata"]["name"] = json!(name);
        assert_eq!(broken_rules(object).is_empty(), accepted, "{name}");
    }
    let mut object = function(json!({"source": from_config_map()}));
    object["metadata"]["name"] = json!("a".repeat(37));
    assert!(broken_rules(object).contains("at most 36"));
}

#[test]
fn refuses_a_minimum_of_profiles_above_the_maximum() {
    let spec = json!({"source": from_config_map(), "pipeline": {"profiles": {"min": 3, "max": 2}}});
    assert!(broken_rules(function(spec)).contains("must not exceed"));
}

#[test]
fn refuses_variables_that_are_the_operators_or_have_two_values() {
    for (variable, message) in [
        (json!({"name": "PORT", "value": "1"}), "the operator's"),
        (json!({"name": "ANNEAL_X", "value": "1"}), "the operator's"),
        (json!({"name": "A"}), "exactly one"),
        (
            json!({"name": "A", "value": "1", "secretKeyRef": {"name": "s", "key": "k"}}),
            "exactly one",
        ),
    ] {
        let spec = json!({"source": from_config_map(), "env": [variable]});
        assert!(broken_rules(function(spec)).contains(message), "{message}");
    }
}

#[test]
fn every_string_number_and_list_of_the_spec_is_bounded() {
    let definition = definition::function();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    let mut faults = Vec::new();
    lint(&schema["spec"], "spec", &mut faults);
    lint(&schema["status"], "status", &mut faults);
    assert!(faults.is_empty(), "{faults:#?}");
}

fn lint(schema: &Value, path: &str, faults: &mut Vec<String>) {
    match schema["type"].as_str() {
        Some("string") if schema.get("enum").is_none() && schema["format"] != "date-time" && schema.get("maxLength").is_none() => {
            faults.push(format!("{path}: a string without maxLength"));
        }
        Some("integer") => {
            if path.starts_with("spec") && (schema.get("minimum").is_none() || schema.get("maximum").is_none()) {
                faults.push(format!("{path}: an integer without bounds"));
            }
            if schema["format"].as_str().is_some_and(|format| format.starts_with("uint")) {
                faults.push(format!("{path}: an unsigned integer"));
            }
        }
        Some("number") => faults.push(format!("{path}: a float")),
        Some("array") => {
            if schema.get("maxItems").is_none() {
                faults.push(format!("{path}: a list without maxItems"));
            }
            if path.starts_with("spec") && schema.get("x-kubernetes-list-type").is_none() {
                faults.push(format!("{path}: a list without a type"));
            }
        }
        _ => {}
    }
    if schema.get("nullable").is_some() {
        faults.push(format!("{path}: nullable"));
    }
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        lint(child, &format!("{path}.{name}"), faults);
    }
    if schema.get("items").is_some() {
        lint(&schema["items"], &format!("{path}[]"), faults);
    }
}
