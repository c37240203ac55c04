//! Who makes the authorities, who adopts them, and what a year does to them.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use anneal_testkit::{Apiserver, Fault};
use anneal_tls::{AUTHORITY_SECONDS, OVERLAP_SECONDS, RETIRE_SECONDS, SUCCESSION_SECONDS};

use super::*;

const PATH: &str = "/api/v1/namespaces/anneal/secrets/anneal-ca";
const START: i64 = 1_800_000_000;

struct Scene {
    apiserver: Apiserver,
    now: Arc<AtomicI64>,
}

impl Scene {
    fn new() -> Self {
        Self {
            apiserver: Apiserver::default(),
            now: Arc::new(AtomicI64::new(START)),
        }
    }

    /// A controller with a memory of its own.
    fn controller(&self) -> Certificates {
        let now = Arc::clone(&self.now);
        let clock = Clock::from_fn(move || now.load(SeqCst));
        Certificates::new(self.apiserver.client(), "anneal", clock, Held::default())
    }

    async fn bundle(&self) -> String {
        let controller = self.controller();
        controller.ensure().await.unwrap();
        controller.held.bundle().unwrap()
    }

    fn writes(&self) -> Vec<String> {
        self.apiserver.take_writes().into_iter().map(|write| write.method).collect()
    }
}

#[tokio::test]
async fn the_first_one_makes_the_authorities_and_every_other_one_adopts_them() {
    let scene = Scene::new();
    let first = scene.bundle().await;
    assert_eq!(scene.writes(), ["POST"]);
    assert_eq!(scene.bundle().await, first);
    assert!(scene.writes().is_empty(), "looking writes nothing");
}

#[tokio::test]
async fn of_two_that_begin_at_once_both_use_what_one_wrote() {
    let scene = Scene::new();
    let (one, other) = (scene.controller(), scene.controller());
    // Both have seen that there is nothing.
    let made = one.create().await.unwrap();
    let adopted = other.create().await.unwrap();
    assert_eq!(adopted, made);
    assert_eq!(scene.writes(), ["POST", "POST"], "the second was refused");
}

#[tokio::test]
async fn a_reply_that_is_lost_makes_no_second_authority() {
    let scene = Scene::new();
    scene.apiserver.set_fault(Some(Fault::LostReply(0)));
    let controller = scene.controller();
    assert!(controller.ensure().await.is_err());
    scene.apiserver.set_fault(None);
    controller.ensure().await.unwrap();
    assert_eq!(scene.writes(), ["POST"]);
}

#[tokio::test]
async fn the_next_authority_is_added_well_before_the_last_one_ends_and_takes_over() {
    let scene = Scene::new();
    let first = scene.bundle().await;
    scene.now.store(START + AUTHORITY_SECONDS - SUCCESSION_SECONDS + 1, SeqCst);
    let both = scene.bundle().await;
    assert!(both.starts_with(&first) && both != first, "both are believed");
    scene.now.fetch_add(OVERLAP_SECONDS + RETIRE_SECONDS, SeqCst);
    let last = scene.bundle().await;
    assert!(both.ends_with(&last) && last != both, "the first is over");
    assert_eq!(scene.writes(), ["POST", "PATCH", "PATCH"]);
}

#[tokio::test]
async fn of_two_that_add_the_next_authority_one_wins() {
    let scene = Scene::new();
    scene.bundle().await;
    scene.now.store(START + AUTHORITY_SECONDS - SUCCESSION_SECONDS + 1, SeqCst);
    let (one, other) = (scene.controller(), scene.controller());
    let (authorities, version) = one.read().await.unwrap().unwrap();
    let turned = || authorities.turned(scene.now.load(SeqCst)).unwrap().unwrap();
    let won = one.replace(turned(), version.clone()).await.unwrap();
    let lost = other.replace(turned(), version).await.unwrap();
    assert_eq!(lost, won);
}

#[tokio::test]
async fn a_secret_that_holds_something_else_is_left_alone() {
    let scene = Scene::new();
    scene.apiserver.put(PATH, json!({"metadata": {"name": "anneal-ca"}, "data": {}}));
    assert!(matches!(scene.controller().ensure().await, Err(Error::Parse { .. })));
    assert!(scene.writes().is_empty());
}
