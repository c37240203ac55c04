//! Everything that goes wrong ends in a reason, and what served goes on.

use super::world::{Depot, World};
use crate::{
    facts::{CrashCause, Failure, ProfileFact, Trouble},
    plan::{Condition, ConditionType, Fault, Plan, Scope, Truth, Wake},
    reason::Reason,
    spec::Refusal,
    stage::{Code, Stage},
    state::State,
};

fn of(plan: &Plan, kind: ConditionType) -> (Truth, Reason) {
    plan.condition(kind)
        .map(|Condition { truth, reason, .. }| (*truth, *reason))
        .expect("every type is present")
}

const CRASHING: Trouble = Trouble::Crashing {
    restarts: 5,
    cause: CrashCause::Exited { exit: 1 },
};

#[test]
fn a_build_that_fails_keeps_hotspot_serving_and_is_rejected() {
    for (failure, reason) in [
        (Failure::BuildFailed { exit: 1 }, Reason::BuildFailed),
        (Failure::NoArtifact, Reason::BuildNoArtifact),
    ] {
        let mut world = World::new();
        world.climb_to(Stage::Hotspot);
        world.fail_jobs(Stage::Native.code(), &failure);
        let plan = world.visit();
        assert_eq!(plan.rejections, [(world.key(Stage::Native), reason)]);
        let plan = world.settle();
        assert_eq!(world.traffic(), [(Stage::Hotspot, 100)]);
        assert_eq!(of(&plan, ConditionType::Built), (Truth::False, reason));
        assert_eq!(of(&plan, ConditionType::Optimized), (Truth::False, reason));
        assert_eq!(of(&plan, ConditionType::Progressing), (Truth::False, reason));
        assert_eq!(of(&plan, ConditionType::Ready), (Truth::True, Reason::Serving));
        assert_eq!(world.state.rejected.len(), 1);
        assert!(
            world
                .jobs
                .iter()
                .all(|job| job.code != Stage::PgoInstrumented.code() || job.state != crate::facts::JobState::Running)
        );
    }
}

#[test]
fn a_build_out_of_memory_gets_more_once_and_then_says_how_much_it_had() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    world.fail_jobs(Stage::Native.code(), &Failure::OutOfMemory);
    world.settle();
    let second = world
        .jobs
        .iter()
        .filter(|job| job.code == Stage::Native.code())
        .max_by_key(|job| job.attempt)
        .expect("a second attempt");
    assert_eq!((second.attempt, second.memory_mebibytes), (2, 6000));
    world.fail_jobs(Stage::Native.code(), &Failure::OutOfMemory);
    let plan = world.settle();
    assert_eq!(of(&plan, ConditionType::Built), (Truth::False, Reason::BuildOutOfMemory));
    assert!(plan.next.contains("6000 MiB"), "{}", plan.next);
    world.edit(|wanted| wanted.build.memory_mebibytes = 8000);
    world.settle();
    assert_eq!(
        world.jobs.iter().filter(|job| job.code == Stage::Native.code()).count(),
        3,
        "more memory is another attempt"
    );
}

#[test]
fn a_build_that_takes_too_long_is_given_up() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    world.fail_jobs(Stage::Native.code(), &Failure::Timeout);
    assert_eq!(of(&world.settle(), ConditionType::Built), (Truth::False, Reason::BuildTimeout));
}

#[test]
fn an_optimized_build_without_its_profile_keeps_native_serving() {
    for (failure, reason) in [
        (Failure::PgoNotApplied, Reason::PGONotApplied),
        (Failure::ProfileRefused, Reason::ProfileRefused),
    ] {
        let mut world = World::new();
        world.climb_to(Stage::PgoInstrumented);
        world.merge_profiles(2, 1000);
        world.advance();
        world.fail_jobs(Stage::PgoOptimized.code(), &failure);
        let plan = world.settle();
        assert_eq!(of(&plan, ConditionType::Optimized), (Truth::False, reason));
        assert_eq!(
            (world.traffic(), world.state.stage),
            (vec![(Stage::Native, 100)], Some(Stage::PgoInstrumented))
        );
    }
}

#[test]
fn a_compiler_that_turns_out_to_have_no_pgo_ends_at_native() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    world.fail_jobs(Stage::PgoInstrumented.code(), &Failure::PgoUnavailable);
    world.finish_build(Stage::Native);
    world.advance();
    assert_eq!(
        of(&world.settle(), ConditionType::Optimized),
        (Truth::False, Reason::PGOUnavailable)
    );
    assert_eq!(world.traffic(), [(Stage::Native, 100)]);
}

