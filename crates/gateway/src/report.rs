//! Each second: what was counted and which routes are followed, to every controller. Cumulative, so a lost report loses nothing.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anneal_protocol::gateway::{GatewayReply, GatewayReport, REPORTS_PATH};
use futures::future::join_all;
use http::StatusCode;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::{
    gateway::Gateway,
    peers::{Error, Peer, PeerClient},
};

const INTERVAL: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(2);
/// A failure that goes on is told again after this.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// Reports for ever; ends at once where no controller is configured.
pub(crate) async fn run(gateway: Arc<Gateway>, client: PeerClient) {
    let Some(controller) = gateway.settings.peers.controller.clone() else {
        tracing::warn!("no controller is configured: nothing is reported");
        return;
    };
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Option<Instant> = None;
    loop {
        ticks.tick().await;
        if once(&gateway, &client, &controller).await {
            told = None;
        } else if told.is_none_or(|told| told.elapsed() >= TELL_AGAIN) {
            tracing::warn!(%controller, "no controller took the report");
            told = Some(Instant::now());
        }
    }
}

/// One last report, when everything is drained.
pub(crate) async fn last(gateway: &Gateway, client: &PeerClient) {
    if let Some(controller) = &gateway.settings.peers.controller {
        let taken = once(gateway, client, controller).await;
        tracing::info!(taken, "the last report was sent");
    }
}

/// Reports to every address; `true` when the leader took it.
async fn once(gateway: &Gateway, client: &PeerClient, controller: &str) -> bool {
    let addresses: Vec<SocketAddr> = match timeout(DEADLINE, tokio::net::lookup_host(controller)).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => {
            tracing::debug!(%error, controller, "the controller's name is not known");
            gateway.metrics.reports.with_label_values(&["unresolved"]).inc();
            return false;
        }
        Err(_) => return false,
    };
    let report = GatewayReport {
        gateway: gateway.settings.peers.gateway.clone(),
        boot: gateway.boot.clone(),
        functions: gateway.routes.reports(),
    };
    // What resolves is a host and a port.
    let name = controller.rsplit_once(':').map_or(controller, |(host, _)| host);
    let peers: Vec<Peer> = addresses
        .into_iter()
        .map(|address| Peer {
            address,
            name: name.to_owned(),
        })
        .collect();
    let taken = join_all(peers.iter().map(|peer| post(gateway, client, peer, &report))).await;
    taken.contains(&true)
}

async fn post(gateway: &Gateway, client: &PeerClient, peer: &Peer, report: &GatewayReport) -> bool {
    let outcome = match client
        .post::<_, GatewayReply>(peer, REPORTS_PATH, &gateway.settings.peers.controller_token, report, DEADLINE)
        .await
    {
        Ok(GatewayReply {}) => "taken",
        Err(Error::Refused {
            status: StatusCode::MISDIRECTED_REQUEST,
            ..
        }) => "notLeader",
        Err(error) => {
            tracing::debug!(error = snafu::Report::from_error(error).to_string(), "a controller took no report");
            "failed"
        }
    };
    gateway.metrics.reports.with_label_values(&[outcome]).inc();
    outcome == "taken"
}
