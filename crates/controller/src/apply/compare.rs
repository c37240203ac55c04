//! Whether an object looks as it shall: everything that was asked for is there, whatever the apiserver or somebody else added.
//!
//! Items of others in a list that is merged by a key are theirs: an apply would not take them away, so they are no reason for one.

use serde_json::Value;

/// Whether `live` has everything that `wanted` names.
pub(super) fn contains(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted.iter().all(|(name, wanted)| {
            let live = live.get(name).unwrap_or(&Value::Null);
            match (live, wanted) {
                (Value::Array(live), Value::Array(wanted)) => has_items(name, live, wanted),
                _ => contains(live, wanted),
            }
        }),
        (Value::Array(live), Value::Array(wanted)) => has_items("", live, wanted),
        // What is empty is not kept.
        (Value::Null, Value::Object(wanted)) => wanted.is_empty(),
        (Value::Null, Value::Array(wanted)) => wanted.is_empty(),
        (Value::String(live), Value::String(wanted)) => live == wanted || quantity(live).is_some_and(|live| Some(live) == quantity(wanted)),
        (live, wanted) => live == wanted,
    }
}

/// A list that is merged by a key must have our items, wherever they stand; any other must be ours as a whole.
fn has_items(list: &str, live: &[Value], wanted: &[Value]) -> bool {
    let in_order = || live.len() == wanted.len() && live.iter().zip(wanted).all(|(live, wanted)| contains(live, wanted));
    let by_key = || {
        wanted.iter().all(|wanted| {
            let keys = keys(list, wanted);
            let is_same = |live: &&Value| keys.iter().all(|key| live.get(key) == wanted.get(key));
            !keys.is_empty() && live.iter().find(is_same).is_some_and(|live| contains(live, wanted))
        })
    };
    in_order() || (!wanted.is_empty() && by_key())
}

/// The fields that tell the items of a list apart, as the apiserver merges it; none for a list that is replaced as a whole.
fn keys(list: &str, item: &Value) -> &'static [&'static str] {
    match list {
        "containers" | "initContainers" | "volumes" | "env" => &["name"],
        "volumeMounts" => &["mountPath"],
        "ownerReferences" => &["uid"],
        // Of a container, and of a Service; those of a NetworkPolicy are one value.
        "ports" if item.get("containerPort").is_some() => &["containerPort", "protocol"],
        "ports" if item.get("targetPort").is_some() => &["port", "protocol"],
        _ => &[],
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
    fn what_others_added_beside_ours_is_no_difference() {
        let live = json!({"containers": [
            {"name": "sidecar"},
            {"name": "ours", "env": [{"name": "THEIRS", "value": "1"}, {"name": "A", "value": "1"}], "ports": [{"containerPort": 1, "protocol": "TCP"}, {"containerPort": 2, "protocol": "TCP"}]},
        ]});
        let env = |value: &str| json!({"containers": [{"name": "ours", "env": [{"name": "A", "value": value}]}]});
        assert!(contains(&live, &env("1")));
        assert!(!contains(&live, &env("2")), "ours was changed");
        assert!(contains(
            &live,
            &json!({"containers": [{"name": "ours", "ports": [{"containerPort": 2, "protocol": "TCP"}]}]})
        ));
        assert!(
            !contains(&live, &json!({"containers": [{"name": "ours", "env": [{"name": "B"}]}]})),
            "ours was taken away"
        );
    }

    #[test]
    fn a_list_that_is_replaced_as_a_whole_has_nothing_of_others() {
        let live = json!({"egress": [{"to": []}, {}], "args": ["a", "b"], "ports": [{"port": 1}, {"port": 2}]});
        for wanted in [
            json!({"egress": [{"to": []}]}),
            json!({"args": ["a"]}),
            json!({"ports": [{"port": 1}]}),
        ] {
            assert!(!contains(&live, &wanted), "{wanted}");
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
