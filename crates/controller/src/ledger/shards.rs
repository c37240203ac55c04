//! How the counts are spread over objects of bounded size.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::{Account, Book, Deployments};

/// Functions in one object.
pub const FUNCTIONS: usize = 256;
/// Bytes in one object: a ConfigMap holds a mebibyte.
pub const MOST_BYTES: usize = 900 << 10;
/// An object that holds so much takes nobody new.
const FULL_BYTES: usize = 512 << 10;

/// One object: Functions' counts as text, by uid.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shard {
    /// Its number.
    pub number: usize,
    /// The counts.
    pub accounts: BTreeMap<String, String>,
}

/// What is known of a shard.
#[derive(Default)]
pub(super) struct State {
    members: BTreeSet<String>,
    bytes: usize,
    changed: bool,
}

impl Book {
    /// Takes what was kept in a shard. What cannot be read is left out: its live part is counted anew, from nothing.
    pub(super) fn read(&mut self, shard: &Shard, now: Instant) {
        for (uid, text) in &shard.accounts {
            let deployments = match serde_json::from_str::<Deployments>(text) {
                Ok(deployments) => deployments,
                Err(error) => {
                    tracing::warn!(%error, uid, "counts that were kept cannot be read and begin anew");
                    continue;
                }
            };
            let mut account = Account::new(now);
            account.deployments = deployments;
            // A move from one shard to another that was not finished: the newer copy counts.
            if self.accounts.get(uid).is_some_and(|other| other.requests() >= account.requests()) {
                self.shard(shard.number).changed = true;
                continue;
            }
            self.leave(uid);
            account.shard = Some(shard.number);
            let state = self.shard(shard.number);
            state.members.insert(uid.clone());
            state.bytes += size(uid, text);
            self.accounts.insert(uid.clone(), account);
        }
    }

    pub(super) fn forget(&mut self, uid: &str) {
        self.leave(uid);
        self.accounts.remove(uid);
    }

    pub(super) fn touch(&mut self, shard: Option<usize>) {
        if let Some(shard) = shard {
            self.shard(shard).changed = true;
        }
    }

    /// The shards that changed. One that only lost a Function to another comes after it.
    pub(super) fn due(&mut self) -> Vec<Shard> {
        let moved = self.make_room();
        self.place();
        let changed = self.shards.iter_mut().map(|state| std::mem::take(&mut state.changed));
        let changed: Vec<usize> = changed
            .enumerate()
            .filter(|(_, changed)| *changed)
            .map(|(number, _)| number)
            .collect();
        let mut due: Vec<Shard> = changed.into_iter().map(|number| self.render(number)).collect();
        due.sort_by_key(|shard| moved.contains(&shard.number));
        due
    }

    /// Takes Functions out of shards that have grown too large.
    fn make_room(&mut self) -> BTreeSet<usize> {
        let mut moved = BTreeSet::new();
        for number in 0..self.shards.len() {
            if !self.shard(number).changed {
                continue;
            }
            let rendered = self.render(number).accounts;
            let mut bytes: usize = rendered.iter().map(|(uid, text)| size(uid, text)).sum();
            for (uid, text) in rendered.iter().rev() {
                if bytes <= MOST_BYTES {
                    break;
                }
                bytes -= size(uid, text);
                self.leave(uid);
                moved.insert(number);
            }
            self.shard(number).bytes = bytes;
        }
        moved
    }

    /// Gives a shard to every Function that was counted and has none.
    fn place(&mut self) {
        let homeless: Vec<(String, usize)> = self
            .accounts
            .iter()
            .filter(|(_, account)| account.shard.is_none() && account.requests() > 0)
            .map(|(uid, account)| (uid.clone(), size(uid, &text(account))))
            .collect();
        for (uid, bytes) in homeless {
            let has_room = |state: &State| state.members.len() < FUNCTIONS && state.bytes + bytes <= FULL_BYTES;
            let number = self.shards.iter().position(has_room).unwrap_or(self.shards.len());
            let state = self.shard(number);
            state.members.insert(uid.clone());
            state.bytes += bytes;
            state.changed = true;
            if let Some(account) = self.accounts.get_mut(&uid) {
                account.shard = Some(number);
            }
        }
    }

    fn render(&self, number: usize) -> Shard {
        let members = self.shards.get(number).into_iter().flat_map(|state| &state.members);
        let accounts = members
            .filter_map(|uid| self.accounts.get(uid).map(|account| (uid.clone(), text(account))))
            .collect();
        Shard { number, accounts }
    }

    fn leave(&mut self, uid: &str) {
        let Some(number) = self.accounts.get_mut(uid).and_then(|account| account.shard.take()) else {
            return;
        };
        let state = self.shard(number);
        state.members.remove(uid);
        state.changed = true;
    }

    fn shard(&mut self, number: usize) -> &mut State {
        if self.shards.len() <= number {
            self.shards.resize_with(number + 1, State::default);
        }
        &mut self.shards[number]
    }
}

fn size(uid: &str, text: &str) -> usize {
    uid.len() + text.len()
}

/// Deployments of which nothing was counted are left out.
fn text(account: &Account) -> String {
    let counted: BTreeMap<_, _> = account.deployments.iter().filter(|(_, entry)| entry.total.requests() > 0).collect();
    serde_json::to_string(&counted).unwrap_or_default()
}
