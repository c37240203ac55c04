//! The Service that users call: a name for the gateway, so that there are no endpoints to keep and none to be stale.

use anneal_core::names;
use serde_json::{Value, json};

use super::{Site, meta};

/// `<name>.<namespace>` leads to the gateway, which tells functions apart by the host.
pub(super) fn public(site: Site<'_>) -> Value {
    let gateway = &site.config.gateway_service;
    let host = format!("{}.{}.svc.{}", gateway.name, gateway.namespace, site.config.cluster_domain);
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta::metadata(site, &names::public_service(&site.function.name), &meta::labels(site, "route")),
        "spec": {"type": "ExternalName", "externalName": host},
    })
}
