//! The certificate authorities of this install: made by the controller that leads, kept in a Secret, read by all.
//!
//! The Secret is made by POST and changed by its version: of two controllers that think they lead one wins, and both use
//! what it wrote. Nobody else writes it.

use std::{collections::BTreeMap, time::Duration};

use anneal_api::names::{AUTHORITIES_KEY, AUTHORITIES_SECRET, LABEL_MANAGED_BY, MANAGER};
use anneal_tls::{Authorities, Held, Identity, Leaf};
use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;
use snafu::{OptionExt, ResultExt, Snafu};
use tokio::time::sleep;

use crate::{clock::Clock, trust::Trust};

/// Between two looks at the authorities' age.
const LOOK: Duration = Duration::from_secs(60);
/// After a look that failed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Why the authorities are not as they shall be.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The Secret cannot be read.
    #[snafu(display("read the Secret {AUTHORITIES_SECRET:?}"))]
    Read {
        /// Why.
        source: Box<kube::Error>,
    },
    /// The Secret cannot be written.
    #[snafu(display("write the Secret {AUTHORITIES_SECRET:?}"))]
    Write {
        /// Why.
        source: Box<kube::Error>,
    },
    /// The Secret holds something else: deleted, it is made anew.
    #[snafu(display("the Secret {AUTHORITIES_SECRET:?} holds no authorities; delete it to have new ones made"))]
    Parse {
        /// Why.
        source: anneal_tls::Error,
    },
    /// An authority cannot be made.
    #[snafu(display("make an authority"))]
    Make {
        /// Why.
        source: anneal_tls::Error,
    },
    /// Somebody else wrote it at the same time, and then it was gone.
    #[snafu(display("the Secret {AUTHORITIES_SECRET:?} comes and goes"))]
    Unsteady,
}

/// The Secret, and what is known of it.
#[derive(Clone)]
pub struct Certificates {
    secrets: Api<Secret>,
    clock: Clock,
    held: Held,
    /// Tells namespaces whom to trust.
    pub trust: Trust,
    namespace: String,
}

impl Certificates {
    /// The authorities in the operator's namespace; what is read goes into `held`.
    pub fn new(client: Client, namespace: &str, clock: Clock, held: Held) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            trust: Trust::new(client, namespace, held.clone()),
            namespace: namespace.to_owned(),
            clock,
            held,
        }
    }

    /// Keeps what is held as the Secret is, for ever: what a controller does that does not lead.
    pub async fn follow(&self) {
        anneal_tls::follow(&self.held, || async {
            Ok::<_, Error>(self.read().await?.map(|(authorities, _)| authorities))
        })
        .await;
    }

    /// Keeps this process's own certificate current, for ever.
    pub async fn serve_as(&self, names: Vec<String>, identity: Identity) {
        anneal_tls::renew(Leaf::new(identity, names), &self.held, || self.clock.now()).await;
    }

    /// Makes the authorities, or adopts those that are there, and lets the next one take over when it is time.
    pub async fn ensure(&self) -> Result<(), Error> {
        let authorities = match self.read().await? {
            None => self.create().await?,
            Some((authorities, version)) => match authorities.turned(self.clock.now()).context(MakeSnafu)? {
                None => authorities,
                Some(turned) => self.replace(turned, version).await?,
            },
        };
        self.held.set(authorities);
        Ok(())
    }

    /// Ensures for as long as this controller leads; tells the operator's own namespace what to trust.
    pub async fn keep(&self) {
        loop {
            sleep(self.look().await).await;
        }
    }

    /// Waits until there are authorities: before that no pod can be made that knows its depot.
    pub async fn establish(&self) {
        while self.held.get().is_none() {
            let pause = self.look().await;
            if self.held.get().is_none() {
                sleep(pause).await;
            }
        }
    }

    async fn look(&self) -> Duration {
        if let Err(error) = self.ensure().await {
            tracing::error!(
                error = snafu::Report::from_error(error).to_string(),
                "the certificate authorities cannot be kept"
            );
            return LOOK_AGAIN;
        }
        if let Err(error) = self.trust.ensure(&self.namespace).await {
            tracing::warn!(
                error = snafu::Report::from_error(error).to_string(),
                "the gateways are not told whom to trust"
            );
            return LOOK_AGAIN;
        }
        LOOK
    }

    async fn read(&self) -> Result<Option<(Authorities, Option<String>)>, Error> {
        let found = self
            .secrets
            .get_opt(AUTHORITIES_SECRET)
            .await
            .map_err(Box::new)
            .context(ReadSnafu)?;
        let Some(secret) = found else { return Ok(None) };
        let version = secret.resource_version();
        let stored = secret.data.unwrap_or_default().remove(AUTHORITIES_KEY).unwrap_or_default();
        Ok(Some((Authorities::read(&stored.0).context(ParseSnafu)?, version)))
    }

    async fn create(&self) -> Result<Authorities, Error> {
        let authorities = Authorities::mint(self.clock.now()).context(MakeSnafu)?;
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(AUTHORITIES_SECRET.to_owned()),
                labels: Some([(LABEL_MANAGED_BY.to_owned(), "anneal".to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: Some(data(&authorities)?),
            ..Secret::default()
        };
        let parameters = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        match self.secrets.create(&parameters, &secret).await {
            Ok(_) => {
                tracing::info!("a certificate authority was made");
                Ok(authorities)
            }
            Err(kube::Error::Api(status)) if status.code == 409 => self.adopt().await,
            Err(error) => Err(Box::new(error)).context(WriteSnafu),
        }
    }

    async fn replace(&self, turned: Authorities, version: Option<String>) -> Result<Authorities, Error> {
        // The version in the body makes the apiserver refuse what was made from an old list.
        let patch = json!({"metadata": {"resourceVersion": version}, "data": data(&turned)?});
        let parameters = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        match self.secrets.patch(AUTHORITIES_SECRET, &parameters, &Patch::Merge(&patch)).await {
            Ok(_) => {
                tracing::info!(authorities = ?turned, "the certificate authorities changed");
                Ok(turned)
            }
            Err(kube::Error::Api(status)) if status.code == 409 => self.adopt().await,
            Err(error) => Err(Box::new(error)).context(WriteSnafu),
        }
    }

    /// Somebody was faster.
    async fn adopt(&self) -> Result<Authorities, Error> {
        let (authorities, _) = self.read().await?.context(UnsteadySnafu)?;
        Ok(authorities)
    }
}

fn data(authorities: &Authorities) -> Result<BTreeMap<String, ByteString>, Error> {
    let text = authorities.store().context(MakeSnafu)?;
    Ok([(AUTHORITIES_KEY.to_owned(), ByteString(text.into_bytes()))].into())
}

#[cfg(test)]
mod tests;
