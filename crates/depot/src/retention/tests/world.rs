//! A Function's objects, as a test says that they are.

use std::collections::{BTreeMap, BTreeSet};

use anneal_protocol::{
    depot::JarRecord,
    facts::{BuildRecord, FactsRequest, References},
    handler::{Contract, Handler, HandlerRequest},
    problem::ProblemCode,
};
use anneal_store::{ObjectKey, ObjectStore, Put, Sha256Digest};
use bytes::Bytes;
use serde::Serialize;

use crate::{
    fold::{Head, MergedObject, Previous, list},
    layout::{Identity, Layout, Subject},
    retention::sweep,
    tests::harness::{Harness, function},
};

/// A digest by a small number.
pub(super) fn digest(number: u8) -> Sha256Digest {
    Sha256Digest::of(&[number])
}

pub(super) fn name(number: u8) -> String {
    digest(number).to_string()
}

/// A Function's objects in the making.
pub(super) struct World {
    pub(super) depot: Harness,
    pub(super) layout: Layout,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            depot: Harness::new(),
            layout: Layout::of(&function()).unwrap(),
        }
    }

    pub(super) async fn put(&self, key: ObjectKey, body: impl Into<Bytes>) {
        let put = self.depot.memory.put_if_absent(&key, body.into()).await.unwrap();
        assert!(matches!(put, Put::Written(_)), "{key} is there");
    }

    async fn put_json(&self, key: ObjectKey, document: &impl Serialize) {
        self.put(key, serde_json::to_vec(document).unwrap()).await;
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.depot.pass(seconds);
    }

    pub(super) async fn jar(&self, jar: u8, entry: u8) {
        self.put(self.layout.jar(digest(jar)).unwrap(), "jar").await;
        let requested = HandlerRequest::default();
        let record = JarRecord {
            sha256: name(jar),
            bytes: 3,
            requested: requested.clone(),
            entry: Some(name(entry)),
            handler: Handler {
                class: "A".into(),
                method: "main".into(),
                contract: Contract::Map,
            },
        };
        self.put_json(self.layout.jar_record(digest(jar), &requested).unwrap(), &record)
            .await;
    }

    pub(super) async fn build(&self, key: u8) {
        let build = self.layout.build(digest(key)).unwrap();
        for attempt in ["won", "lost"] {
            self.put(build.artifact(attempt).unwrap(), "binary").await;
            self.put(build.log(attempt).unwrap(), "log").await;
        }
        let record = BuildRecord {
            attempt: "won".into(),
            sha256: Sha256Digest::of(b"binary").to_string(),
            bytes: 6,
            seconds: 1,
            peak_memory_bytes: None,
            pgo: Vec::new(),
            applicability_percent: None,
            relevance_percent: None,
        };
        self.put_json(build.result().unwrap(), &record).await;
        self.put_json(build.rejected().unwrap(), &serde_json::json!({"reason": "Slow"}))
            .await;
    }

    /// A merge of `windows` profiles, the last `without` of which are in its newest state alone.
    pub(super) async fn shelf(&self, subject: Subject, windows: u64, without: usize) {
        let shelf = self.layout.shelf(subject).unwrap();
        let identities: Vec<_> = (0..windows).map(|window| Identity::new("pod", window)).collect();
        for identity in &identities {
            self.put(shelf.raw(identity).unwrap(), "raw").await;
            if matches!(subject, Subject::Profile { .. }) {
                self.put(shelf.sidecar(identity).unwrap(), "sidecar").await;
            }
        }
        let mut merged = BTreeMap::new();
        for (part, body) in [("published", "p"), ("state", "s"), ("previous", "q")] {
            let object = MergedObject::new(format!("{}.{part}", Sha256Digest::of(body.as_bytes())), body.as_bytes());
            self.put(shelf.merged_object(&object.name).unwrap(), body).await;
            merged.insert(part, object);
        }
        for number in 20..23 {
            self.put(shelf.merged_object(&shelf.published_name(&name(number))).unwrap(), "old")
                .await;
        }
        self.put(shelf.loss(&Identity::new("pod", 99)).unwrap(), "{}").await;
        for window in 200..203 {
            self.put(shelf.quarantined_reason(&Identity::new("pod", window)).unwrap(), "{}")
                .await;
            self.put(shelf.quarantined_body(&Identity::new("pod", window)).unwrap(), "bad")
                .await;
        }
        let head = Head {
            digest: name(0),
            published: merged["published"].clone(),
            state: merged["state"].clone(),
            previous: Some(Previous {
                state: merged["previous"].clone(),
                without: identities.iter().rev().take(without).cloned().collect(),
            }),
            inputs: identities,
            events: 1,
            recent: Vec::new(),
        };
        self.put_json(shelf.head().unwrap(), &head).await;
    }

    pub(super) async fn tell(&self, references: Option<References>) -> Result<(), ProblemCode> {
        let request = FactsRequest {
            function: function(),
            jar: None,
            builds: Vec::new(),
            profiles: Vec::new(),
            metadata: None,
            references,
        };
        self.depot.try_facts(&request).await.map(|_| ())
    }

    pub(super) async fn sweep(&self) -> u64 {
        sweep(&self.depot.depot, &function()).await.unwrap()
    }

    pub(super) async fn keys(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for root in ["functions", "profiles", "quarantine", "uploads"] {
            let objects = list(&*self.depot.memory, &root.parse().unwrap()).await.unwrap();
            keys.extend(objects.into_iter().map(|object| object.key.to_string()));
        }
        keys
    }
}
