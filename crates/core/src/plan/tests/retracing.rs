//! An executable meets an element that was not registered: the function is traced anew and climbs again.

use super::{samples::jar, world::Depot, world::World};
use crate::{
    facts::{Known, Trouble},
    plan::{ConditionType, Plan, Truth, Wake},
    reason::Reason,
    revision::Retrace,
    spec::Source,
    stage::Stage,
    state::State,
};

fn number(world: &World) -> u64 {
    world.state.revision().expect("there is a revision").number
}

fn retrace(world: &World) -> Option<Retrace> {
    world.state.revision().and_then(|revision| revision.retrace)
}

fn progressing(plan: &Plan) -> (Truth, Reason, &str) {
    let condition = plan.condition(ConditionType::Progressing).expect("every type is present");
    (condition.truth, condition.reason, &condition.message)
}

/// Executables miss something, and the JVM has taken over.
fn demoted() -> World {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    world.miss();
    world.advance();
    world
}

/// From the JVM up to the native executable.
fn climb_again(world: &mut World) {
    world.finish_trace();
    world.advance();
    world.finish_build(Stage::Native);
    world.advance();
}

#[test]
fn the_jvm_takes_over_with_the_tracer_and_executables_know_more_afterwards() {
    let mut world = World::new();
    world.climb_to(Stage::PgoOptimized);
    let (native, inputs) = (
        world.key(Stage::Native),
        world.state.revision().map(|revision| revision.inputs.clone()),
    );
    world.miss();
    world.settle();
    assert_eq!(world.traffic(), [(Stage::PgoOptimized, 100)], "until the JVM is ready");
    assert_eq!((number(&world), world.state.stage), (2, None));
    let opened = Retrace {
        time: world.now,
        times: 1,
        windows: 1,
        missing: 1,
    };
    assert_eq!(retrace(&world), Some(opened));

    world.run_pods();
    let plan = world.settle();
    assert_eq!(world.traffic(), [(Stage::Hotspot, 50), (Stage::HotspotAgent, 50)]);
    let (truth, reason, message) = progressing(&plan);
    assert_eq!((truth, reason), (Truth::True, Reason::MissingRegistration), "{message}");
    assert_eq!(plan.wake, Wake::After(5), "gateways are waited for");
    world.acknowledge();
    world.settle();
    assert_eq!(world.state.stable.as_ref().map(|stable| stable.stage), Some(Stage::Hotspot));
    let moves: Vec<_> = world
        .state
        .history
        .iter()
        .map(|move_| (move_.revision, move_.to, move_.reason))
        .collect();
    assert_eq!(
        moves.last(),
        Some(&(2, Stage::HotspotAgent, Reason::MissingRegistration)),
        "{moves:?}"
    );

    climb_again(&mut world);
    assert_eq!(
        (world.state.stage, world.traffic()),
        (Some(Stage::Native), vec![(Stage::Native, 100)])
    );
    assert_ne!(world.key(Stage::Native), native);
    assert_eq!(world.state.revision().map(|revision| revision.inputs.clone()), inputs);
    world.finish_build(Stage::PgoInstrumented);
    world.advance();
    world.merge_profiles(2, 1000);
    world.advance();
    world.finish_build(Stage::PgoOptimized);
    world.advance();
    assert_eq!((world.state.stage, number(&world)), (Some(Stage::PgoOptimized), 2));
    assert_eq!(world.traffic(), [(Stage::PgoOptimized, 100)]);
}

#[test]
fn a_ready_tracer_stands_by_without_a_share_until_the_jvm_carries() {
    let mut world = World::new();
    world.climb_to(Stage::Native);
    world.miss();
    world.settle();
    world.trouble(Stage::Hotspot, Some(Trouble::Unschedulable));
    world.run_pods();
    world.settle();
    assert_eq!(world.traffic(), [(Stage::Native, 100), (Stage::HotspotAgent, 0)]);
    world.trouble(Stage::Hotspot, None);
    world.run_pods();
    world.settle();
    assert_eq!(world.traffic(), [(Stage::Hotspot, 50), (Stage::HotspotAgent, 50)]);
}

#[test]
fn the_window_of_the_first_tracing_does_not_end_the_second() {
    let mut world = demoted();
    let plan = world.settle();
    assert_eq!(world.state.stage, Some(Stage::HotspotAgent));
    assert!(plan.next.contains("traced anew"), "{}", plan.next);
    world.miss();
    world.settle();
    assert_eq!(
        world.state.stage,
        Some(Stage::HotspotAgent),
        "an executable's document is no window"
    );
    world.finish_trace();
    world.advance();
    assert_eq!(world.state.stage, Some(Stage::Hotspot));
}

