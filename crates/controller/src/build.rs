//! The plan's wishes as objects: pure, and rendered as the apiserver shows them, so that an unchanged object can be told from a
//! changed one by looking.

mod agent_config;
mod executor;
mod job;
mod meta;
mod network_policy;
mod pod;
mod service;

use anneal_core::{
    plan::{JobWish, Plan},
    spec::{Identity, Wanted},
};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value;

pub use executor::{deployment, headless_service};
pub use meta::selector;

use crate::config::Config;

/// What every object is rendered from beside the wish itself.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The operator's configuration.
    pub config: &'a Config,
    /// The Function.
    pub function: &'a Identity,
}

/// Kinds of children.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// The account of the Function's pods.
    ServiceAccount,
    /// Who may talk to the pods.
    NetworkPolicy,
    /// The public one and one per Deployment.
    Service,
    /// Executors.
    Deployment,
    /// Resolve and build.
    Job,
}

impl Kind {
    /// All kinds, in the order in which they are made.
    pub const ALL: [Self; 5] = [
        Self::ServiceAccount,
        Self::NetworkPolicy,
        Self::Service,
        Self::Deployment,
        Self::Job,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServiceAccount => "ServiceAccount",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::Service => "Service",
            Self::Deployment => "Deployment",
            Self::Job => "Job",
        }
    }

    /// How the apiserver knows it.
    pub fn resource(self) -> ApiResource {
        let (group, version, name, plural) = match self {
            Self::ServiceAccount => ("", "v1", "ServiceAccount", "serviceaccounts"),
            Self::NetworkPolicy => ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
            Self::Service => ("", "v1", "Service", "services"),
            Self::Deployment => ("apps", "v1", "Deployment", "deployments"),
            Self::Job => ("batch", "v1", "Job", "jobs"),
        };
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, name), plural)
    }
}

/// An object as it shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The object.
    pub object: Value,
}

impl Child {
    fn new(kind: Kind, object: Value) -> Self {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        Self { kind, name, object }
    }
}

/// Objects that a Function has at every stage.
pub fn standing(site: Site<'_>) -> Vec<Child> {
    let mut children = vec![Child::new(Kind::ServiceAccount, meta::service_account(site))];
    children.extend(
        network_policy::all(site)
            .into_iter()
            .map(|policy| Child::new(Kind::NetworkPolicy, policy)),
    );
    children.push(Child::new(Kind::Service, service::public(site)));
    children
}

/// Executors whose pods the plan renders: a headless Service and a Deployment each.
pub fn executors(site: Site<'_>, plan: &Plan) -> Vec<Child> {
    let rendered = plan.executors.values().filter_map(|wish| Some((wish, wish.spec.as_ref()?)));
    rendered
        .flat_map(|(wish, spec)| {
            [
                Child::new(Kind::Service, headless_service(site, &wish.placement, spec)),
                Child::new(Kind::Deployment, deployment(site, &wish.placement, spec)),
            ]
        })
        .collect()
}

/// Jobs to be made.
pub fn jobs(site: Site<'_>, wanted: &Wanted, wishes: &[JobWish]) -> Vec<Child> {
    wishes
        .iter()
        .map(|wish| Child::new(Kind::Job, job::job(site, wanted, wish)))
        .collect()
}

#[cfg(test)]
mod tests;
