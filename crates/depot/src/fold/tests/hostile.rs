//! Uploads that must not be taken in.

use anneal_store::ObjectStore;
use bytes::Bytes;
use rstest::rstest;

use super::{InProcess, gzip, head, memory, profile, profiles, run, run_with, upload};
use crate::{
    documents::{self, Document},
    fold::{FoldLimits, Reason},
    layout::Identity,
};

#[rstest]
#[case::no_json(Bytes::from_static(b"\x00\x01"), "Syntax")]
#[case::cut(Bytes::from_static(b"{\"version\":\"1.0.0\""), "Cut")]
#[case::empty_sections(Bytes::from_static(b"{\"version\":\"1.0.0\",\"types\":[],\"methods\":[]}"), "Empty")]
#[case::unknown_major(Bytes::from_static(b"{\"version\":\"7.0.0\",\"types\":[],\"methods\":[]}"), "Version")]
#[case::damaged_gzip(Bytes::from_static(b"\x1f\x8b\x08\x00broken"), "Unreadable")]
#[tokio::test]
async fn puts_a_hostile_profile_into_quarantine(#[case] body: Bytes, #[case] reason: &str) {
    let (store, clean) = (memory(), memory());
    for store in [&store, &clean] {
        upload(&**store, &profiles(), "good", 0, profile("f", 1)).await;
    }
    upload(&*store, &profiles(), "bad", 3, body.clone()).await;
    run(&*store).await.unwrap();
    run(&*clean).await.unwrap();
    assert_eq!(
        head(&*store, &profiles()).await,
        head(&*clean, &profiles()).await,
        "bit-equal to the merge without it"
    );
    let identity = Identity::new("bad", 3);
    let found: Document<Reason> = documents::read(&*store, &profiles().quarantined_reason(&identity).unwrap())
        .await
        .unwrap();
    assert_eq!(found.known().unwrap().word, reason);
    let kept = store.get(&profiles().quarantined_body(&identity).unwrap(), 1 << 20).await.unwrap();
    assert_eq!(kept.unwrap().body, body);
    assert!(store.head(&profiles().raw(&identity).unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn bombs_end_in_quarantine() {
    let store = memory();
    upload(&*store, &profiles(), "brackets", 0, gzip("[".repeat(1 << 20).as_bytes())).await;
    upload(&*store, &profiles(), "zeros", 0, gzip(&vec![b' '; 8 << 20])).await;
    upload(&*store, &profiles(), "large", 0, Bytes::from(vec![b' '; 2 << 20])).await;
    upload(&*store, &profiles(), "good", 0, profile("f", 1)).await;
    let limits = FoldLimits {
        raw: 1 << 20,
        inflated: 4 << 20,
        ..FoldLimits::default()
    };
    let outcome = run_with(&*store, &InProcess::new(&limits), profiles(), &limits).await.unwrap();
    assert_eq!((outcome.folded.len(), outcome.quarantined), (1, 3));
}
