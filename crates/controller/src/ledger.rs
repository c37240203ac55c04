//! Requests counted so far, by Function and Deployment: totals that outlive gateways and controllers.
//!
//! Gateways report what they counted since their boot. A *mark* is the last figure taken of one boot: what a report has above its
//! mark is added to the total, and mark and total are kept, written and read together. So whatever snapshot of them is gone on
//! from, nothing is counted twice. Latency is no part of it: it is what the gateways that run now have measured.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anneal_protocol::gateway::GatewayReport;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

mod shards;
mod sums;

pub use shards::{FUNCTIONS, MOST_BYTES, Shard};
pub use sums::Sums;

/// Who was not visited for so long is not there any more: every Function is, many times an hour.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// The counts of all Functions. Clones are the same one.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Option<Book>>>);

/// What was counted, once it is known what was counted before.
#[derive(Default)]
struct Book {
    accounts: BTreeMap<String, Account>,
    shards: Vec<shards::State>,
}

/// What was counted of one Function.
struct Account {
    deployments: Deployments,
    visited: Instant,
    shard: Option<usize>,
}

/// What was counted, by Deployment.
type Deployments = BTreeMap<String, Entry>;

/// What was counted of one Deployment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Entry {
    total: Sums,
    /// The last figures taken, by gateway boot.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    marks: BTreeMap<String, Sums>,
}

impl Entry {
    fn take(&mut self, boot: &str, counted: Sums) -> bool {
        let mark = self.marks.get(boot).copied().unwrap_or_default();
        // A report that was overtaken by a later one has nothing above the mark.
        let news = counted.above(mark);
        if news == Sums::default() {
            return false;
        }
        self.total = self.total.plus(news);
        self.marks.insert(boot.to_owned(), mark.plus(news));
        true
    }
}

impl Ledger {
    /// Goes on from what was kept. Before that nothing is taken: reports are cumulative, so waiting loses nothing.
    pub fn open(&self, kept: Vec<Shard>, now: Instant) {
        let mut book = Book::default();
        for shard in kept {
            book.read(&shard, now);
        }
        *self.lock() = Some(book);
    }

    /// Notes that a Function is there with these Deployments; what was counted of others is forgotten.
    pub fn visit<'a>(&self, uid: &str, deployments: impl Iterator<Item = &'a String>, now: Instant) {
        let mut book = self.lock();
        let Some(book) = book.as_mut() else { return };
        let account = book.accounts.entry(uid.to_owned()).or_insert_with(|| Account::new(now));
        account.visited = now;
        let present: BTreeSet<&String> = deployments.collect();
        let counted = account.deployments.len();
        account.deployments.retain(|name, _| present.contains(name));
        let is_less = account.deployments.len() < counted;
        for name in present {
            account.deployments.entry(name.clone()).or_default();
        }
        let shard = account.shard;
        if is_less {
            book.touch(shard);
        }
    }

    /// Takes what a report has above the marks.
    pub fn take(&self, report: &GatewayReport) {
        let mut book = self.lock();
        let Some(book) = book.as_mut() else { return };
        let boot = sums::boot(&report.boot);
        for said in &report.functions {
            let Some(account) = book.accounts.get_mut(&said.function.uid) else {
                continue;
            };
            let mut moved = false;
            for (deployment, counts) in &said.deployments {
                if let Some(entry) = account.deployments.get_mut(deployment) {
                    moved |= entry.take(boot, Sums::of(counts));
                }
            }
            let shard = account.shard;
            if moved {
                book.touch(shard);
            }
        }
    }

    /// Requests that ended, by Deployment; none while it is not known what was counted before.
    pub fn requests(&self, uid: &str) -> Option<BTreeMap<String, u64>> {
        let book = self.lock();
        let account = book.as_ref()?.accounts.get(uid);
        let deployments = account.into_iter().flat_map(|account| &account.deployments);
        Some(deployments.map(|(name, entry)| (name.clone(), entry.total.requests())).collect())
    }

    /// Forgets a Function that is gone.
    pub fn forget(&self, uid: &str) {
        if let Some(book) = self.lock().as_mut() {
            book.forget(uid);
        }
    }

    /// Forgets the marks of boots that cannot report any more. It is no reason to write.
    pub fn keep_boots(&self, alive: &BTreeSet<String>) {
        let alive: BTreeSet<&str> = alive.iter().map(|boot| sums::boot(boot)).collect();
        let mut book = self.lock();
        let accounts = book.iter_mut().flat_map(|book| book.accounts.values_mut());
        for entry in accounts.flat_map(|account| account.deployments.values_mut()) {
            entry.marks.retain(|boot, _| alive.contains(boot.as_str()));
        }
    }

    /// What is to be written, in this order; [`Self::again`] takes back what could not be.
    pub fn due(&self, now: Instant) -> Vec<Shard> {
        let mut book = self.lock();
        let Some(book) = book.as_mut() else { return Vec::new() };
        let gone: Vec<String> = book
            .accounts
            .iter()
            .filter(|(_, account)| now.duration_since(account.visited) >= FORGOTTEN_AFTER)
            .map(|(uid, _)| uid.clone())
            .collect();
        for uid in &gone {
            book.forget(uid);
        }
        book.due()
    }

    /// A shard could not be written.
    pub fn again(&self, shard: usize) {
        if let Some(book) = self.lock().as_mut() {
            book.touch(Some(shard));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Book>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    const fn new(now: Instant) -> Self {
        Self {
            deployments: Deployments::new(),
            visited: now,
            shard: None,
        }
    }

    fn requests(&self) -> u64 {
        self.deployments.values().map(|entry| entry.total.requests()).sum()
    }
}

#[cfg(test)]
pub(crate) mod tests;
