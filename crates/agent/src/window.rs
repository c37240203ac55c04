//! Counts what the gateways have sent in one window, and knows who still sends. Pure: time comes in as an argument.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anneal_protocol::agent::{AcceptState, TotalsReport};

/// A gateway that was silent for this long is not waited for.
pub(crate) const FRESH: Duration = Duration::from_secs(5);
/// A gateway that was silent for this long is forgotten; what it sent still counts.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// The most gateways that are remembered one by one.
const GATEWAYS: usize = 256;

/// One window's length in requests, spread by ±20 % so that a periodic workload is not sampled in step.
pub(crate) fn jittered(requests: u64, chance: u64) -> u64 {
    let fifth = requests / 5;
    (requests - fifth).saturating_add(chance % (2 * fifth + 1)).max(1)
}

/// Totals per gateway and boot.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    gateways: BTreeMap<(String, String), Gateway>,
    /// Requests of this window from gateways that are forgotten.
    departed: u64,
}

#[derive(Debug)]
struct Gateway {
    /// Its total when the window began, or when it was first heard of: it sends nothing before it was told to.
    baseline: u64,
    total: u64,
    heard: Instant,
    /// It was told that this drain has begun.
    told: bool,
    /// It has said since that it sends nothing and waits for nothing.
    acked: bool,
}

impl Tally {
    /// Begins a window: everything so far belongs to the past.
    pub(crate) fn open(&mut self) {
        self.departed = 0;
        for gateway in self.gateways.values_mut() {
            gateway.baseline = gateway.total;
        }
    }

    /// Begins a drain: an ack from an earlier one does not count.
    pub(crate) fn drain(&mut self) {
        for gateway in self.gateways.values_mut() {
            (gateway.told, gateway.acked) = (false, false);
        }
    }

    /// Takes a report's total.
    pub(crate) fn count(&mut self, now: Instant, report: &TotalsReport) {
        let key = key(report);
        if !self.gateways.contains_key(&key) {
            self.make_room(now);
        }
        let gateway = self.gateways.entry(key).or_insert_with(|| Gateway {
            baseline: report.requests,
            total: report.requests,
            heard: now,
            told: false,
            acked: false,
        });
        gateway.heard = gateway.heard.max(now);
        // Totals only grow; a smaller one was overtaken on the way.
        gateway.total = gateway.total.max(report.requests);
    }

    /// Takes a report's ack, and what its gateway is about to be told.
    pub(crate) fn answer(&mut self, report: &TotalsReport, reply: AcceptState) {
        if let Some(gateway) = self.gateways.get_mut(&key(report)) {
            let draining = reply == AcceptState::Draining;
            let silent = report.seen == AcceptState::Draining && report.in_flight == 0;
            gateway.acked = draining && gateway.told && silent;
            gateway.told = draining;
        }
    }

    /// Requests in this window.
    pub(crate) fn served(&self) -> u64 {
        let present = self.gateways.values().map(Gateway::served);
        present.fold(self.departed, u64::saturating_add)
    }

    /// Whether all gateways that still speak have acked.
    pub(crate) fn drained(&self, now: Instant) -> Drained {
        let silent_at = self
            .gateways
            .values()
            .filter(|gateway| !gateway.acked && gateway.is_fresh(now))
            .map(|gateway| gateway.heard + FRESH)
            .max();
        silent_at.map_or(Drained::Yes, Drained::NotBefore)
    }

    fn make_room(&mut self, now: Instant) {
        let departed = &mut self.departed;
        self.gateways.retain(|_, gateway| {
            let stays = now.saturating_duration_since(gateway.heard) < FORGOTTEN;
            if !stays {
                *departed = departed.saturating_add(gateway.served());
            }
            stays
        });
        while self.gateways.len() >= GATEWAYS {
            let oldest = self.gateways.iter().min_by_key(|(_, gateway)| gateway.heard);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            if let Some(gateway) = self.gateways.remove(&key) {
                self.departed = self.departed.saturating_add(gateway.served());
            }
        }
    }
}

fn key(report: &TotalsReport) -> (String, String) {
    (report.gateway.clone(), report.boot.clone())
}

impl Gateway {
    const fn served(&self) -> u64 {
        self.total - self.baseline
    }

    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.heard) < FRESH
    }
}

/// Whether every gateway that still speaks has acked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Drained {
    /// All have.
    Yes,
    /// One has not; if it stays silent it is not waited for after this time.
    NotBefore(Instant),
}

#[cfg(test)]
mod tests;
