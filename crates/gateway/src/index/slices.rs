//! What an EndpointSlice says of executors, and what no slice may say. Pure.

use std::net::{IpAddr, SocketAddr};

use anneal_api::names::{LABEL_DEPLOYMENT, LABEL_WINDOWS};
use anneal_protocol::{AGENT_PORT, FUNCTION_PORT};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use super::DeploymentId;
use crate::endpoint::EndpointId;

/// Name of the agent's port in a slice that has another than the usual one.
const AGENT_PORT_NAME: &str = "agent";

/// One endpoint of one slice.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) id: EndpointId,
    pub(super) agent: SocketAddr,
    pub(super) available: bool,
    pub(super) windows: bool,
}

pub(super) fn name_of(slice: &EndpointSlice) -> Option<(String, String)> {
    Some((slice.metadata.namespace.clone()?, slice.metadata.name.clone()?))
}

pub(super) fn deployment_of(slice: &EndpointSlice) -> Option<DeploymentId> {
    let deployment = slice.metadata.labels.as_ref()?.get(LABEL_DEPLOYMENT)?;
    Some((slice.metadata.namespace.clone()?, deployment.clone()))
}

pub(super) fn list(slice: &EndpointSlice, id: &DeploymentId) -> Vec<Listed> {
    let ports = slice.ports.iter().flatten();
    let named = |name: &str| {
        ports
            .clone()
            .find(|port| port.name.as_deref() == Some(name))
            .and_then(|port| u16::try_from(port.port?).ok())
    };
    let agent = named(AGENT_PORT_NAME).unwrap_or(AGENT_PORT);
    let function = ports
        .clone()
        .filter(|port| port.name.as_deref() != Some(AGENT_PORT_NAME))
        .find_map(|port| u16::try_from(port.port?).ok())
        .filter(|port| *port != agent);
    let windows = slice
        .metadata
        .labels
        .as_ref()
        .and_then(|labels| labels.get(LABEL_WINDOWS))
        .is_some_and(|value| value == "true");
    let endpoints = slice.endpoints.iter();
    endpoints
        .filter_map(|endpoint| listed(endpoint, id, function.unwrap_or(FUNCTION_PORT), agent, windows))
        .collect()
}

fn listed(endpoint: &Endpoint, id: &DeploymentId, port: u16, agent: u16, windows: bool) -> Option<Listed> {
    let address: IpAddr = endpoint.addresses.first()?.parse().ok()?;
    if !may_be_an_executor(address) {
        tracing::warn!(%address, namespace = id.0, deployment = id.1, "a slice lists an address that no pod can have");
        return None;
    }
    let conditions = endpoint.conditions.as_ref();
    let available = conditions.is_none_or(|conditions| {
        // A Service may publish what is not ready; `terminating` is then the only word for a pod that goes.
        conditions.ready.unwrap_or(true) && conditions.serving.unwrap_or(true) && !conditions.terminating.unwrap_or(false)
    });
    let pod_uid = endpoint
        .target_ref
        .as_ref()
        .and_then(|target| target.uid.clone())
        .unwrap_or_default();
    let id = EndpointId {
        namespace: id.0.clone(),
        deployment: id.1.clone(),
        pod_uid,
        address: SocketAddr::new(address, port),
    };
    Some(Listed {
        agent: SocketAddr::new(address, agent),
        id,
        available,
        windows,
    })
}

/// A forged slice must not make the gateway call itself, its node or a cloud's metadata server.
fn may_be_an_executor(address: IpAddr) -> bool {
    match address.to_canonical() {
        // Tests have their executors on the loopback interface; nothing else may.
        address if address.is_loopback() => cfg!(test),
        IpAddr::V4(address) => !address.is_link_local() && !address.is_unspecified() && !address.is_multicast() && !address.is_broadcast(),
        IpAddr::V6(address) => !address.is_unicast_link_local() && !address.is_unspecified() && !address.is_multicast(),
    }
}
