//! Names, labels and owners of children.

use std::collections::BTreeMap;

use anneal_api::names::{GROUP, LABEL_COMPONENT, LABEL_FUNCTION, LABEL_INSTANCE, LABEL_MANAGED_BY, LABEL_NAME};
use anneal_core::names;
use serde_json::{Value, json};

use super::Site;

/// Labels of every child. The Function's own are never copied: a deployment tool's label would make it claim the child.
pub(super) fn labels(site: Site<'_>, component: &str) -> BTreeMap<String, String> {
    let pairs = [
        (LABEL_NAME, "anneal-function"),
        (LABEL_INSTANCE, site.function.name.as_str()),
        (LABEL_COMPONENT, component),
        (LABEL_MANAGED_BY, "anneal"),
        (LABEL_FUNCTION, site.function.name.as_str()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Selects every child of a Function.
pub fn selector(function: &str) -> String {
    format!("{LABEL_FUNCTION}={function},{LABEL_MANAGED_BY}=anneal")
}

/// Metadata of a child, owned by its Function.
pub(super) fn metadata(site: Site<'_>, name: &str, labels: &BTreeMap<String, String>) -> Value {
    json!({
        "name": name,
        "namespace": site.function.namespace,
        "labels": labels,
        "ownerReferences": [{
            "apiVersion": format!("{GROUP}/v1alpha1"),
            "kind": "Function",
            "name": site.function.name,
            "uid": site.function.uid,
            "controller": true,
            "blockOwnerDeletion": true,
        }],
    })
}

/// The account of a Function's pods: without rights, it only proves to the depot whose pods they are.
pub(super) fn service_account(site: Site<'_>) -> Value {
    let name = names::service_account(&site.function.name);
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(site, &name, &labels(site, "account")),
        "automountServiceAccountToken": false,
    })
}