#[test]
fn a_jar_that_crashes_is_not_ready_and_needs_the_user() {
    let mut world = World::new();
    world.settle();
    world.finish_resolve();
    world.settle();
    for stage in [Stage::Hotspot, Stage::HotspotAgent] {
        world.trouble(stage, Some(CRASHING));
    }
    world.run_pods();
    let plan = world.settle();
    assert_eq!(of(&plan, ConditionType::Ready), (Truth::False, Reason::FunctionCrashes));
    assert_eq!(of(&plan, ConditionType::Stalled), (Truth::True, Reason::FunctionCrashes));
    assert!(world.traffic().is_empty());
}

#[test]
fn a_native_executable_that_crashes_never_gets_a_request() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    world.finish_build(Stage::Native);
    world.settle();
    world.trouble(Stage::Native, Some(CRASHING));
    world.run_pods();
    let plan = world.settle();
    assert_eq!(of(&plan, ConditionType::Ready), (Truth::True, Reason::Serving));
    assert_eq!(of(&plan, ConditionType::Optimized), (Truth::False, Reason::FunctionCrashes));
    assert_eq!(
        (world.traffic(), world.state.stage),
        (vec![(Stage::Hotspot, 100)], Some(Stage::Hotspot))
    );
}

#[test]
fn a_promoted_stage_that_dies_before_it_is_stable_gives_the_requests_back() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    world.finish_build(Stage::Native);
    world.settle();
    world.run_pods();
    world.settle();
    assert_eq!(world.traffic(), [(Stage::Native, 100)]);
    world.trouble(Stage::Native, Some(CRASHING));
    world.run_pods();
    world.settle();
    assert_eq!(
        (world.traffic(), world.state.stage),
        (vec![(Stage::Hotspot, 100)], Some(Stage::Native)),
        "the rung stays, the traffic goes"
    );
}

#[test]
fn routes_stay_while_nothing_is_ready() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    let generation = world.state.route_generation;
    world.trouble(Stage::PgoOptimized, Some(CRASHING));
    world.run_pods();
    let plan = world.settle();
    assert_eq!(
        (world.traffic(), world.state.route_generation),
        (vec![(Stage::PgoOptimized, 100)], generation)
    );
    assert_eq!(of(&plan, ConditionType::Ready), (Truth::False, Reason::FunctionCrashes));
}

#[test]
fn profiles_that_are_rejected_or_lost_are_named() {
    for (fact, reason) in [
        (
            ProfileFact {
                rejected: 2,
                rejected_reason: Some("Invalid".to_owned()),
                ..ProfileFact::default()
            },
            Reason::ProfilesRejected,
        ),
        (
            ProfileFact {
                lost: 1,
                ..ProfileFact::default()
            },
            Reason::ProfilesLost,
        ),
        (ProfileFact::default(), Reason::Collecting),
    ] {
        let mut world = World::new();
        world.climb_to(Stage::PgoInstrumented);
        world.profiles.insert(world.key(Stage::PgoInstrumented), fact);
        let plan = world.settle();
        assert_eq!(of(&plan, ConditionType::ProfilesSufficient), (Truth::False, reason));
        let missing = plan
            .profiles
            .as_ref()
            .and_then(|profiles| profiles.missing.clone())
            .expect("a sentence");
        assert!(missing.starts_with("0 of 2 profiles are merged"), "{missing}");
        // The user reads it in the condition and in `status.profiles`.
        let sentence = plan
            .condition(ConditionType::ProfilesSufficient)
            .map(|condition| condition.message.clone());
        for sentence in [&missing, &sentence.unwrap_or_default()] {
            let named = sentence.contains("2 rejected (the last: Invalid)");
            assert_eq!(named, reason == Reason::ProfilesRejected, "{sentence}");
        }
        assert_eq!(plan.wake, Wake::After(30));
    }
}

#[test]
fn profiles_suffice_by_events_or_by_their_greatest_number() {
    for (count, events, sufficient) in [(1, 1000, false), (2, 99, false), (2, 100, true), (4, 0, false), (5, 0, true)] {
        let mut world = World::new();
        world.climb_to(Stage::PgoInstrumented);
        world.merge_profiles(count, events);
        world.settle();
        assert_eq!(
            world.state.revision().is_some_and(|revision| revision.profile.is_some()),
            sufficient,
            "{count} with {events}"
        );
    }
}

