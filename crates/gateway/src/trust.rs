//! By which authorities agents and controllers are known: read from the operator's ConfigMap, again and again.

use std::{sync::Arc, time::Duration};

use anneal_api::names::{TRUST_CONFIG_MAP, TRUST_KEY};
use anneal_tls::ClientConfig;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};
use snafu::{OptionExt, ResultExt, Snafu};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// Between two looks: an authority is known for a day before it signs.
const LOOK: Duration = Duration::from_secs(30);
/// The same while nothing is known: the first seconds of an install.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(10);
/// Looks in vain between two words about it.
const WORDS: u32 = 30;

/// What is believed; nothing until it is known.
pub(crate) type Trust = watch::Receiver<Option<Arc<ClientConfig>>>;

/// Why the authorities are not known.
#[derive(Debug, Snafu)]
enum Error {
    #[snafu(display("read the ConfigMap {TRUST_CONFIG_MAP:?}"))]
    Read { source: Box<kube::Error> },
    #[snafu(display("the apiserver gives no answer within {DEADLINE:?}"))]
    Silent { source: tokio::time::error::Elapsed },
    #[snafu(display("the ConfigMap {TRUST_CONFIG_MAP:?} has no {TRUST_KEY:?}"))]
    Missing,
    #[snafu(display("use the authorities"))]
    Use { source: anneal_tls::Error },
}

/// Follows the ConfigMap for ever. What was known stays through every outage.
pub(crate) async fn follow(client: Client, namespace: String, known: watch::Sender<Option<Arc<ClientConfig>>>) {
    let maps: Api<ConfigMap> = Api::namespaced(client, &namespace);
    let (mut text, mut vain) = (String::new(), 0_u32);
    loop {
        match look(&maps, &text).await {
            Ok(None) => vain = 0,
            Ok(Some((bundle, config))) => {
                (text, vain) = (bundle, 0);
                known.send_replace(Some(config));
                tracing::info!("the authorities of agents and controllers are known");
            }
            Err(error) => {
                if vain.is_multiple_of(WORDS) {
                    tracing::warn!(
                        error = snafu::Report::from_error(error).to_string(),
                        "agents and controllers cannot be told from others"
                    );
                }
                vain += 1;
            }
        }
        sleep(if text.is_empty() { LOOK_AGAIN } else { LOOK }).await;
    }
}

/// The bundle, if it is another than before.
async fn look(maps: &Api<ConfigMap>, before: &str) -> Result<Option<(String, Arc<ClientConfig>)>, Error> {
    let found = timeout(DEADLINE, maps.get_opt(TRUST_CONFIG_MAP)).await.context(SilentSnafu)?;
    let map = found.map_err(Box::new).context(ReadSnafu)?.context(MissingSnafu)?;
    let bundle = map.data.unwrap_or_default().remove(TRUST_KEY).context(MissingSnafu)?;
    if bundle == before {
        return Ok(None);
    }
    let config = anneal_tls::config(&bundle).context(UseSnafu)?;
    Ok(Some((bundle, config)))
}
