//! What components trust: the authorities' certificates as a ConfigMap beside the operator and beside every Function.
//!
//! It belongs to the namespace, not to one Function: made before the first one's pods, removed with the last one. The name is
//! reserved: what else is found under it is replaced.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use anneal_api::{
    names::{LABEL_MANAGED_BY, MANAGER, TRUST_CONFIG_MAP, TRUST_KEY},
    v1alpha1::Function,
};
use anneal_tls::Held;
use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, PartialObjectMeta, Patch, PatchParams, PostParams, Preconditions},
};
use serde_json::json;
use snafu::{OptionExt, ResultExt, Snafu};
use tokio::sync::Mutex;

/// Why a namespace is not told.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The authorities are not known yet.
    #[snafu(display("the certificate authorities are not known yet"))]
    Unknown,
    /// The apiserver does not do it.
    #[snafu(display("{verb} the ConfigMap {TRUST_CONFIG_MAP:?} of {namespace:?}"))]
    Api {
        /// What was tried.
        verb: &'static str,
        /// Where.
        namespace: String,
        /// Why.
        source: Box<kube::Error>,
    },
}

impl Error {
    /// Another attempt will not change it.
    pub fn is_refusal(&self) -> bool {
        let Self::Api { source, .. } = self else { return false };
        matches!(&**source, kube::Error::Api(status) if [400, 403, 422].contains(&status.code))
    }
}

/// Writes the ConfigMaps.
#[derive(Clone)]
pub struct Trust {
    client: Client,
    /// Its own ConfigMap is the gateways', whatever Functions there are.
    operator: Arc<str>,
    held: Held,
    /// One write at a time in a namespace: its first Function must not lose to the end of its last one.
    turns: Arc<StdMutex<HashMap<String, Arc<Mutex<()>>>>>,
}

impl Trust {
    /// Tells what is held.
    pub fn new(client: Client, operator: &str, held: Held) -> Self {
        Self {
            client,
            operator: Arc::from(operator),
            held,
            turns: Arc::default(),
        }
    }

    /// Makes the ConfigMap of a namespace, or brings it up to date; writes nothing where it is that already.
    pub async fn ensure(&self, namespace: &str) -> Result<(), Error> {
        let bundle = self.held.bundle().context(UnknownSnafu)?;
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let turn = self.turn(namespace);
        let _turn = turn.lock().await;
        let found = maps.get_opt(TRUST_CONFIG_MAP).await.map_err(Box::new);
        let found = found.context(ApiSnafu { verb: "read", namespace })?;
        let Some(found) = found else {
            return create(&maps, namespace, &bundle).await;
        };
        if found.data.as_ref().and_then(|data| data.get(TRUST_KEY)) == Some(&bundle) {
            return Ok(());
        }
        let patch = json!({"data": {TRUST_KEY: bundle}});
        match maps.patch(TRUST_CONFIG_MAP, &managed(), &Patch::Merge(&patch)).await {
            Ok(_) => Ok(()),
            // An immutable one, or one that holds the key as bytes: the name is ours.
            Err(kube::Error::Api(status)) if status.code == 422 => {
                delete(&maps, namespace, found.metadata.uid).await?;
                create(&maps, namespace, &bundle).await
            }
            Err(error) => Err(Box::new(error)).context(ApiSnafu { verb: "patch", namespace }),
        }
    }

    fn turn(&self, namespace: &str) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(namespace.to_owned()).or_default())
    }

    /// Removes the ConfigMap of a namespace if no other Function is there to stay. One that is being deleted makes no pods any more,
    /// and those that it has keep what is mounted.
    pub async fn remove_after(&self, namespace: &str, function: &str) -> Result<(), Error> {
        if *namespace == *self.operator {
            return Ok(());
        }
        let turn = self.turn(namespace);
        let _turn = turn.lock().await;
        let functions: Api<Function> = Api::namespaced(self.client.clone(), namespace);
        let list = functions.list_metadata(&ListParams::default()).await.map_err(Box::new);
        let list = list.context(ApiSnafu {
            verb: "look for users of",
            namespace,
        })?;
        let stays = |other: &PartialObjectMeta<Function>| other.name_any() != function && other.metadata.deletion_timestamp.is_none();
        if list.items.iter().any(stays) {
            return Ok(());
        }
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let found = maps.get_metadata_opt(TRUST_CONFIG_MAP).await.map_err(Box::new);
        let Some(found) = found.context(ApiSnafu { verb: "read", namespace })? else {
            return Ok(());
        };
        delete(&maps, namespace, found.metadata.uid).await
    }
}

async fn delete(maps: &Api<ConfigMap>, namespace: &str, uid: Option<String>) -> Result<(), Error> {
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid,
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    match maps.delete(TRUST_CONFIG_MAP, &parameters).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => Ok(()),
        Err(error) => Err(Box::new(error)).context(ApiSnafu { verb: "delete", namespace }),
    }
}

async fn create(maps: &Api<ConfigMap>, namespace: &str, bundle: &str) -> Result<(), Error> {
    let map = ConfigMap {
        metadata: ObjectMeta {
            name: Some(TRUST_CONFIG_MAP.to_owned()),
            labels: Some([(LABEL_MANAGED_BY.to_owned(), "anneal".to_owned())].into()),
            ..ObjectMeta::default()
        },
        data: Some([(TRUST_KEY.to_owned(), bundle.to_owned())].into()),
        ..ConfigMap::default()
    };
    let parameters = PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    };
    let created = maps.create(&parameters, &map).await;
    created.map(drop).map_err(Box::new).context(ApiSnafu { verb: "create", namespace })
}

fn managed() -> PatchParams {
    PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

#[cfg(test)]
mod tests;
