//! Random stores and random needs: what is needed stays, and what went once leaves nothing for a second time.

mod world;

use std::{collections::BTreeSet, sync::Arc};

use anneal_protocol::{facts::References, problem::ProblemCode};
use anneal_store::{
    ObjectStore,
    testing::{Fault, FaultyStore},
};
use proptest::{collection::btree_set, prelude::*, sample::select, test_runner::TestCaseError};
use rstest::rstest;

use self::world::{World, digest, name};
use super::sweep;
use crate::{
    fold::list,
    layout::{Identity, Subject},
    tests::harness::{Harness, function},
};

/// Older than any retention.
const OLD: i64 = 40 * 24 * 3600;
/// Old enough to go, and young enough to be kept where there is a number.
const SETTLED: i64 = 3600;

/// What a random world holds.
#[derive(Clone, Debug)]
struct Case {
    jars: BTreeSet<u8>,
    builds: BTreeSet<u8>,
    merges: BTreeSet<u8>,
    references: References,
    windows: u64,
    without: usize,
    age: i64,
}

fn names(numbers: &BTreeSet<u8>) -> BTreeSet<String> {
    numbers.iter().map(|number| name(*number)).collect()
}

fn case() -> impl Strategy<Value = Case> {
    let some = |range: std::ops::Range<u8>| btree_set(range, 0..4);
    let stored = (some(0..4), some(4..8), some(4..8));
    let needed = (some(0..4), some(4..8), some(20..23));
    let age = select(vec![0, 300, SETTLED, OLD]);
    (stored, needed, 0..5_u64, 0..5_usize, age).prop_map(|((jars, builds, merges), (needed, keys, merged), windows, without, age)| Case {
        jars,
        builds,
        merges,
        references: References {
            jars: names(&needed),
            builds: names(&keys),
            merged: names(&merged),
        },
        windows,
        without,
        age,
    })
}

async fn make(case: &Case) -> World {
    let world = World::new();
    for jar in &case.jars {
        world.jar(*jar, jar + 10).await;
        world.put(world.layout.entry(digest(jar + 10)).unwrap(), "entry").await;
        world
            .shelf(Subject::Metadata { jar: digest(*jar) }, case.windows, case.without)
            .await;
    }
    for build in &case.builds {
        world.build(*build).await;
    }
    for build in &case.merges {
        let build = digest(*build);
        world.shelf(Subject::Profile { build }, case.windows, case.without).await;
    }
    world.put("uploads/shop/app.jar".parse().unwrap(), "mine").await;
    world.pass(case.age);
    world
}

/// Whether this must be there after a sweep, said once more and in another way than the plan says it.
fn must_stay(case: &Case, key: &str) -> bool {
    let References { jars, builds, merged } = &case.references;
    let named = |names: &BTreeSet<String>| names.iter().any(|name| key.contains(name.as_str()));
    let entry = case
        .jars
        .iter()
        .any(|jar| jars.contains(&name(*jar)) && key.contains(&format!("/entry/{}", name(jar + 10))));
    let window = |windows: std::ops::Range<u64>| windows.into_iter().any(|window| key.contains(&format!("/raw/pod-{window}.")));
    let in_two_states = window(0..case.windows.saturating_sub(case.without as u64));
    let head_names = [".published", ".state", ".previous", "/HEAD"].iter().any(|end| key.ends_with(end));
    let quarantined = key.starts_with("quarantine") && case.age >= OLD;
    if key.starts_with("uploads") || key.ends_with("references.json") || case.age < 600 || entry {
        return true;
    }
    if key.contains("/merged/") && !head_names {
        return named(merged);
    }
    let needed = named(jars) || named(builds);
    let lost_attempt = key.contains("/lost/artifact") || key.contains("/lost/build.log");
    let old_raw = case.age >= OLD && in_two_states;
    needed && !quarantined && !lost_attempt && !old_raw
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_needed_stays_and_a_second_pass_removes_nothing(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = make(&case).await;
            world.tell(Some(case.references.clone())).await.unwrap();
            let before = world.keys().await;
            let removed = world.sweep().await;
            let after = world.keys().await;
            prop_assert_eq!(before.len() as u64 - after.len() as u64, removed);
            for key in before.difference(&after) {
                prop_assert!(!must_stay(&case, key), "{} was removed", key);
            }
            prop_assert_eq!(world.sweep().await, 0);
            prop_assert_eq!(world.keys().await, after);
            Ok::<_, TestCaseError>(())
        })?;
    }
}

