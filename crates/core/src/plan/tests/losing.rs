//! A status that was lost: what serves goes on serving, and nothing is built again.

use super::{samples::jar, world::Depot, world::World};
use crate::{digest::Digest, facts::Trouble, spec::Source, stage::Stage, state::State};

/// A Function that has climbed to a stage and is at rest there.
fn climbed(stage: Stage) -> World {
    let mut world = World::new();
    world.climb_to(stage);
    world
}

fn lose(world: &mut World) {
    world.state = State::default();
}

/// What must not change when a status is lost.
fn kept(world: &World) -> impl PartialEq + std::fmt::Debug + use<> {
    let main = world.state.main_target().map(|target| target.placement.clone());
    let artifacts: Vec<_> = world.state.artifacts.iter().map(|artifact| artifact.key.clone()).collect();
    (
        (world.state.stage, world.state.stable.clone(), world.state.previous.clone(), main),
        (world.state.revisions.clone(), artifacts),
        (world.executors.clone(), world.jobs.clone()),
    )
}

fn edit_jar(world: &mut World, number: u8) {
    world.edit(|wanted| {
        wanted.source = Source::Http {
            url: "https://repo.example/f.jar".to_owned(),
            sha256: jar(number),
        }
    });
}

#[test]
fn every_rung_comes_back_with_its_revision_and_artifacts_and_nothing_is_made_anew() {
    for stage in Stage::ALL {
        let mut world = climbed(stage);
        let before = kept(&world);
        let main = world.state.main_target().cloned().expect("it is served").placement;
        lose(&mut world);
        let plan = world.visit();
        assert_eq!(
            plan.state.main_target().map(|target| &target.placement),
            Some(&main),
            "{stage:?} at the first visit"
        );
        assert!(plan.jobs.is_empty(), "{stage:?}: {:?}", plan.jobs);
        world.settle();
        world.acknowledge();
        world.settle();
        world.run_pods();
        world.settle();
        assert_eq!(kept(&world), before, "{stage:?}");
    }
}

#[test]
fn the_first_routes_after_a_loss_are_newer_than_any_that_a_gateway_follows() {
    let mut world = climbed(Stage::Native);
    let followed = world.state.route_generation;
    lose(&mut world);
    let plan = world.visit();
    assert_eq!(plan.state.route_generation, followed + 1);
}

#[test]
fn what_was_rebuilt_is_written_before_it_is_acted_upon() {
    let mut world = climbed(Stage::PgoOptimized);
    lose(&mut world);
    let executors = world.executors.clone();
    let plan = world.visit();
    assert_eq!((plan.wake, &world.executors), (crate::plan::Wake::Now, &executors));
}

#[test]
fn what_serves_an_earlier_jar_goes_on_until_the_new_one_is_proven() {
    let mut world = climbed(Stage::PgoOptimized);
    let stable = world.state.stable.clone();
    edit_jar(&mut world, 2);
    world.settle();
    world.finish_resolve();
    world.settle();
    world.run_pods();
    world.settle();
    assert_eq!((world.state.stage, &world.state.stable), (Some(Stage::HotspotAgent), &stable));
    lose(&mut world);
    world.visit();
    let numbers: Vec<u64> = world.state.revisions.iter().map(|revision| revision.number).collect();
    assert_eq!(
        (world.state.stage, &world.state.stable, numbers),
        (Some(Stage::HotspotAgent), &stable, vec![1, 2])
    );
    world.finish_trace();
    world.advance();
    assert_eq!(world.state.stage, Some(Stage::Hotspot));
}

#[test]
fn a_candidate_that_is_not_ready_is_not_taken_for_what_serves() {
    let mut world = climbed(Stage::PgoInstrumented);
    let stable = world.state.stable.clone();
    world.merge_profiles(2, 1000);
    world.advance();
    world.finish_build(Stage::PgoOptimized);
    world.trouble(Stage::PgoOptimized, Some(Trouble::Unschedulable));
    world.settle();
    world.executors.values_mut().for_each(|executor| {
        if executor.stage == Stage::PgoOptimized {
            executor.ready = 1;
        }
    });
    lose(&mut world);
    world.visit();
    assert_eq!((world.state.stage, &world.state.stable), (Some(Stage::PgoInstrumented), &stable));
    assert!(
        world.state.revision().is_some_and(|revision| revision.profile.is_some()),
        "the frozen profile is known"
    );
}

#[test]
fn a_rung_that_serves_with_a_pod_less_is_not_left() {
    let mut world = climbed(Stage::PgoOptimized);
    let stable = world.state.stable.clone();
    for executor in world
        .executors
        .values_mut()
        .filter(|executor| executor.stage == Stage::PgoOptimized)
    {
        executor.ready = 1;
    }
    lose(&mut world);
    world.visit();
    assert_eq!((world.state.stage, &world.state.stable), (Some(Stage::PgoOptimized), &stable));
    assert_eq!(world.traffic(), [(Stage::PgoOptimized, 100)]);
}

#[test]
fn a_depot_that_is_down_hinders_nothing_that_serves() {
    let mut world = climbed(Stage::PgoOptimized);
    let (executors, stable) = (world.executors.clone(), world.state.stable.clone());
    world.depot = Depot::Down;
    lose(&mut world);
    world.settle();
    world.acknowledge();
    let plan = world.settle();
    assert_eq!((&world.executors, &world.state.stable), (&executors, &stable));
    assert!(plan.jobs.is_empty(), "{:?}", plan.jobs);
    world.depot = Depot::Up;
    world.settle();
    assert!(!world.state.artifacts.is_empty());
}

#[test]
fn a_record_that_does_not_lead_to_the_deployments_own_key_is_not_believed() {
    let mut world = climbed(Stage::Native);
    for executor in world.executors.values_mut() {
        if let Some(revision) = &mut executor.revision {
            revision.inputs.jar = Digest::of(b"another");
        }
    }
    lose(&mut world);
    world.visit();
    assert_eq!(world.state.stable, None);
    assert_eq!(
        world.state.revision().map(|revision| revision.inputs.jar.clone()),
        Some(jar(1)),
        "resolved anew"
    );
}
