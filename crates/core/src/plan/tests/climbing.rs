//! The way up, and what a change of the spec does to it.

use std::collections::BTreeMap;

use super::{samples::jar, world::World};
use crate::{
    facts::Known,
    plan::{self, ConditionType, Input, Replicas, Truth, Wake},
    reason::Reason,
    spec::{Edition, EnvValue, EnvVar, Source},
    stage::{Code, Stage},
};

fn stages(world: &World) -> Vec<Stage> {
    world.state.history.iter().map(|transition| transition.to).collect()
}

#[test]
fn climbs_the_whole_ladder_rung_by_rung() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    assert_eq!(stages(&world), Stage::ALL);
    assert_eq!(world.traffic(), [(Stage::PgoOptimized, 100)]);
    let plan = world.settle();
    assert_eq!(world.state.stable.as_ref().map(|stable| stable.stage), Some(Stage::PgoOptimized));
    for (kind, truth, reason) in [
        (ConditionType::Ready, Truth::True, Reason::Serving),
        (ConditionType::SourceResolved, Truth::True, Reason::Resolved),
        (ConditionType::Built, Truth::True, Reason::Committed),
        (ConditionType::ProfilesSufficient, Truth::True, Reason::ProfilesSufficient),
        (ConditionType::Optimized, Truth::True, Reason::TargetReached),
        (ConditionType::Progressing, Truth::False, Reason::TargetReached),
        (ConditionType::Stalled, Truth::False, Reason::NotStalled),
    ] {
        let condition = plan.condition(kind).expect("every type is present");
        assert_eq!(
            (condition.truth, condition.reason),
            (truth, reason),
            "{kind:?}: {}",
            condition.message
        );
    }
    assert_eq!(plan.wake, Wake::OnChange);
}

#[test]
fn the_previous_deployment_stays_empty_and_everything_older_goes() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    let left: Vec<(Stage, u32)> = world
        .executors
        .values()
        .map(|executor| (executor.stage, executor.replicas))
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left.contains(&(Stage::PgoOptimized, 2)) && left.contains(&(Stage::Native, 0)),
        "{left:?}"
    );
    assert_eq!(world.state.previous.as_ref().map(|previous| previous.stage), Some(Stage::Native));
}

#[test]
fn the_tracer_takes_half_of_a_first_revision() {
    let mut world = World::new();
    world.climb_to(Stage::HotspotAgent);
    assert_eq!(world.traffic(), [(Stage::Hotspot, 50), (Stage::HotspotAgent, 50)]);
    assert_eq!(
        world.state.stable.as_ref().map(|stable| stable.stage),
        Some(Stage::Hotspot),
        "never the tracer"
    );
}

#[test]
fn nothing_is_routed_to_what_is_not_ready() {
    let mut world = World::new();
    world.settle();
    world.finish_resolve();
    world.settle();
    assert_eq!((world.traffic(), world.state.stage), (vec![], None));
    world.run_pods();
    world.trouble(Stage::Hotspot, Some(crate::facts::Trouble::Unschedulable));
    world.run_pods();
    world.settle();
    assert_eq!(world.traffic(), [(Stage::HotspotAgent, 100)], "the tracer alone is ready");
}

#[test]
fn the_instrumented_build_runs_beside_the_native_one() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    let running: Vec<Code> = world
        .jobs
        .iter()
        .filter(|job| job.code != Code::Resolve)
        .map(|job| job.code)
        .collect();
    assert_eq!(running, [Stage::Native.code(), Stage::PgoInstrumented.code()]);
}

#[test]
fn the_instrumented_executors_take_their_share_and_native_stays_stable() {
    let mut world = World::new();
    world.climb_to(Stage::PgoInstrumented);
    assert_eq!(world.traffic(), [(Stage::Native, 90), (Stage::PgoInstrumented, 10)]);
    assert_eq!(world.state.stable.as_ref().map(|stable| stable.stage), Some(Stage::Native));
}

