//! Two depots, each killed again and again at random points, and fifty writers: every accepted profile counts once.
//!
//! One thread and a seed: the same run each time. A depot dies in the middle of any operation of the store, before or after
//! it happened, with everything that it was about to do.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anneal_protocol::depot::{Grant, ProfileSidecar};
use anneal_store::{
    Clock, Depth, ETag, GrantSpec, MemoryStore, Object, ObjectHead, ObjectKey, ObjectStore, Page, PageToken, Prefix, Put, Sha256Digest,
};
use anneal_telemetry::Registry;
use anneal_tls::Held;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    cluster::FakeCluster,
    harness::{build_key, function},
};
use crate::{
    annotate::PodNames,
    api::Depot,
    args::{Accounts, Limits},
    authentication::Authenticator,
    caller::{PodCaller, Role},
    certificates::{Certificates, StoreAuthority},
    cluster::Cluster,
    documents,
    fold::{
        FoldLimits, Head, Merge,
        tests::{InProcess, memory, profile},
    },
    layout::{Identity, Layout, Shelf, Subject},
    metrics::Metrics,
    profiles::ProfileMerge,
    queue::{self, FoldQueue},
    retention::Retention,
    sweep::{Sources, Sweep},
    verifier::Verifier,
    windows,
};

const WRITERS: u64 = 50;
const WINDOWS: u64 = 20;
const KILLS: u64 = 20;

/// A generator that is good enough to choose.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// The store as a depot sees it that dies at one of its operations.
struct MortalStore {
    inner: Arc<MemoryStore>,
    /// Operations that are left.
    left: AtomicU64,
    /// Whether the last one happens.
    happens: bool,
    dead: CancellationToken,
}

impl MortalStore {
    async fn run<T: Send>(&self, operation: impl Future<Output = anneal_store::Result<T>> + Send) -> anneal_store::Result<T> {
        // Others have their turn between any two operations.
        tokio::task::yield_now().await;
        let left = self.left.load(Ordering::SeqCst);
        self.left.store(left.saturating_sub(1), Ordering::SeqCst);
        if left > 1 {
            let result = operation.await;
            tokio::task::yield_now().await;
            return result;
        }
        if left == 1 && self.happens {
            operation.await?;
        }
        self.dead.cancel();
        std::future::pending().await
    }
}

#[async_trait]
impl ObjectStore for MortalStore {
    async fn get(&self, key: &ObjectKey, limit: u64) -> anneal_store::Result<Option<Object>> {
        self.run(self.inner.get(key, limit)).await
    }

    async fn head(&self, key: &ObjectKey) -> anneal_store::Result<Option<ObjectHead>> {
        self.run(self.inner.head(key)).await
    }

    async fn hash(&self, key: &ObjectKey, limit: u64) -> anneal_store::Result<Option<(u64, Sha256Digest)>> {
        self.run(self.inner.hash(key, limit)).await
    }

    async fn list(&self, prefix: &Prefix, depth: Depth, from: Option<&PageToken>) -> anneal_store::Result<Page> {
        self.run(self.inner.list(prefix, depth, from)).await
    }

    async fn delete(&self, key: &ObjectKey) -> anneal_store::Result<()> {
        self.run(self.inner.delete(key)).await
    }

    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> anneal_store::Result<Put> {
        self.run(self.inner.put_if_absent(key, body)).await
    }

    async fn put_if_match(&self, key: &ObjectKey, body: Bytes, etag: &ETag) -> anneal_store::Result<Put> {
        self.run(self.inner.put_if_match(key, body, etag)).await
    }

    async fn grant(&self, spec: &GrantSpec) -> anneal_store::Result<Grant> {
        self.run(self.inner.grant(spec)).await
    }
}

/// A depot that lives until its store says otherwise.
#[derive(Clone)]
struct Incarnation {
    depot: Arc<Depot>,
    dead: CancellationToken,
}

impl Incarnation {
    fn new(inner: &Arc<MemoryStore>, operations: u64, happens: bool) -> Self {
        let dead = CancellationToken::new();
        let store = MortalStore {
            inner: Arc::clone(inner),
            left: AtomicU64::new(operations),
            happens,
            dead: dead.clone(),
        };
        let cluster = Cluster::new(FakeCluster::default().client());
        let accounts = Accounts {
            controller: "anneal/controller".parse().unwrap(),
            gateway: None,
        };
        let metrics = Metrics::register(&Registry::new()).unwrap();
        let depot = Depot {
            store: Arc::new(store),
            authenticator: Authenticator::new(cluster.clone(), accounts, Clock::system()),
            cluster,
            queue: FoldQueue::new(metrics.queue.clone()),
            folders: Arc::new(InProcess::default()),
            verifier: Verifier::default(),
            limits: Limits {
                grant_life: Duration::from_mins(5),
                max_profiles: 10_000,
                fold: FoldLimits::default(),
                retention: Retention::default(),
            },
            pod_names: PodNames::default(),
            certificates: Certificates {
                held: Held::default(),
                store: StoreAuthority::Depot,
            },
            clock: Clock::system(),
            metrics,
        };
        Self {
            depot: Arc::new(depot),
            dead,
        }
    }