#[test]
fn an_outage_of_the_depot_holds_the_gates_and_keeps_what_serves() {
    for stage in Stage::ALL {
        let mut world = World::new();
        world.climb_to(stage);
        world.finish_build(Stage::Native);
        let (executors, traffic) = (world.executors.clone(), world.traffic());
        world.depot = Depot::Down;
        let plan = world.settle();
        assert_eq!((&world.executors, world.traffic()), (&executors, traffic), "{stage:?}");
        assert_eq!(of(&plan, ConditionType::Ready), (Truth::True, Reason::Serving));
        // At Native a build is running, whose end wakes.
        if ![Stage::Native, Stage::PgoOptimized].contains(&stage) {
            assert_ne!(plan.wake, Wake::OnChange, "{stage:?}");
        }
        // Replicas are followed all the same.
        world.edit(|wanted| wanted.replicas = 3);
        world.settle();
        assert!(world.executors.values().any(|executor| executor.replicas == 3), "{stage:?}");
        world.depot = Depot::Up;
        world.settle();
        assert_eq!(world.state.revisions.len(), 1);
    }
}

#[test]
fn a_refused_spec_leaves_the_last_good_children_alone() {
    for (refusal, reason) in [
        (Refusal::Invalid { message: "bad".to_owned() }, Reason::InvalidSpec),
        (Refusal::ToolchainUnknown { name: "x".to_owned() }, Reason::ToolchainUnknown),
    ] {
        let mut world = World::new();
        world.spec = Err(refusal.clone());
        let plan = world.settle();
        assert_eq!(of(&plan, ConditionType::Ready), (Truth::False, reason));
        assert_eq!(of(&plan, ConditionType::Stalled), (Truth::True, reason));

        let mut world = World::new();
        world.climb_to(Stage::Native);
        let state = world.state.clone();
        world.spec = Err(refusal);
        let plan = world.settle();
        assert_eq!(
            (plan.scope, &world.state),
            (
                Scope::LeaveAlone,
                &State {
                    candidate: world.state.candidate.clone(),
                    ..state
                }
            )
        );
        assert_eq!(of(&plan, ConditionType::Ready), (Truth::True, Reason::Serving));
        assert_eq!(of(&plan, ConditionType::Progressing), (Truth::False, reason));
        assert_eq!(of(&plan, ConditionType::Stalled), (Truth::False, Reason::NotStalled));
    }
}

#[test]
fn a_taken_name_stops_a_function_only_while_nothing_serves() {
    let fault = Fault {
        reason: Reason::NameTaken,
        message: "Service f exists.".to_owned(),
    };
    let mut world = World::new();
    let plan = world.visit().with_fault(&fault);
    assert_eq!(of(&plan, ConditionType::Ready), (Truth::False, Reason::NameTaken));
    assert_eq!(of(&plan, ConditionType::Stalled), (Truth::True, Reason::NameTaken));
    world.climb_to(Stage::Native);
    let plan = world.settle().with_fault(&fault);
    assert_eq!(of(&plan, ConditionType::Ready), (Truth::True, Reason::Serving));
    assert_eq!(of(&plan, ConditionType::Progressing), (Truth::False, Reason::NameTaken));
}

#[test]
fn a_name_that_is_about_to_be_free_is_waited_for() {
    let fault = Fault {
        reason: Reason::PredecessorEnding,
        message: "Service f is being removed.".to_owned(),
    };
    let plan = World::new().visit().with_fault(&fault);
    assert_eq!(of(&plan, ConditionType::Ready), (Truth::False, Reason::PredecessorEnding));
    assert_eq!(of(&plan, ConditionType::Progressing), (Truth::True, Reason::PredecessorEnding));
    assert_eq!(of(&plan, ConditionType::Stalled).0, Truth::False);
}

#[test]
fn jobs_of_a_superseded_revision_are_cancelled() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    let key = world.key(Stage::Native);
    assert!(world.jobs.iter().any(|job| job.key == key));
    world.edit(|wanted| wanted.build.arguments = vec!["-O1".to_owned()]);
    world.settle();
    assert!(world.jobs.iter().all(|job| job.key != key));
    assert!(
        world.jobs.iter().any(|job| job.code == Code::Resolve),
        "an ended Job of the present source stays"
    );
}
