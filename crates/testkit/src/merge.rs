//! Patches. Server-side apply is taken as: the fields of the patch win, lists are replaced, what is not named stays.

use serde_json::Value;

/// Puts a patch over an object; `null` removes.
pub(crate) fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(serde_json::Map::new());
    }
    for (name, value) in fields {
        if value.is_null() {
            object.as_object_mut().and_then(|object| object.remove(name));
        } else {
            merge(&mut object[name], value);
        }
    }
}
