//! What a Function's status says of its traffic, in the gateway's words. Pure.

use anneal_api::v1alpha1::{Function, Retry, Stage};
use http::HeaderValue;

use crate::{metrics, routes::Deployment, split::Split, tally::Tally};

/// What a Function's status says of its traffic.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Wanted {
    pub(super) generation: i64,
    pub(super) traffic: Vec<Share>,
    pub(super) stable: Option<Share>,
    /// Its spec allows that a request reaches executors more than once.
    pub(super) repeats: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Share {
    pub(super) stage: Stage,
    pub(super) build_key: String,
    pub(super) deployment: String,
    pub(super) percent: u32,
    pub(super) windows: bool,
}

impl Wanted {
    pub(super) fn of(function: &Function) -> Self {
        let retry = function.spec.handler.as_ref().and_then(|handler| handler.retry);
        let repeats = retry == Some(Retry::Idempotent);
        let Some(status) = &function.status else {
            return Self {
                repeats,
                ..Self::default()
            };
        };
        let traffic = status.traffic.iter().map(|target| Share {
            stage: target.stage,
            build_key: target.build_key.clone(),
            deployment: target.deployment.clone(),
            percent: u32::try_from(target.percent.clamp(0, 100)).unwrap_or(0),
            windows: target.windows,
        });
        let stable = status.stable.as_ref().map(|stable| Share {
            stage: stable.stage,
            build_key: stable.build_key.clone(),
            deployment: stable.deployment.clone(),
            percent: 0,
            windows: false,
        });
        Self {
            generation: status.route_generation.unwrap_or(0),
            traffic: traffic.collect(),
            stable,
            repeats,
        }
    }

    pub(super) fn split(&self) -> Split {
        Split::new(&self.traffic.iter().map(|share| share.percent).collect::<Vec<_>>())
    }

    /// Every Deployment once: the traffic in its order, then `stable` if that is not in it.
    pub(super) fn shares(&self) -> impl Iterator<Item = &Share> {
        let stable = self
            .stable
            .iter()
            .filter(|stable| self.traffic.iter().all(|share| share.deployment != stable.deployment));
        self.traffic.iter().chain(stable)
    }

    pub(super) fn stable_index(&self) -> Option<usize> {
        let stable = self.stable.as_ref()?;
        self.shares().position(|share| share.deployment == stable.deployment)
    }
}

impl Share {
    pub(super) fn deployment(&self) -> Deployment {
        let build: String = self.build_key.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
        Deployment {
            stage: self.stage,
            stage_header: HeaderValue::from_static(metrics::label(self.stage)),
            build_header: HeaderValue::from_str(&build).unwrap_or_else(|_| HeaderValue::from_static("")),
            tally: Tally::default(),
        }
    }
}