#[test]
fn a_frozen_profile_is_what_the_optimized_build_gets_and_ends_the_collection() {
    let mut world = World::new();
    world.climb_to(Stage::PgoInstrumented);
    world.merge_profiles(2, 1000);
    let frozen = world.profiles.values().next().and_then(|profile| profile.digest.clone());
    world.advance();
    assert_eq!(world.state.revision().and_then(|revision| revision.profile.clone()), frozen);
    assert_eq!(world.traffic(), [(Stage::Native, 100)]);
    assert!(
        world.executors_of(Stage::PgoInstrumented).is_empty(),
        "their last window is uploaded and they go"
    );
    let key = world.key(Stage::PgoOptimized);
    // More profiles may still arrive; the build does not change for them.
    world.merge_profiles(3, 2000);
    world.settle();
    assert_eq!(
        (
            world.key(Stage::PgoOptimized),
            world.jobs.iter().filter(|job| job.key == key).count()
        ),
        (key, 1)
    );
}

#[test]
fn a_frozen_digest_is_written_before_anything_is_built_from_it() {
    let mut world = World::new();
    world.climb_to(Stage::PgoInstrumented);
    world.merge_profiles(2, 1000);
    let plan = world.visit();
    assert!(plan.jobs.is_empty() && plan.state.revision().is_some_and(|revision| revision.profile.is_some()));
    assert_eq!(plan.wake, Wake::Now);
    assert_eq!(world.visit().jobs.len(), 1);
}

#[test]
fn a_stage_shrinks_only_when_every_gateway_follows_routes_without_it() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    world.finish_build(Stage::Native);
    world.settle();
    world.run_pods();
    world.settle();
    assert_eq!(
        (world.state.stage, world.traffic()),
        (Some(Stage::Native), vec![(Stage::Native, 100)])
    );
    let hotspot = || Stage::Hotspot;
    let generation = world.state.route_generation;
    world.gateways.insert("gateway-0".to_owned(), generation);
    let plan = world.settle();
    assert_eq!(world.executors_of(hotspot())[0].1.replicas, 2);
    assert_eq!(world.state.stable.as_ref().map(|stable| stable.stage), Some(Stage::Hotspot));
    assert!(plan.next.contains("gateway-1"), "{}", plan.next);
    world.gateways.remove("gateway-1");
    world.settle();
    assert_eq!(world.executors_of(hotspot())[0].1.replicas, 0);
    assert_eq!(world.state.stable.as_ref().map(|stable| stable.stage), Some(Stage::Native));
}

#[test]
fn a_promotion_waits_for_as_many_ready_executors_as_serve_now() {
    let mut world = World::new();
    world.climb_to(Stage::Hotspot);
    world.finish_build(Stage::Native);
    world.settle();
    let (name, _) = world.executors_of(Stage::Native)[0].clone();
    world.executors.get_mut(&name).expect("it is there").ready = 1;
    let plan = world.settle();
    assert_eq!(world.traffic(), [(Stage::Hotspot, 100)]);
    assert_eq!(
        plan.condition(ConditionType::Optimized).expect("present").reason,
        Reason::ExecutorsNotReady
    );
}

#[test]
fn lower_targets_are_fine_ends() {
    for (target, jobs) in [(Stage::Hotspot, 0), (Stage::Native, 1)] {
        let mut world = World::new();
        world.edit(|wanted| wanted.target = target);
        world.climb_to(target);
        let plan = world.settle();
        assert_eq!(world.traffic(), [(target, 100)]);
        assert_eq!(world.jobs.iter().filter(|job| job.code != Code::Resolve).count(), jobs);
        let optimized = plan.condition(ConditionType::Optimized).expect("present");
        assert_eq!((optimized.truth, optimized.reason), (Truth::True, Reason::TargetReached));
    }
}

#[test]
fn an_edition_without_pgo_ends_well_at_native() {
    let mut world = World::new();
    world.edit(|wanted| wanted.toolchain.edition = Edition::Community);
    world.climb_to(Stage::Native);
    let plan = world.settle();
    let of = |kind| plan.condition(kind).map(|condition| (condition.truth, condition.reason));
    assert_eq!(of(ConditionType::Ready), Some((Truth::True, Reason::Serving)));
    assert_eq!(of(ConditionType::Optimized), Some((Truth::False, Reason::PGOUnavailable)));
    assert_eq!(of(ConditionType::Stalled), Some((Truth::False, Reason::NotStalled)));
    assert_eq!(world.jobs.iter().filter(|job| job.code == Stage::PgoInstrumented.code()).count(), 0);
}

