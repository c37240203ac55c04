//! Folders that die of what they read.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anneal_store::ObjectStore;
use rstest::rstest;

use super::{InProcess, head, memory, profile, profiles, run, run_with, upload};
use crate::{
    documents::{self, Document},
    fold::{Death, FoldLimits, Outcome, Reason, Result},
    layout::Identity,
};

async fn run_dying(store: &dyn ObjectStore, folders: &InProcess) -> Result<Outcome> {
    run_with(store, folders, profiles(), &FoldLimits::default()).await
}

/// Folds until nothing is left, as the queue does.
async fn settle(store: &dyn ObjectStore, folders: &InProcess) -> u64 {
    let mut quarantined = 0;
    for _ in 0..50 {
        let outcome = run_dying(store, folders).await.unwrap();
        quarantined += outcome.quarantined;
        if !outcome.more {
            return quarantined;
        }
    }
    panic!("there is always more")
}

async fn word(store: &dyn ObjectStore, pod: &str) -> Option<String> {
    let key = profiles().quarantined_reason(&Identity::new(pod, 0)).unwrap();
    let found: Document<Reason> = documents::read(store, &key).await.unwrap();
    found.known().map(|reason| reason.word)
}

#[rstest]
#[case::memory(Death::Killed(6), "TooCostly")]
#[case::time(Death::Late(Duration::from_secs(9)), "TooCostly")]
#[case::fault(Death::Fault, "Fault")]
#[tokio::test]
async fn what_kills_a_folder_goes_to_quarantine_and_the_others_go_on(#[case] death: Death, #[case] reason: &str) {
    let (store, clean) = (memory(), memory());
    let bomb = profile("bomb", 9);
    for pod in ["a", "c", "e"] {
        for store in [&store, &clean] {
            upload(&**store, &profiles(), pod, 0, profile("f", 3)).await;
        }
    }
    for pod in ["b", "d"] {
        upload(&*store, &profiles(), pod, 0, bomb.clone()).await;
    }
    let folders = InProcess::dying(move |_, raw| (raw == Some(&bomb[..])).then_some(death));
    assert_eq!(settle(&*store, &folders).await, 2);
    run(&*clean).await.unwrap();
    assert_eq!(
        head(&*store, &profiles()).await,
        head(&*clean, &profiles()).await,
        "bit-equal to the merge without them"
    );
    assert_eq!(
        (word(&*store, "b").await.as_deref(), word(&*store, "d").await.as_deref()),
        (Some(reason), Some(reason))
    );
}

#[tokio::test]
async fn a_death_that_does_not_come_again_accuses_nobody() {
    let store = memory();
    for pod in ["a", "b", "c"] {
        upload(&*store, &profiles(), pod, 0, profile("f", 1)).await;
    }
    let uploads = AtomicUsize::new(0);
    let folders = InProcess::dying(move |_, raw| {
        let second = raw.is_some() && uploads.fetch_add(1, Ordering::SeqCst) == 1;
        second.then_some(Death::Killed(9))
    });
    assert_eq!(settle(&*store, &folders).await, 0);
    assert_eq!(head(&*store, &profiles()).await.inputs.len(), 3);
}

#[tokio::test]
async fn uploads_that_are_too_many_for_one_folder_are_taken_in_one_by_one() {
    let store = memory();
    for pod in ["a", "b", "c", "d"] {
        upload(&*store, &profiles(), pod, 0, profile("f", 1)).await;
    }
    let folders = InProcess::dying(|taken, _| (taken > 1).then_some(Death::Killed(6)));
    assert_eq!(settle(&*store, &folders).await, 0);
    let head = head(&*store, &profiles()).await;
    assert_eq!((head.inputs.len(), head.events), (4, 4));
}

#[tokio::test]
async fn a_merge_that_cannot_be_written_accuses_one_upload_at_a_time() {
    let store = memory();
    upload(&*store, &profiles(), "a", 0, profile("f", 1)).await;
    run(&*store).await.unwrap();
    let before = head(&*store, &profiles()).await;
    for pod in ["b", "c"] {
        upload(&*store, &profiles(), pod, 0, profile("f", 1)).await;
    }
    let folders = InProcess::dying(|taken, raw| (raw.is_none() && taken > 0).then_some(Death::Killed(6)));
    assert_eq!(settle(&*store, &folders).await, 2);
    assert_eq!(head(&*store, &profiles()).await, before);
}

#[tokio::test]
async fn a_folder_is_kept_for_the_next_upload() {
    let (store, folders) = (memory(), InProcess::default());
    for window in 0..3 {
        upload(&*store, &profiles(), "a", window, profile("f", 1)).await;
        run_dying(&*store, &folders).await.unwrap();
    }
    assert_eq!(folders.made.load(Ordering::SeqCst), 1);
    // Another depot commits: what is kept is not the merge any more.
    upload(&*store, &profiles(), "b", 0, profile("f", 1)).await;
    run(&*store).await.unwrap();
    upload(&*store, &profiles(), "b", 1, profile("f", 1)).await;
    run_dying(&*store, &folders).await.unwrap();
    assert_eq!(folders.made.load(Ordering::SeqCst), 2);
    assert_eq!(head(&*store, &profiles()).await.inputs.len(), 5);
}
