//! Whether an object looks as it shall: everything that was asked for is there, whatever the apiserver added.

use serde_json::Value;

/// Whether `live` has everything that `wanted` names.
pub(super) fn contains(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, wanted)| contains(live.get(name).unwrap_or(&Value::Null), wanted)),
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len() && live.iter().zip(wanted).all(|(live, wanted)| contains(live, wanted))
        }
        // What is empty is not kept.
        (Value::Null, Value::Object(wanted)) => wanted.is_empty(),
        (Value::Null, Value::Array(wanted)) => wanted.is_empty(),
        (Value::String(live), Value::String(wanted)) => live == wanted || quantity(live).is_some_and(|live| Some(live) == quantity(wanted)),
        (live, wanted) => live == wanted,
    }
}

/// A quantity in thousandths: the apiserver writes `1000m` as `1` and `1024Mi` as `1Gi`.
fn quantity(text: &str) -> Option<u128> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let number: u128 = text.get(..digits)?.parse().ok()?;
    let factor = match text.get(digits..)? {
        "m" => 1,
        "" => 1000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_apiserver_adds_or_spells_otherwise_is_no_difference() {
        let live = json!({"spec": {"a": 1, "added": true, "list": [{"x": 1, "y": 2}], "memory": "1Gi", "cpu": "1"}});
        for wanted in [
            json!({"spec": {"a": 1}}),
            json!({"spec": {"list": [{"x": 1}]}}),
            json!({"spec": {"memory": "1024Mi", "cpu": "1000m"}}),
            json!({"spec": {"none": {}, "nothing": []}}),
        ] {
            assert!(contains(&live, &wanted), "{wanted}");
        }
    }

    #[test]
    fn what_was_changed_or_taken_away_is_one() {
        let live = json!({"spec": {"a": 1, "list": [{"x": 1}, {"x": 2}], "memory": "1Gi"}});
        for wanted in [
            json!({"spec": {"a": 2}}),
            json!({"spec": {"b": 1}}),
            json!({"spec": {"list": [{"x": 1}]}}),
            json!({"spec": {"memory": "1025Mi"}}),
            json!({"spec": {"none": {"x": 1}}}),
        ] {
            assert!(!contains(&live, &wanted), "{wanted}");
        }
    }
}
