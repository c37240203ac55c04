//! The `CustomResourceDefinition` as it is published in `crds/`: what `kube` derives, put into the form the API conventions ask for.

use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use crate::v1alpha1::Function;

/// The definition of the Function resource.
pub fn function() -> Value {
    let mut definition = serde_json::to_value(Function::crd()).expect("a definition is plain data");
    for version in definition["spec"]["versions"].as_array_mut().into_iter().flatten() {
        tidy(&mut version["schema"]["openAPIV3Schema"]);
        bound_conditions(&mut version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["conditions"]);
    }
    definition
}

/// Optional is not nullable, and bounds of integers are integers.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.remove("nullable");
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            if members.get("type") == Some(&json!("integer")) {
                whole_bounds(members);
            }
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn whole_bounds(members: &mut Map<String, Value>) {
    for bound in ["minimum", "maximum"] {
        if let Some(value) = members.get_mut(bound)
            && let Some(number) = value.as_f64()
        {
            #[expect(clippy::cast_possible_truncation, reason = "bounds are written as whole numbers below 2^53")]
            let whole = number as i64;
            *value = json!(whole);
        }
    }
}

/// The limits that `metav1.Condition` has upstream and the derived schema lacks.
fn bound_conditions(conditions: &mut Value) {
    let properties = &mut conditions["items"]["properties"];
    merge(
        &mut properties["type"],
        &json!({"maxLength": 316, "pattern": r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"}),
    );
    merge(&mut properties["status"], &json!({"enum": ["True", "False", "Unknown"]}));
    merge(
        &mut properties["reason"],
        &json!({"minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"}),
    );
    merge(&mut properties["message"], &json!({"maxLength": 32768}));
    merge(&mut properties["observedGeneration"], &json!({"minimum": 0}));
}

fn merge(target: &mut Value, extra: &Value) {
    if let (Some(target), Some(extra)) = (target.as_object_mut(), extra.as_object()) {
        target.extend(extra.clone());
    }
}
