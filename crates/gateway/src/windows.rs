//! Reports to the agents that collect in windows, and what their replies say: may requests be sent?
//!
//! Each such executor has a task of its own from the moment a slice lists it until none does and nothing is on its way.

use std::{sync::Arc, time::Duration};

use anneal_protocol::{
    agent::{AcceptState, TOTALS_PATH, TotalsReply, TotalsReport},
    pod_server_name,
};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    endpoint::Endpoint,
    gateway::Gateway,
    peers::{Peer, PeerClient},
};

/// Between two reports while requests are sent.
const STEADY: Duration = Duration::from_secs(1);
/// Between two reports while a change is near.
const EAGER: Duration = Duration::from_millis(100);
/// A reply that takes longer is given up.
const DEADLINE: Duration = Duration::from_secs(2);

/// Reports to every executor that comes out of `opened`, until that is closed.
pub(crate) async fn run(gateway: Arc<Gateway>, client: PeerClient, mut opened: UnboundedReceiver<Arc<Endpoint>>) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            endpoint = opened.recv() => match endpoint {
                Some(endpoint) => {
                    tasks.spawn(report_to(Arc::clone(&gateway), client.clone(), endpoint));
                }
                None => return,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn report_to(gateway: Arc<Gateway>, client: PeerClient, endpoint: Arc<Endpoint>) {
    // An address may be another pod's by now: its certificate would name that one.
    let peer = Peer {
        address: endpoint.agent,
        name: pod_server_name(&endpoint.id.pod_uid),
    };
    // Whether the agent knows everything there is to say, or cannot be told.
    let mut settled = false;
    loop {
        if settled && endpoint.end_reports() {
            return;
        }
        let asked = Instant::now();
        // The state first, then what is on its way: see the module `endpoint`.
        let seen = endpoint.state();
        let (in_flight, requests) = (endpoint.outstanding(), endpoint.sent());
        let report = TotalsReport {
            gateway: gateway.settings.peers.gateway.clone(),
            boot: gateway.boot.clone(),
            requests,
            in_flight,
            seen,
        };
        match client
            .post::<_, TotalsReply>(&peer, TOTALS_PATH, &gateway.settings.peers.agent_token, &report, DEADLINE)
            .await
        {
            Ok(reply) => {
                settled = in_flight == 0 && requests == endpoint.sent();
                endpoint.set_state(reply.state, asked);
                if reply.state != seen {
                    tracing::debug!(address = %endpoint.agent, state = ?reply.state, window = reply.window, "an agent's state changed");
                    gateway.routes.accepting.notify_waiters();
                    // Said at once: the agent waits for this.
                    continue;
                }
                pause(&endpoint, in_flight, asked + interval(reply.state)).await;
            }
            Err(error) => {
                settled = true;
                tracing::debug!(error = snafu::Report::from_error(error).to_string(), "an agent took no report");
                sleep_until(asked + EAGER).await;
            }
        }
    }
}

const fn interval(state: AcceptState) -> Duration {
    match state {
        AcceptState::Starting | AcceptState::Draining => EAGER,
        AcceptState::Accepting | AcceptState::Closed => STEADY,
    }
}

/// Until the next report is due, or until the last request has ended where the agent waits for that.
async fn pause(endpoint: &Endpoint, in_flight: u64, due: Instant) {
    let awaited = in_flight > 0 && endpoint.state() == AcceptState::Draining;
    let quiet = endpoint.quiet.notified();
    if awaited && endpoint.outstanding() == 0 {
        return;
    }
    tokio::select! {
        () = sleep_until(due) => {}
        () = quiet, if awaited => {}
    }
}
