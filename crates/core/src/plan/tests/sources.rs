//! Where a jar may come from and what may be wrong with it.

use super::{
    samples::jar,
    world::{Depot, World},
};
use crate::{
    facts::{Failure, JobState, Known},
    plan::{ConditionType, JobWork, Plan, Truth},
    reason::Reason,
    spec::Source,
    stage::{Code, Stage},
};

fn resolved(plan: &Plan) -> (Truth, Reason) {
    plan.condition(ConditionType::SourceResolved)
        .map(|condition| (condition.truth, condition.reason))
        .expect("present")
}

fn config_map(world: &mut World, sha256: Option<u8>, found: &Known<Option<u8>>) {
    world.edit(|wanted| {
        wanted.source = Source::ConfigMap {
            name: "m".to_owned(),
            key: "app.jar".to_owned(),
            sha256: sha256.map(jar),
        }
    });
    world.config_map = match found {
        Known::Unknown => Known::Unknown,
        Known::Known(found) => Known::Known(found.map(jar)),
    };
}

#[test]
fn a_jar_that_cannot_be_used_says_why() {
    let ambiguous = Failure::AmbiguousHandler {
        candidates: vec!["a.B#main (Map)".to_owned(), "c.D#apply (Function)".to_owned()],
    };
    for (failure, reason) in [
        (Failure::DigestMismatch, Reason::DigestMismatch),
        (Failure::JarInvalid, Reason::JarInvalid),
        (Failure::NoHandler, Reason::NoHandler),
        (ambiguous, Reason::AmbiguousHandler),
        (Failure::HandlerNotFound, Reason::HandlerNotFound),
        (Failure::SourceForbidden, Reason::SourceForbidden),
    ] {
        let mut world = World::new();
        world.settle();
        world.fail_jobs(Code::Resolve, &failure);
        let plan = world.settle();
        assert_eq!(resolved(&plan), (Truth::False, reason));
        for kind in [ConditionType::Ready, ConditionType::Progressing] {
            let condition = plan.condition(kind).expect("present");
            assert_eq!((condition.truth, condition.reason), (Truth::False, reason));
        }
        assert_eq!(
            plan.condition(ConditionType::Stalled).map(|condition| condition.truth),
            Some(Truth::True)
        );
        assert_eq!(world.jobs.len(), 1, "it is not tried again");
        if let Failure::AmbiguousHandler { candidates } = &failure {
            assert!(candidates.iter().all(|candidate| plan.next.contains(candidate)), "{}", plan.next);
        }
    }
}

#[test]
fn a_bad_new_jar_leaves_the_old_revision_serving_and_climbing() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    world.edit(|wanted| {
        wanted.source = Source::Http {
            url: "https://repo.example/f.jar".to_owned(),
            sha256: jar(9),
        }
    });
    world.settle();
    world.fail_jobs(Code::Resolve, &Failure::DigestMismatch);
    let plan = world.settle();
    assert_eq!(resolved(&plan), (Truth::False, Reason::DigestMismatch));
    assert_eq!(
        plan.condition(ConditionType::Ready).map(|condition| condition.truth),
        Some(Truth::True)
    );
    world.finish_build(Stage::Native);
    world.advance();
    assert_eq!(world.traffic(), [(Stage::Native, 100)]);
}

#[test]
fn an_unreachable_source_is_tried_a_few_times_with_pauses() {
    let mut world = World::new();
    world.settle();
    for attempt in 1..5 {
        world.fail_jobs(Code::Resolve, &Failure::SourceUnavailable);
        assert_eq!(resolved(&world.settle()), (Truth::False, Reason::Retrying), "attempt {attempt}");
        world.now += 1000;
        world.settle();
    }
    world.fail_jobs(Code::Resolve, &Failure::SourceUnavailable);
    world.now += 1000;
    assert_eq!(resolved(&world.settle()), (Truth::False, Reason::SourceUnavailable));
    assert_eq!(world.jobs.len(), 5);
    world.edit(|wanted| wanted.replicas = 3);
    world.settle();
    assert_eq!(world.jobs.len(), 6, "an edit of the spec is another chance");
}

#[test]
fn a_config_map_is_named_when_it_or_its_key_is_missing() {
    let mut world = World::new();
    config_map(&mut world, None, &Known::Known(None));
    let plan = world.settle();
    assert_eq!(resolved(&plan), (Truth::False, Reason::SourceMissing));
    assert!(plan.next.contains('m') && plan.next.contains("app.jar"), "{}", plan.next);
    config_map(&mut world, Some(2), &Known::Known(Some(1)));
    assert_eq!(resolved(&world.settle()), (Truth::False, Reason::DigestMismatch));
    assert!(world.jobs.is_empty(), "no Job is needed to see that");
    config_map(&mut world, None, &Known::Unknown);
    assert_eq!(resolved(&world.settle()), (Truth::Unknown, Reason::ApiUnavailable));
}

#[test]
fn a_config_map_without_a_demanded_digest_is_checked_against_what_was_hashed() {
    let mut world = World::new();
    config_map(&mut world, None, &Known::Known(Some(1)));
    let plan = world.visit();
    assert!(matches!(&plan.jobs[0].work, JobWork::Resolve { sha256, .. } if *sha256 == jar(1)));
    world.fail_jobs(Code::Resolve, &Failure::DigestMismatch);
    assert_eq!(
        resolved(&world.settle()),
        (Truth::False, Reason::Retrying),
        "it changed while the Job started"
    );
}

#[test]
fn changed_bytes_in_a_config_map_are_a_new_jar() {
    let mut world = World::new();
    config_map(&mut world, None, &Known::Known(Some(1)));
    world.climb_to(Stage::Native);
    world.config_map = Known::Known(Some(jar(2)));
    world.settle();
    world.finish_resolve();
    world.settle();
    assert_eq!(
        world
            .state
            .revision()
            .map(|revision| (revision.number, revision.inputs.jar.clone())),
        Some((2, jar(2)))
    );
}

#[test]
fn a_resolve_job_for_a_source_that_nobody_wants_any_more_is_cancelled() {
    let mut world = World::new();
    world.settle();
    world.edit(|wanted| {
        wanted.source = Source::Http {
            url: "https://repo.example/g.jar".to_owned(),
            sha256: jar(2),
        }
    });
    world.settle();
    let running: Vec<_> = world.jobs.iter().filter(|job| job.state == JobState::Running).collect();
    assert_eq!((world.jobs.len(), running.len()), (1, 1));
}

#[test]
fn a_new_function_waits_for_the_depot_and_starts_nothing_blindly() {
    let mut world = World::new();
    world.depot = Depot::Down;
    let plan = world.settle();
    assert_eq!(resolved(&plan), (Truth::Unknown, Reason::StoreUnavailable));
    assert!(world.jobs.is_empty());
}
