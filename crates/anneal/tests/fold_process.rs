//! The process that folds, as the depot starts it: merges, and dies of what it should die of.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anneal_depot::testing::{Folding, Program};
use anneal_iprof::{ConflictPolicy, Intermediate, Limits};
use anneal_store::{Clock, MemorySettings, MemoryStore, ObjectStore, Put};
use rustix::process::{Pid, Signal, kill_process};

/// For whatever a busy machine does.
const PATIENCE: Duration = Duration::from_secs(60);

fn program() -> Program {
    Program {
        program: PathBuf::from(env!("CARGO_BIN_EXE_anneal")),
        arguments: vec!["depot-fold".into()],
        memory: 64 << 20,
        idle_memory: 64 << 20,
        deadline: PATIENCE,
    }
}

fn folding(program: Program) -> Folding {
    Folding::new(program).expect("its names are keys")
}

fn memory() -> Arc<MemoryStore> {
    let settings = MemorySettings {
        tenant_endpoint: "http://depot.test:8081".parse().expect("it is a URL"),
        clock: Clock::system(),
    };
    Arc::new(MemoryStore::new(settings).expect("there is randomness"))
}

/// A profile with so many methods, each called so often.
fn profile(methods: usize, calls: u64) -> String {
    let declared: Vec<_> = (0..methods)
        .map(|id| format!(r#"{{"id":{id},"name":"m{id}","signature":[1,0]}}"#))
        .collect();
    let counted: Vec<_> = (0..methods)
        .map(|id| format!(r#"{{"ctx":"{id}:0","records":[{calls}]}}"#))
        .collect();
    format!(
        r#"{{"version":"1.1.0","types":[{{"id":0,"name":"int"}},{{"id":1,"name":"Fn"}}],"methods":[{}],"callCountProfiles":[{}]}}"#,
        declared.join(","),
        counted.join(",")
    )
}

async fn upload(folding: &Folding, store: &MemoryStore, pod: &str, body: &str) {
    let key = folding.upload(pod).expect("a pod's name is part of a key");
    let put = store
        .put_if_absent(&key, body.to_owned().into())
        .await
        .expect("memory does not fail");
    assert!(matches!(put, Put::Written(_)));
}

async fn settle(folding: &Folding, store: &MemoryStore) -> u64 {
    let (mut quarantined, mut more) = (0, true);
    for _ in 0..20 {
        if more {
            let folded = folding.fold(store).await.expect("the store does not fail");
            quarantined += folded.quarantined;
            more = folded.more;
        }
    }
    assert!(!more, "there is always more");
    quarantined
}

/// Ids of this test's children that fold.
fn children() -> Vec<Pid> {
    let parent = std::process::id();
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc").expect("it is there").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        if status.contains(&format!("\nPPid:\t{parent}\n")) {
            children.extend(Pid::from_raw(pid));
        }
    }
    children
}

fn proc(pid: Pid, file: &str) -> String {
    fs::read_to_string(format!("/proc/{}/{file}", pid.as_raw_nonzero())).unwrap_or_default()
}

/// One test: the children of a process cannot be told apart by the test that made them.
#[tokio::test]
async fn folds_in_processes_that_may_die() {
    merges_what_a_batch_would().await;
    a_bomb_costs_its_process_and_nobody_elses_profile().await;
    a_process_that_hangs_is_killed_reaped_and_replaced().await;
    a_program_that_does_not_answer_folds_nothing().await;
    processes_are_kept_as_far_as_their_memory_goes().await;
}

async fn merges_what_a_batch_would() {
    let (store, folding) = (memory(), folding(program()));
    let mut batch = Intermediate::new();
    for (number, pod) in ["a", "b", "c"].into_iter().enumerate() {
        let body = profile(10 * (number + 1), number as u64 + 1);
        upload(&folding, &store, pod, &body).await;
        batch.fold(body.as_bytes(), &Limits::default()).expect("it is valid");
        // One by one: the second and third are taken in by the process that was kept.
        assert_eq!((settle(&folding, &store).await, folding.kept(), children().len()), (0, 1, 1));
    }
    let committed = folding.committed(&*store).await.expect("it is committed");
    let digest = batch.to_final(ConflictPolicy::Dominant).digest().expect("it can be written");
    assert_eq!(
        (committed.digest, committed.events, committed.inputs.len()),
        (digest.to_string(), 10 + 40 + 90, 3)
    );

    let child = children()[0];
    assert_eq!(proc(child, "environ"), "", "it knows no secret");
    let limits = proc(child, "limits");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    assert_eq!(files.split_whitespace().nth(3), Some("3"), "it can open no file and no socket");
}

async fn a_bomb_costs_its_process_and_nobody_elses_profile() {
    let (store, folding) = (memory(), folding(program()));
    upload(&folding, &store, "a", &profile(10, 1)).await;
    // Forty megabytes that say nothing but the truth, and need far more memory than there is.
    upload(&folding, &store, "bomb", &profile(400_000, 1)).await;
    upload(&folding, &store, "c", &profile(10, 2)).await;
    assert_eq!(settle(&folding, &store).await, 1);
    let committed = folding.committed(&*store).await.expect("it is committed");
    assert_eq!((committed.inputs, committed.events), (vec!["a-0".to_owned(), "c-0".to_owned()], 30));
    let (word, sentence) = folding.refusal(&*store, "bomb").await.expect("it is in quarantine");
    assert_eq!(word, "TooCostly");
    assert!(sentence.contains("more memory than it may have"), "{sentence}");
}

async fn a_process_that_hangs_is_killed_reaped_and_replaced() {
    let deadline = Duration::from_secs(5);
    let (store, folding) = (memory(), folding(Program { deadline, ..program() }));
    upload(&folding, &store, "a", &profile(10, 1)).await;
    settle(&folding, &store).await;
    let hanging = children();
    assert_eq!(hanging.len(), 1);
    kill_process(hanging[0], Signal::STOP).expect("it is ours");
    upload(&folding, &store, "b", &profile(10, 2)).await;
    let started = Instant::now();
    assert_eq!(settle(&folding, &store).await, 0, "the upload is not at fault");
    assert!(started.elapsed() >= deadline);
    assert_eq!(folding.committed(&*store).await.expect("it is committed").events, 30);
    assert!(proc(hanging[0], "status").is_empty(), "it is reaped");
    assert_eq!(children().len(), 1);
}

async fn a_program_that_does_not_answer_folds_nothing() {
    let silent = Program {
        program: PathBuf::from("/bin/sh"),
        arguments: vec!["-c".into(), "exec /bin/sleep 600".into()],
        deadline: Duration::from_millis(200),
        ..program()
    };
    let (store, folding) = (memory(), folding(silent));
    upload(&folding, &store, "a", &profile(1, 1)).await;
    let failure = folding.fold(&*store).await.expect_err("nothing is folded");
    assert!(failure.contains("ended by itself"), "{failure}");
    assert_eq!(
        (folding.committed(&*store).await, folding.refusal(&*store, "a").await),
        (None, None)
    );
}

async fn processes_are_kept_as_far_as_their_memory_goes() {
    let (store, folding) = (
        memory(),
        folding(Program {
            idle_memory: 0,
            ..program()
        }),
    );
    upload(&folding, &store, "a", &profile(10, 1)).await;
    settle(&folding, &store).await;
    upload(&folding, &store, "b", &profile(10, 1)).await;
    assert_eq!((settle(&folding, &store).await, folding.kept()), (0, 0));
    assert_eq!(folding.committed(&*store).await.expect("it is committed").inputs.len(), 2);
}