#[test]
fn a_new_jar_opens_a_revision_and_the_old_one_serves_until_it_climbs() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    let old = world.state.stable.clone();
    world.edit(|wanted| {
        wanted.source = Source::Http {
            url: "https://repo.example/g.jar".to_owned(),
            sha256: jar(2),
        }
    });
    world.settle();
    assert_eq!(
        (world.traffic(), world.state.stage),
        (vec![(Stage::PgoOptimized, 100)], Some(Stage::PgoOptimized))
    );
    world.finish_resolve();
    world.advance();
    assert_eq!(world.state.revision().map(|revision| revision.number), Some(2));
    assert_eq!(world.traffic(), [(Stage::PgoOptimized, 90), (Stage::HotspotAgent, 10)]);
    assert_eq!(world.state.stable, old);
    world.finish_trace();
    world.advance();
    assert_eq!(world.traffic(), [(Stage::Hotspot, 100)]);
    assert_eq!(world.state.previous, old);
}

#[test]
fn going_back_to_earlier_inputs_builds_nothing_again() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    let source = |number| Source::Http {
        url: "https://repo.example/f.jar".to_owned(),
        sha256: jar(number),
    };
    world.edit(|wanted| wanted.source = source(2));
    world.climb_to(Stage::Native);
    world.edit(|wanted| wanted.source = source(1));
    let jobs = world.jobs.len();
    for _ in 0..8 {
        world.advance();
    }
    assert_eq!(world.traffic(), [(Stage::PgoOptimized, 100)]);
    let building = world.jobs.iter().filter(|job| job.state == crate::facts::JobState::Running).count();
    assert_eq!((world.state.revision().map(|revision| revision.number), building), (Some(3), 0));
    assert!(world.jobs.len() <= jobs);
}

#[test]
fn a_change_of_env_shifts_to_a_new_deployment_without_a_build() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    let (jobs, old) = (world.jobs.len(), world.state.stable.clone());
    world.edit(|wanted| {
        wanted.env = vec![EnvVar {
            name: "A".to_owned(),
            value: EnvValue::Text("b".to_owned()),
        }];
    });
    world.settle();
    assert_eq!(world.executors_of(Stage::PgoOptimized).len(), 2);
    assert_eq!(
        world.state.traffic[0].placement.deployment,
        old.as_ref().expect("stable").deployment
    );
    world.advance();
    assert_eq!((world.jobs.len(), world.state.revisions.len()), (jobs, 1));
    assert_eq!(
        (world.state.previous.clone(), world.state.stage),
        (old.clone(), Some(Stage::PgoOptimized))
    );
    assert_ne!(world.state.stable, old);
}

#[test]
fn another_operator_version_restarts_nothing() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    let before = world.executors.clone();
    world.agent_image = "agent:2".to_owned();
    let plan = world.settle();
    assert_eq!(world.executors, before);
    assert!(plan.executors.values().all(|wish| wish.replicas != Replicas::Gone));
}

#[test]
fn new_toolchain_images_open_a_revision() {
    let mut world = World::new();
    world.climb_to(Stage::Native);
    world.edit(|wanted| wanted.toolchain.builder = "builder:2".to_owned());
    world.settle();
    assert_eq!(world.state.revision().map(|revision| revision.number), Some(2));
    assert_eq!(
        world.jobs.iter().filter(|job| job.code == Code::Resolve).count(),
        1,
        "the jar is resolved already"
    );
}

#[test]
fn more_replicas_scale_what_serves_at_once() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    world.edit(|wanted| wanted.replicas = 5);
    world.settle();
    assert_eq!(world.executors_of(Stage::PgoOptimized)[0].1.replicas, 5);
    assert_eq!(world.traffic(), [(Stage::PgoOptimized, 100)]);
}

#[test]
fn says_how_far_the_tracers_window_is_once_that_was_counted() {
    let mut world = World::new();
    world.climb_to(Stage::HotspotAgent);
    let (traced, _) = world.executors_of(Stage::HotspotAgent).remove(0);
    let mut input = world.input();
    let says = |input: &Input, words: &str| {
        let plan = plan::plan(input);
        let gate = plan.gates.iter().find(|gate| gate.name == "MetadataMerged");
        gate.is_some_and(|gate| gate.verdict.finding().message.contains(words))
    };
    assert!(says(&input, "has not finished its window"));
    input.observed.requests = Known::Known(BTreeMap::from([(traced, 412)]));
    assert!(says(&input, "answered 412 requests, and its window ends at 1000"));
    input.observed.requests = Known::Known(BTreeMap::new());
    assert!(says(&input, "answered 0 requests"));
}
