//! Label selectors, as far as this operator writes them.

use serde_json::Value;

/// Whether an object's labels fit `name`, `name=value` or several of them separated by commas.
pub(crate) fn matches(object: &Value, selector: &str) -> bool {
    let label = |name: &str| {
        object
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(name))
            .and_then(Value::as_str)
    };
    selector
        .split(',')
        .filter(|term| !term.is_empty())
        .all(|term| match term.split_once('=') {
            Some((name, value)) => label(name) == Some(value),
            None => label(term).is_some(),
        })
}