fn everything() -> Case {
    Case {
        jars: [0, 1].into(),
        builds: [4, 5].into(),
        merges: [4, 5].into(),
        references: References {
            jars: [name(0)].into(),
            builds: [name(4)].into(),
            merged: [name(20)].into(),
        },
        windows: 4,
        without: 1,
        age: OLD,
    }
}

/// The property could hold for a sweep that removes nothing: this one removes everything that may go.
#[tokio::test]
async fn what_nothing_names_goes() {
    let case = everything();
    let world = make(&case).await;
    world.tell(Some(case.references.clone())).await.unwrap();
    world.sweep().await;
    let left = world.keys().await;
    let of = |part: &str| left.iter().filter(|key| key.contains(part)).count();
    assert_eq!((of("/jar/"), of("/entry/"), of("uploads/")), (2, 1, 1));
    // The artifact, its log, the result and the verdict.
    assert_eq!((of(&format!("/builds/{}", name(4))), of(&format!("/builds/{}", name(5)))), (4, 0));
    // The profile that one state alone holds, with its sidecar; the three objects of HEAD and the named merge.
    let shelf = format!("/{}/", name(4));
    let merge = |part: &str| {
        left.iter()
            .filter(|key| key.starts_with("profiles") && key.contains(&format!("{shelf}{part}")))
            .count()
    };
    assert_eq!((merge("raw/"), merge("merged/"), merge("lost/"), merge("HEAD")), (2, 4, 1, 1));
    // Nothing names the other merge but its merged object, and with that it stays.
    assert_eq!(left.iter().filter(|key| key.starts_with("quarantine")).count(), 0);
}

#[tokio::test]
async fn nothing_goes_while_nobody_says_what_is_needed() {
    let world = make(&everything()).await;
    assert_eq!(world.sweep().await, 0, "nobody ever said it");
    world.tell(Some(References::default())).await.unwrap();
    world.tell(None).await.unwrap();
    assert_eq!(world.sweep().await, 0, "it is not known any more");
    world.tell(Some(References::default())).await.unwrap();
    world.pass(31 * 60);
    assert_eq!(world.sweep().await, 0, "it was said too long ago");
    world.tell(Some(References::default())).await.unwrap();
    assert!(world.sweep().await > 0);
}

#[tokio::test]
async fn what_was_named_stays_for_an_hour() {
    let case = everything();
    let world = make(&case).await;
    world.tell(Some(case.references.clone())).await.unwrap();
    world.tell(Some(References::default())).await.unwrap();
    world.sweep().await;
    let build = world.layout.build(digest(4)).unwrap().result().unwrap().to_string();
    assert!(world.keys().await.contains(&build), "an older controller may have said so");
    world.pass(3601);
    world.tell(Some(References::default())).await.unwrap();
    world.sweep().await;
    assert!(!world.keys().await.contains(&build));
}