#[test]
fn what_was_met_before_the_metadata_was_frozen_opens_nothing() {
    let mut world = demoted();
    world.miss();
    climb_again(&mut world);
    assert_eq!((world.state.stage, number(&world)), (Some(Stage::Native), 2));
    assert_eq!(retrace(&world).map(|retrace| retrace.missing), Some(2));
    // A second tracer's window changes the merge, and no executable has missed anything.
    world.finish_trace();
    world.metadata.values_mut().for_each(|metadata| metadata.digest = jar(77));
    world.now += 100_000;
    world.settle();
    assert_eq!(number(&world), 2);
}

#[test]
fn a_document_that_adds_nothing_opens_nothing() {
    let mut world = World::new();
    world.climb_to(Stage::Native);
    world.metadata.values_mut().for_each(|metadata| metadata.missing += 1);
    world.settle();
    assert_eq!(number(&world), 1);
}

#[test]
fn the_next_time_is_ever_later() {
    let mut world = demoted();
    climb_again(&mut world);
    for (pause, times) in [(600, 1), (1200, 2), (2400, 3)] {
        let opened = retrace(&world).expect("it was traced anew").time;
        assert_eq!(retrace(&world).map(|retrace| retrace.times), Some(times));
        world.now = opened + pause - 1;
        world.miss();
        let plan = world.settle();
        assert_eq!(world.traffic(), [(Stage::Native, 100)], "what serves goes on");
        assert_eq!(number(&world), times + 1);
        assert_eq!(plan.wake, Wake::After(1));
        world.now += 1;
        world.advance();
        assert_eq!(number(&world), times + 2);
        climb_again(&mut world);
        assert_eq!(world.state.stage, Some(Stage::Native));
    }
}

#[test]
fn the_pause_never_falls() {
    let mut world = demoted();
    climb_again(&mut world);
    let day = 24 * 60 * 60;
    for (times, pause) in [
        (1, 600),
        (8, 76_800),
        (9, day),
        (62, day),
        (63, day),
        (64, day),
        (65, day),
        (u64::MAX, day),
    ] {
        let opened = {
            let revision = world.state.revisions.last_mut().expect("there is one");
            let retrace = revision.retrace.as_mut().expect("it was traced anew");
            retrace.times = times;
            retrace.time
        };
        world.miss();
        world.now = opened + pause - 1;
        let plan = world.visit();
        assert_eq!((number(&world), plan.wake), (2, Wake::After(1)), "{times}");
    }
}

#[test]
fn the_pause_is_told_where_nothing_else_is_waited_for() {
    let mut world = World::new();
    world.edit(|wanted| wanted.target = Stage::Native);
    world.climb_to(Stage::Native);
    world.miss();
    world.advance();
    climb_again(&mut world);
    world.miss();
    let plan = world.settle();
    let (truth, reason, message) = progressing(&plan);
    assert_eq!((truth, reason), (Truth::True, Reason::MissingRegistration));
    assert!(message.contains("10 minutes") && plan.next == message, "{message} {}", plan.next);
}

#[test]
fn a_depot_that_does_not_answer_opens_nothing_and_ends_nothing() {
    let mut world = World::new();
    world.climb_to(Stage::Native);
    world.miss();
    world.depot = Depot::Down;
    world.settle();
    assert_eq!((number(&world), world.traffic()), (1, vec![(Stage::Native, 100)]));
    world.depot = Depot::Up;
    world.advance();
    assert_eq!(number(&world), 2);
    world.depot = Depot::Down;
    world.finish_trace();
    world.settle();
    assert_eq!(world.state.stage, Some(Stage::HotspotAgent));
    assert!(matches!(world.input().observed.metadata, Known::Unknown));
}

#[test]
fn another_jar_ends_it() {
    let mut world = demoted();
    world.edit(|wanted| {
        wanted.source = Source::Http {
            url: "https://repo.example/f.jar".to_owned(),
            sha256: jar(2),
        }
    });
    world.settle();
    world.finish_resolve();
    world.advance();
    assert_eq!((number(&world), retrace(&world)), (3, None));
    assert_eq!(
        world.traffic(),
        [(Stage::Hotspot, 90), (Stage::HotspotAgent, 10)],
        "the JVM of the earlier jar goes on"
    );
    climb_again(&mut world);
    assert_eq!(world.state.stage, Some(Stage::Native));
}

#[test]
fn a_status_lost_on_the_way_is_rebuilt_and_the_climb_goes_on() {
    let mut world = demoted();
    let served = world.state.main_target().map(|main| main.placement.clone());
    world.state = State::default();
    world.advance();
    assert_eq!(world.state.main_target().map(|main| main.placement.clone()), served);
    climb_again(&mut world);
    assert_eq!(world.state.stage, Some(Stage::Native));
}
