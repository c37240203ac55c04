//! What a Function needs of what is stored, as its controller says with each question.
//!
//! It is recorded in the store before the question is answered, so no depot removes what an answer speaks of: a sweep takes
//! the record by compare-and-swap, and while it runs nothing is answered that it does not know as needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anneal_protocol::facts::References;
use anneal_store::{Clock, ETag, ObjectStore, Put};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    documents::{self, Document},
    grants::digest,
    layout::Layout,
    refusal::{Refusal, Result},
};

/// Names in one record.
const NAMES: usize = 1024;
/// Times that a record is tried against others.
const ATTEMPTS: usize = 5;
/// A record that says the same is written again after so long.
const REFRESH: Duration = Duration::from_mins(5);
/// A record that is older is not believed: the controller asks at least each five minutes.
const FRESH: Duration = Duration::from_mins(30);
/// What was named stays for so long: an older controller may leave names out for a while.
const RELEASE: Duration = Duration::from_hours(1);
/// How long a sweep has a Function to itself.
pub(crate) const SWEEP: Duration = Duration::from_secs(60);
/// After which it does nothing more: clocks differ, and a call may be under way.
pub(crate) const WORK: Duration = Duration::from_secs(30);

/// What is recorded.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Record {
    /// When the controller said so; absent: it does not say.
    pub(crate) at: Option<Timestamp>,
    /// What it said.
    pub(crate) references: References,
    /// What it said before, and until when.
    released: BTreeMap<String, Timestamp>,
    /// Until when a sweep removes what is not named.
    sweeping: Option<Timestamp>,
}

impl Record {
    /// Whether a digest or build key was named of late.
    pub(crate) fn names(&self, name: &str) -> bool {
        let References { jars, builds, merged } = &self.references;
        [jars, builds, merged].into_iter().any(|names| names.contains(name)) || self.released.contains_key(name)
    }

    fn all(references: &References) -> impl Iterator<Item = &String> {
        let References { jars, builds, merged } = references;
        jars.iter().chain(builds).chain(merged)
    }

    fn is_swept(&self, now: Timestamp) -> bool {
        self.sweeping.is_some_and(|until| until > now)
    }

    /// Whether a sweep may begin: what is needed is known, and no other sweep runs.
    fn is_free(&self, now: Timestamp) -> bool {
        self.at.is_some_and(|at| at + FRESH > now) && !self.is_swept(now)
    }

    /// The record after a question.
    fn next(&self, references: Option<&References>, now: Timestamp) -> Self {
        let mut released = self.released.clone();
        released.retain(|_, last| *last + RELEASE > now);
        let named: BTreeSet<_> = references.into_iter().flat_map(Self::all).collect();
        for gone in Self::all(&self.references).filter(|name| !named.contains(name)) {
            released.insert(gone.clone(), now);
        }
        released.retain(|name, _| !named.contains(name));
        Self {
            at: references.map(|_| now),
            references: references.cloned().unwrap_or_default(),
            released,
            sweeping: self.sweeping.filter(|until| *until > now),
        }
    }

    /// Whether a question adds nothing that is worth a write.
    fn says(&self, references: Option<&References>, now: Timestamp) -> bool {
        let same = references.is_some_and(|references| *references == self.references);
        match self.at {
            None => references.is_none(),
            Some(at) => same && at + REFRESH > now,
        }
    }
}

/// Records what is needed. Refused while a sweep runs that does not know of it.
pub(crate) async fn record(store: &dyn ObjectStore, clock: &Clock, layout: &Layout, references: Option<&References>) -> Result<()> {
    let names = || references.into_iter().flat_map(Record::all);
    if names().count() > NAMES {
        return Err(Refusal::invalid(format!("more than {NAMES} names in one question")));
    }
    for name in names() {
        digest(name)?;
    }
    let key = layout.references()?;
    for _ in 0..ATTEMPTS {
        let now = clock.now();
        let (found, etag) = read(store, layout).await?;
        if found.says(references, now) || (references.is_none() && etag.is_none()) {
            return Ok(());
        }
        if found.is_swept(now) {
            if references.is_some() && names().all(|name| found.names(name)) {
                return Ok(());
            }
            return Err(Refusal::unavailable("what is stored of the Function is being swept"));
        }
        let body = documents::encode(&found.next(references, now));
        let put = match etag {
            Some(etag) => store.put_if_match(&key, body, &etag).await?,
            None => store.put_if_absent(&key, body).await?,
        };
        if put != Put::Conflict {
            return Ok(());
        }
    }
    Err(Refusal::unavailable("what the Function needs is recorded by others"))
}

async fn read(store: &dyn ObjectStore, layout: &Layout) -> anneal_store::Result<(Record, Option<ETag>)> {
    let Ok(key) = layout.references() else {
        return Ok((Record::default(), None));
    };
    Ok(match documents::read(store, &key).await? {
        Document::Known(record, etag) => (record, Some(etag)),
        Document::Missing => (Record::default(), None),
        Document::Garbled(etag) => (Record::default(), Some(etag)),
    })
}

/// What a Function needs. None if nobody says so, or a sweep has it.
pub(crate) async fn current(store: &dyn ObjectStore, clock: &Clock, layout: &Layout) -> Result<Option<Record>> {
    let (found, _) = read(store, layout).await?;
    Ok(Some(found).filter(|found| found.is_free(clock.now())))
}

/// Takes a Function for a sweep, as far as it is free for one.
pub(crate) async fn begin_sweep(store: &dyn ObjectStore, clock: &Clock, layout: &Layout) -> Result<Option<Record>> {
    let now = clock.now();
    let (found, etag) = read(store, layout).await?;
    let Some(etag) = etag.filter(|_| found.is_free(now)) else {
        return Ok(None);
    };
    let taken = Record {
        sweeping: Some(now + SWEEP),
        ..found
    };
    let put = store.put_if_match(&layout.references()?, documents::encode(&taken), &etag).await?;
    Ok((put != Put::Conflict).then_some(taken))
}

/// Until when a sweep that holds the Function may remove: well before others may record again, however long taking it took.
pub(crate) fn work_until(taken: &Record) -> Option<Timestamp> {
    taken.sweeping.map(|end| end - SWEEP + WORK)
}

/// Gives a Function back. What fails here ends with the sweep's time.
pub(crate) async fn end_sweep(store: &dyn ObjectStore, layout: &Layout, taken: &Record) -> Result<()> {
    let (found, etag) = read(store, layout).await?;
    if let Some(etag) = etag.filter(|_| found == *taken) {
        let free = Record { sweeping: None, ..found };
        store.put_if_match(&layout.references()?, documents::encode(&free), &etag).await?;
    }
    Ok(())
}