    /// Works as the runtime makes a depot work, until it is dead; then everything ends where it is.
    async fn live(&self) {
        let mut parts = JoinSet::new();
        for _ in 0..2 {
            parts.spawn(queue::work(Arc::clone(&self.depot), CancellationToken::new()));
        }
        let depot = Arc::clone(&self.depot);
        parts.spawn(async move {
            let mut sweep = Sweep::default();
            loop {
                let sources = Sources {
                    store: &*depot.store,
                    verifier: &depot.verifier,
                    queue: &depot.queue,
                };
                sweep.pass(sources).await.unwrap();
                tokio::time::sleep(Duration::from_secs(30)).await;
            }
        });
        self.dead.cancelled().await;
        parts.shutdown().await;
    }
}

/// Where the living incarnation of a depot is found.
type Slot = Arc<Mutex<Incarnation>>;

/// One life after the other. Gives the number of kills, and of those the ones that came while writers were at work.
async fn reincarnate(slot: Slot, store: Arc<MemoryStore>, written: Arc<AtomicU64>, seed: u64) -> (u64, u64) {
    let (mut dice, mut early) = (Dice(seed), 0);
    for _ in 0..KILLS {
        let living = slot.lock().unwrap().clone();
        living.live().await;
        early += u64::from(written.load(Ordering::SeqCst) < WRITERS * WINDOWS);
        *slot.lock().unwrap() = Incarnation::new(&store, 40 + dice.roll(400), dice.roll(2) == 0);
    }
    (KILLS, early)
}

fn caller(writer: u64) -> PodCaller {
    PodCaller {
        name: format!("pod-{writer}"),
        uid: format!("uid-{writer}"),
        function: function(),
        role: Role::Executor {
            build_key: Some(build_key()),
        },
    }
}

fn body(writer: u64, window: u64) -> Bytes {
    profile(&format!("f{}", (writer + window) % 7), 1 + writer * window % 13)
}

/// An agent: stores its windows, some seconds apart, and confirms each until a depot says that it has it.
async fn write(writer: u64, store: Arc<MemoryStore>, written: Arc<AtomicU64>, slots: [Slot; 2]) {
    let mut dice = Dice(writer);
    for window in 0..WINDOWS {
        tokio::time::sleep(Duration::from_secs(dice.roll(20))).await;
        let body = body(writer, window);
        let key = shelf().raw(&Identity::new(&caller(writer).uid, window)).unwrap();
        store.put_if_absent(&key, body.clone()).await.unwrap();
        let sidecar = ProfileSidecar {
            build_key: build_key(),
            window,
            sha256: Sha256Digest::of(&body).to_string(),
            bytes: body.len() as u64,
            requests: 1,
            seconds: 1,
            exit: 143,
        };
        let mut turn = writer + window;
        loop {
            turn += 1;
            let Incarnation { depot, dead } = slots[usize::from(turn.is_multiple_of(2))].lock().unwrap().clone();
            let caller = caller(writer);
            let confirmed = dead.run_until_cancelled(windows::confirm_profile(&depot, &caller, &sidecar)).await;
            if matches!(confirmed, Some(Ok(()))) {
                break;
            }
            tokio::task::yield_now().await;
        }
        written.fetch_add(1, Ordering::SeqCst);
    }
}

fn shelf() -> Shelf {
    let build = build_key().parse().unwrap();
    Layout::of(&function()).unwrap().shelf(Subject::Profile { build }).unwrap()
}

async fn head(store: &MemoryStore) -> Option<Head> {
    documents::read(store, &shelf().head().unwrap()).await.unwrap().known()
}

#[tokio::test(start_paused = true)]
async fn every_accepted_profile_counts_once_whoever_is_killed() {
    let store = memory();
    let slots: [Slot; 2] = std::array::from_fn(|_| Arc::new(Mutex::new(Incarnation::new(&store, 100, false))));
    let (mut depots, written) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
    for (seed, slot) in (1..).zip(&slots) {
        depots.spawn(reincarnate(Arc::clone(slot), Arc::clone(&store), Arc::clone(&written), seed));
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(writer, Arc::clone(&store), Arc::clone(&written), slots.clone()));
    }
    let kills = depots.join_all().await;
    let early = |(kills, early): &(u64, u64)| *kills == KILLS && *early >= KILLS / 2;
    assert!(kills.iter().all(early), "{kills:?}");
    assert!(head(&store).await.is_some(), "there were commits between the kills");
    // One lives on, to answer the last writers and to fold what is left.
    let last = Incarnation::new(&store, u64::MAX, false);
    for slot in &slots {
        *slot.lock().unwrap() = last.clone();
    }
    let mut afterlife = JoinSet::new();
    afterlife.spawn(async move { last.live().await });
    writers.join_all().await;
    let accepted: BTreeSet<_> = (0..WRITERS)
        .flat_map(|writer| (0..WINDOWS).map(move |window| Identity::new(&caller(writer).uid, window)))
        .collect();
    let folded = async {
        loop {
            match head(&store).await {
                Some(head) if head.inputs.len() == accepted.len() => return head,
                _ => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    };
    let head = tokio::time::timeout(Duration::from_hours(1), folded).await.unwrap();
    assert_eq!(head.inputs, Vec::from_iter(accepted));

    let mut batch = ProfileMerge::default();
    for writer in 0..WRITERS {
        for window in 0..WINDOWS {
            batch.fold(&body(writer, window), &FoldLimits::default()).unwrap();
        }
    }
    let batch = batch.finish().unwrap();
    assert_eq!((head.digest, head.events), (batch.digest, batch.events));
    let key = shelf().merged_object(&head.published.name).unwrap();
    assert_eq!(store.get(&key, 1 << 20).await.unwrap().unwrap().body, batch.published);
}
