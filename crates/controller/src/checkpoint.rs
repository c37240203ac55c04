//! Counts that outlive this process, in ConfigMaps of the operator's namespace. The only writer of them.
//!
//! They are read once, by whoever begins to lead, and written at most once a minute, and only those that changed: a Function that
//! nobody calls costs no write. Totals and marks stand in one object, so each write is a state that can be gone on from.

use std::{collections::BTreeMap, time::Duration};

use anneal_api::names::{LABEL_COMPONENT, LABEL_MANAGED_BY, MANAGER_COUNTS};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;
use snafu::{ResultExt, Snafu};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use crate::{
    context::Gateways,
    ledger::{Ledger, Shard},
};

/// Between two writes.
const INTERVAL: Duration = Duration::from_secs(60);
/// Between two attempts to read.
const PAUSE: Duration = Duration::from_secs(2);
/// The objects' names, up to their number.
const PREFIX: &str = "anneal-counts-";
/// The component that they are labelled with.
const COMPONENT: &str = "counts";

/// Why counts are not kept.
#[derive(Debug, Snafu)]
pub enum Error {
    /// What was kept cannot be read.
    #[snafu(display("list the ConfigMaps with counts"))]
    Read {
        /// Why.
        source: kube::Error,
    },
    /// What was counted cannot be written.
    #[snafu(display("apply ConfigMap {name:?}"))]
    Write {
        /// Which.
        name: String,
        /// Why.
        source: kube::Error,
    },
}

/// Keeps the counts.
pub struct Checkpoint {
    maps: Api<ConfigMap>,
    gateways: Gateways,
}

impl Checkpoint {
    /// Of the counts that these gateways report, in the operator's namespace.
    pub fn new(client: Client, namespace: &str, gateways: Gateways) -> Self {
        Self {
            maps: Api::namespaced(client, namespace),
            gateways,
        }
    }

    /// Reads what was kept, however long that takes.
    pub async fn open(&self) {
        while let Err(error) = self.read().await {
            tracing::warn!(
                error = snafu::Report::from_error(error).to_string(),
                "nothing is counted until the counts so far are known"
            );
            sleep(PAUSE).await;
        }
    }

    /// Writes for ever.
    pub async fn run(&self) {
        let mut ticks = interval_at(Instant::now() + INTERVAL, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.write().await;
        }
    }

    /// Reads what was kept: whatever was counted here before is replaced by it.
    pub async fn read(&self) -> Result<(), Error> {
        let selected = ListParams::default().labels(&format!("{LABEL_COMPONENT}={COMPONENT},{LABEL_MANAGED_BY}=anneal"));
        let kept = self.maps.list(&selected).await.context(ReadSnafu)?;
        let shards = kept.items.into_iter().filter_map(|map| {
            let number = map.name_any().strip_prefix(PREFIX)?.parse().ok()?;
            Some(Shard {
                number,
                accounts: map.data.unwrap_or_default(),
            })
        });
        self.ledger().open(shards.collect(), Instant::now());
        Ok(())
    }

    /// Writes what changed. What cannot be written is tried again with the next.
    pub async fn write(&self) {
        if let Some(boots) = self.gateways.boots() {
            self.ledger().keep_boots(&boots);
        }
        let due = self.ledger().due(Instant::now());
        for (done, shard) in due.iter().enumerate() {
            if let Err(error) = self.apply(shard).await {
                tracing::warn!(error = snafu::Report::from_error(error).to_string(), "counts are not kept yet");
                // The order matters: what has not been written yet may have to come after this one.
                for shard in due.iter().skip(done) {
                    self.ledger().again(shard.number);
                }
                return;
            }
        }
    }

    async fn apply(&self, shard: &Shard) -> Result<(), Error> {
        let name = format!("{PREFIX}{}", shard.number);
        let labels = BTreeMap::from([(LABEL_COMPONENT, COMPONENT), (LABEL_MANAGED_BY, "anneal")]);
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": labels},
            "data": shard.accounts,
        });
        // What is not named any more goes with the apply.
        let parameters = PatchParams::apply(MANAGER_COUNTS).force();
        let applied = self.maps.patch(&name, &parameters, &Patch::Apply(&object)).await;
        applied.map(drop).context(WriteSnafu { name })
    }

    const fn ledger(&self) -> &Ledger {
        &self.gateways.registry.ledger
    }
}

#[cfg(test)]
mod tests;