#[tokio::test]
async fn a_merge_stays_until_a_decision_on_it_was_told() {
    let case = Case {
        age: SETTLED,
        ..everything()
    };
    let world = make(&case).await;
    let (unnamed, head) = {
        let shelf = world.layout.shelf(Subject::Profile { build: digest(4) }).unwrap();
        (
            shelf.merged_object(&shelf.published_name(&name(21))).unwrap().to_string(),
            shelf.head().unwrap(),
        )
    };
    // HEAD moves on: what it named before may be frozen in a revision by now.
    let found = world.depot.memory.get(&head, 1 << 20).await.unwrap().unwrap();
    world.depot.memory.put_if_match(&head, found.body, &found.head.etag).await.unwrap();
    world.tell(Some(case.references.clone())).await.unwrap();
    world.sweep().await;
    assert!(world.keys().await.contains(&unnamed));
    world.pass(601);
    world.tell(Some(case.references.clone())).await.unwrap();
    world.sweep().await;
    assert!(!world.keys().await.contains(&unnamed));
}

#[tokio::test]
async fn raw_profiles_stay_while_a_state_is_damaged() {
    let case = everything();
    let world = make(&case).await;
    let shelf = world.layout.shelf(Subject::Profile { build: digest(4) }).unwrap();
    let previous = list(&*world.depot.memory, &shelf.merged().unwrap()).await.unwrap();
    let previous = previous.iter().find(|object| object.key.name().contains(".previous")).unwrap();
    world.depot.memory.delete(&previous.key).await.unwrap();
    world.put(previous.key.clone(), "x").await;
    world.tell(Some(case.references.clone())).await.unwrap();
    world.sweep().await;
    for window in 0..case.windows {
        let raw = shelf.raw(&Identity::new("pod", window)).unwrap().to_string();
        assert!(world.keys().await.contains(&raw));
    }
}

#[tokio::test]
async fn while_a_sweep_runs_nothing_new_is_answered() {
    let case = everything();
    let world = make(&case).await;
    world.tell(Some(case.references.clone())).await.unwrap();
    let (store, clock) = (&*world.depot.depot.store, &world.depot.depot.clock);
    let taken = crate::references::begin_sweep(store, clock, &world.layout).await.unwrap().unwrap();
    assert!(
        crate::references::begin_sweep(store, clock, &world.layout).await.unwrap().is_none(),
        "another sweep waits"
    );
    assert_eq!(world.tell(Some(case.references.clone())).await, Ok(()), "it is known");
    let more = References {
        builds: [name(4), name(5)].into(),
        ..case.references.clone()
    };
    assert_eq!(world.tell(Some(more.clone())).await, Err(ProblemCode::Unavailable));
    assert_eq!(world.tell(None).await, Err(ProblemCode::Unavailable));
    crate::references::end_sweep(store, &world.layout, &taken).await.unwrap();
    assert_eq!(world.tell(Some(more.clone())).await, Ok(()));
    // A sweep whose depot was killed ends by itself.
    let store = &*world.depot.depot.store;
    assert!(
        crate::references::begin_sweep(store, &world.depot.depot.clock, &world.layout)
            .await
            .unwrap()
            .is_some()
    );
    world.pass(61);
    assert_eq!(world.tell(Some(case.references)).await, Ok(()));
}

#[rstest]
#[case(Fault::Before)]
#[case(Fault::After)]
#[tokio::test]
async fn a_sweep_that_is_killed_is_finished_by_the_next(#[case] fault: Fault) {
    let case = everything();
    let reference = make(&case).await;
    reference.tell(Some(case.references.clone())).await.unwrap();
    let counting = Arc::new(FaultyStore::counting(reference.depot.memory.clone()));
    let counted = Harness::over(|_| counting.clone());
    counted.pass(case.age);
    sweep(&counted.depot, &function()).await.unwrap();
    let expected = reference.keys().await;
    for operation in 0..counting.operations() {
        let world = make(&case).await;
        world.tell(Some(case.references.clone())).await.unwrap();
        let dying = Harness::over(|_| Arc::new(FaultyStore::crash_at(world.depot.memory.clone(), operation, fault)));
        dying.pass(case.age);
        let crashed = sweep(&dying.depot, &function()).await;
        world.pass(61);
        world.sweep().await;
        assert_eq!(world.keys().await, expected, "crash at operation {operation}: {crashed:?}");
    }
}
