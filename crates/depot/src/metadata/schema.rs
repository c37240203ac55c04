//! Owns the schema of `reachability-metadata.json`, versions 1.0 to 1.2, as far as the union needs it: an entry that no
//! image builder could read is refused with the pod that brought it, before it spoils the union of all.
//!
//! `lambdaCapturingTypes` is no section of the schema but one of ours, see [`super::legacy`].
//!
//! Conditions: `typeReached` stays. `typeReachable` is dropped, and its entry holds without a condition: the builders that read
//! the new form refuse that word, and `typeReached`, which asks for more, could take a registration away. `reason`s and the
//! top level's `comment` and `$schema` are remarks and dropped, so that they do not change a digest.
//!
//! Sections and keys that the schema does not name are kept: lists as sets of entries, objects as groups of lists, fields of
//! entries by the rules of [`super::union`]. Anything else at the top level has no union and is refused.

use serde_json::{Map, Value};

use crate::fold::Rejection;

/// Top-level keys that register nothing.
const REMARKS: [&str; 3] = ["$schema", "comment", "reason"];

/// Keys of an entry for a type that are flags.
const FLAGS: [&str; 9] = [
    "allDeclaredConstructors",
    "allDeclaredFields",
    "allDeclaredMethods",
    "allPublicConstructors",
    "allPublicFields",
    "allPublicMethods",
    "jniAccessible",
    "serializable",
    "unsafeAllocated",
];

/// Whether a top-level key is a remark.
pub(super) fn is_remark(key: &str) -> bool {
    REMARKS.contains(&key)
}

/// Checks that a section has the kind of value that it must have.
pub(super) fn check_section(key: &str, value: &Value) -> Result<(), Rejection> {
    let fits = match key {
        known if is_known(known) => value.is_array(),
        "foreign" => value.as_object().is_some_and(|group| group.values().all(Value::is_array)),
        _ => value.is_array() || value.is_object(),
    };
    if fits {
        Ok(())
    } else {
        Err(refuse(key, "the section has a wrong kind of value"))
    }
}

/// Checks an entry of a section, and brings it into the form whose text is its identity.
pub(super) fn normalize(section: &str, entry: &mut Map<String, Value>) -> Result<(), Rejection> {
    entry.remove("reason");
    normalize_condition(section, entry)?;
    match section {
        "reflection" | "jni" => {
            check_type(section, entry)?;
            check_members(section, entry)
        }
        "serialization" => check_type(section, entry),
        "resources" => require_text(section, entry, &["glob", "bundle"]),
        "lambdaCapturingTypes" => require_text(section, entry, &["name"]),
        "bundles" => {
            require_text(section, entry, &["name"])?;
            for key in ["locales", "classNames"] {
                check_list(section, entry, key, Value::is_string)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether entries of the section must be objects.
pub(super) fn is_known(section: &str) -> bool {
    matches!(
        section,
        "reflection" | "jni" | "serialization" | "resources" | "bundles" | "lambdaCapturingTypes"
    )
}

pub(super) fn refuse(section: &str, what: &str) -> Rejection {
    let section: String = section.chars().take(40).collect();
    Rejection::new("Schema", format!("section {section:?}: {what}"))
}

fn normalize_condition(section: &str, entry: &mut Map<String, Value>) -> Result<(), Rejection> {
    let Some(condition) = entry.get_mut("condition") else {
        return Ok(());
    };
    let Value::Object(terms) = condition else {
        return Err(refuse(section, "a condition is not an object"));
    };
    if terms.contains_key("typeReachable") && terms.contains_key("typeReached") {
        return Err(refuse(section, "a condition has typeReachable and typeReached"));
    }
    terms.remove("typeReachable");
    if terms.is_empty() {
        entry.remove("condition");
    }
    Ok(())
}

/// A name, the interfaces of a proxy, or what describes a lambda.
fn check_type(section: &str, entry: &Map<String, Value>) -> Result<(), Rejection> {
    let fits = match entry.get("type") {
        Some(Value::String(_)) => true,
        Some(Value::Object(kind)) => kind.get("proxy").is_none_or(is_list_of_texts),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(refuse(section, "an entry has no valid type"))
    }
}

fn is_list_of_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

fn check_members(section: &str, entry: &Map<String, Value>) -> Result<(), Rejection> {
    for key in FLAGS {
        if entry.get(key).is_some_and(|flag| !flag.is_boolean()) {
            return Err(refuse(section, "a flag is neither true nor false"));
        }
    }
    let is_named = |member: &Value| {
        let parameters = member.get("parameterTypes");
        member.get("name").is_some_and(Value::is_string) && parameters.is_none_or(is_list_of_texts)
    };
    check_list(section, entry, "methods", is_named)?;
    check_list(section, entry, "fields", is_named)
}

fn check_list(section: &str, entry: &Map<String, Value>, key: &str, fits: impl Fn(&Value) -> bool) -> Result<(), Rejection> {
    match entry.get(key) {
        None => Ok(()),
        Some(Value::Array(items)) if items.iter().all(fits) => Ok(()),
        Some(_) => Err(refuse(section, &format!("{key:?} is not a list of what belongs there"))),
    }
}

fn require_text(section: &str, entry: &Map<String, Value>, keys: &[&str]) -> Result<(), Rejection> {
    if keys.iter().any(|key| entry.get(*key).is_some_and(Value::is_string)) {
        return Ok(());
    }
    Err(refuse(section, &format!("an entry has no {}", keys.join(" or "))))
}
