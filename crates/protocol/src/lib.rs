//! The typed HTTP/JSON between controller, depot, gateway and agent.
//!
//! Every type that crosses a process border is here, once. Fields are added, never renamed; unknown fields are ignored and
//! new ones default, so components one minor version apart understand each other. No IO, no kube.

pub mod agent;
pub mod depot;
pub mod facts;
pub mod gateway;
pub mod handler;
pub mod problem;
pub mod termination;

use serde::{Deserialize, Serialize};

/// Audience of the service-account tokens that the depot accepts.
pub const DEPOT_AUDIENCE: &str = "anneal-depot";
/// Audience of the tokens with which a gateway calls an agent's control port.
pub const AGENT_AUDIENCE: &str = "anneal-agent";
/// Audience of the tokens with which a gateway calls the controller.
pub const CONTROLLER_AUDIENCE: &str = "anneal-controller";
/// The port on which an executor's child answers.
pub const FUNCTION_PORT: u16 = 8080;
/// The port of the agent's control interface: readiness and profile windows.
pub const AGENT_PORT: u16 = 9901;
/// The port of the depot's API.
pub const DEPOT_PORT: u16 = 8081;
/// The port on which the controller takes the gateways' reports.
pub const CONTROLLER_PORT: u16 = 8082;
/// The port on which the gateway takes the functions' requests.
pub const GATEWAY_PORT: u16 = 8080;
/// The port of `/metrics`, `/livez` and `/readyz` of controller, depot and gateway.
pub const TELEMETRY_PORT: u16 = 9900;

/// The name in the certificate of a pod's control port: by its uid, which no other pod ever has.
pub fn pod_server_name(uid: &str) -> String {
    format!("{uid}.pods.anneal.internal")
}

/// A Function as the components name it to each other: the uid tells apart two that had the same name.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct FunctionRef {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}
