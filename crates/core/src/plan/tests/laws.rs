//! Laws that hold whatever happens, in whatever order.

use proptest::prelude::*;

use super::{
    samples::jar,
    world::{Depot, World},
};
use crate::{
    facts::{CrashCause, Failure, Trouble},
    plan::{self, Replicas, Scope},
    spec::{EnvValue, EnvVar, Refusal, Source},
    stage::{Code, Stage},
    state::State,
};

/// Something that may happen between two visits.
#[derive(Clone, Debug)]
enum Happening {
    Visit,
    Pods,
    Acknowledge,
    OneGatewayAcknowledges,
    Resolve,
    Trace,
    Miss,
    Build(Stage),
    Fail(Stage, u8),
    FailResolve,
    Profiles(u64),
    Crash(Stage),
    Heal,
    Depot(bool),
    Jar(u8),
    Env(u8),
    Replicas(u32),
    Target(Stage),
    Refuse,
    Time(i64),
    LoseStatus,
}

fn happening() -> impl Strategy<Value = Happening> {
    let built = prop_oneof![Just(Stage::Native), Just(Stage::PgoInstrumented), Just(Stage::PgoOptimized)];
    let target = prop_oneof![Just(Stage::Hotspot), Just(Stage::Native), Just(Stage::PgoOptimized)];
    prop_oneof![
        8 => Just(Happening::Visit),
        6 => Just(Happening::Pods),
        6 => Just(Happening::Acknowledge),
        2 => Just(Happening::OneGatewayAcknowledges),
        4 => Just(Happening::Resolve),
        4 => Just(Happening::Trace),
        1 => Just(Happening::Miss),
        8 => built.clone().prop_map(Happening::Build),
        2 => (built, 0..6_u8).prop_map(|(stage, kind)| Happening::Fail(stage, kind)),
        1 => Just(Happening::FailResolve),
        4 => (0..6_u64).prop_map(Happening::Profiles),
        2 => prop::sample::select(Stage::ALL.to_vec()).prop_map(Happening::Crash),
        4 => Just(Happening::Heal),
        1 => any::<bool>().prop_map(Happening::Depot),
        1 => (1..4_u8).prop_map(Happening::Jar),
        1 => (0..3_u8).prop_map(Happening::Env),
        1 => (1..4_u32).prop_map(Happening::Replicas),
        1 => target.prop_map(Happening::Target),
        1 => Just(Happening::Refuse),
        2 => (1..400_i64).prop_map(Happening::Time),
        1 => Just(Happening::LoseStatus),
    ]
}

const FAILURES: [Failure; 6] = [
    Failure::BuildFailed { exit: 1 },
    Failure::OutOfMemory,
    Failure::Timeout,
    Failure::Disrupted,
    Failure::Unavailable,
    Failure::NoArtifact,
];

fn happen(world: &mut World, happening: &Happening) {
    match happening {
        Happening::Visit => {}
        Happening::Pods => world.run_pods(),
        Happening::Acknowledge => world.acknowledge(),
        Happening::OneGatewayAcknowledges => drop(world.gateways.insert("gateway-0".to_owned(), world.state.route_generation)),
        Happening::Resolve => world.finish_resolve(),
        Happening::Trace => world.finish_trace(),
        Happening::Miss => world.miss(),
        Happening::Build(stage) => world.finish_build(*stage),
        Happening::Fail(stage, kind) => world.fail_jobs(stage.code(), &FAILURES[usize::from(*kind)]),
        Happening::FailResolve => world.fail_jobs(Code::Resolve, &Failure::Disrupted),
        Happening::Profiles(count) => {
            if world.state.revision().is_some_and(|revision| revision.metadata.is_some()) {
                world.merge_profiles(*count, 1000);
            }
        }
        Happening::Crash(stage) => {
            world.trouble(
                *stage,
                Some(Trouble::Crashing {
                    restarts: 5,
                    cause: CrashCause::NotHealthy,
                }),
            );
            world.run_pods();
        }
        Happening::Heal => Stage::ALL.into_iter().for_each(|stage| world.trouble(stage, None)),
        Happening::Depot(up) => world.depot = if *up { Depot::Up } else { Depot::Down },
        Happening::Jar(number) => {
            world.edit(|wanted| {
                wanted.source = Source::Http {
                    url: "https://repo.example/f.jar".to_owned(),
                    sha256: jar(*number),
                }
            });
        }
        Happening::Env(value) => {
            world.edit(|wanted| {
                wanted.env = vec![EnvVar {
                    name: "A".to_owned(),
                    value: EnvValue::Text(value.to_string()),
                }];
            });
        }
        Happening::Replicas(count) => world.edit(|wanted| wanted.replicas = *count),
        Happening::Target(target) => world.edit(|wanted| wanted.target = *target),
        Happening::Refuse => world.spec = Err(Refusal::Invalid { message: "bad".to_owned() }),
        Happening::Time(seconds) => world.now += seconds,
        Happening::LoseStatus => world.state = State::default(),
    }
}

fn check(before: &World, after: &World, plan: &plan::Plan) -> Result<(), TestCaseError> {
    let same_revision = before.state.revision().map(|revision| revision.number) == plan.state.revision().map(|revision| revision.number);
    let (old, new) = (before.state.stage, plan.state.stage);
    let was_lost = before.state.revisions.is_empty();
    if same_revision {
        let climbed = new == old || (old.is_none() && new == Some(Stage::HotspotAgent)) || old.and_then(Stage::next) == new;
        prop_assert!(climbed, "{old:?} to {new:?}");
    } else if !was_lost {
        prop_assert!(
            new.is_none() || new == Some(Stage::HotspotAgent),
            "a new revision starts at {new:?}"
        );
    }
    let sum: u32 = plan.state.traffic.iter().map(|target| u32::from(target.percent)).sum();
    prop_assert!(sum == 100 || plan.state.traffic.is_empty(), "the shares are {sum} %");
    let moved = plan.state.traffic != before.state.traffic;
    let raised = plan.state.route_generation - before.state.route_generation;
    prop_assert!(raised == i64::from(moved) || (was_lost && raised > 0), "{raised} routes further");
    for target in &plan.state.traffic {
        let had = before.state.routes_to(&target.placement.deployment);
        let ready = before
            .executors
            .get(&target.placement.deployment)
            .is_some_and(|executor| executor.ready > 0);
        prop_assert!(had || ready, "{:?} gets requests and is not ready", target.placement);
    }
    prop_assert!(
        plan.state.stable.as_ref().is_none_or(|stable| !stable.stage.has_windows()),
        "a collecting stage is stable"
    );
    prop_assert!(plan.state.revisions.len() <= 3 && plan.state.history.len() <= 20);
    prop_assert_eq!(plan.conditions.len(), 7);
    prop_assert!(!plan.next.is_empty() && plan.conditions.iter().all(|condition| !condition.message.is_empty()));
    for (name, wish) in &plan.executors {
        let shrinks = match wish.replicas {
            Replicas::AsTheyAre => false,
            Replicas::Exactly(count) => count == 0,
            Replicas::Gone => true,
        };
        let followed = before
            .gateways
            .values()
            .all(|generation| *generation >= before.state.route_generation);
        let routed = before.state.routes_to(name) || plan.state.routes_to(name);
        prop_assert!(!shrinks || (followed && !routed), "{name} goes while gateways may send to it");
    }
    prop_assert!(
        after.jobs.iter().filter(|job| !job.deleting).count() <= 60,
        "attempts are without bound"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn hold_whatever_happens(happenings in prop::collection::vec(happening(), 1..120)) {
        let mut world = World::new();
        for happening in &happenings {
            happen(&mut world, happening);
            let before = world.clone();
            let plan = world.visit();
            check(&before, &world, &plan)?;
        }
    }

    #[test]
    fn the_plan_comes_to_rest_and_then_decides_nothing(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut world = World::new();
        for happening in &happenings {
            happen(&mut world, happening);
            world.visit();
        }
        let rest = world.settle();
        let again = plan::plan(&world.input());
        prop_assert_eq!(&rest, &again);
        prop_assert!(again.jobs.is_empty() && again.obsolete_jobs.is_empty());
        prop_assert_eq!(&again.state, &world.state);
    }

    #[test]
    fn what_goes_well_in_the_end_reaches_the_target(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut world = World::new();
        for happening in &happenings {
            happen(&mut world, happening);
            world.visit();
        }
        for stage in Stage::ALL {
            world.trouble(stage, None);
        }
        world.depot = Depot::Up;
        // Other inputs, so that no rejected build stands in the way.
        world.edit(|wanted| {
            wanted.source = Source::Http { url: "https://repo.example/last.jar".to_owned(), sha256: jar(200) };
            wanted.target = Stage::PgoOptimized;
        });
        for _ in 0..12 {
            world.advance();
            world.finish_resolve();
            world.finish_trace();
            if world.state.stage >= Some(Stage::PgoInstrumented) {
                world.merge_profiles(5, 1000);
            }
            for stage in [Stage::Native, Stage::PgoInstrumented, Stage::PgoOptimized] {
                world.finish_build(stage);
            }
        }
        world.advance();
        prop_assert_eq!(world.state.stage, Some(Stage::PgoOptimized));
        prop_assert_eq!(world.traffic(), [(Stage::PgoOptimized, 100)]);
        let plan = plan::plan(&world.input());
        prop_assert_eq!(plan.scope, Scope::Follow);
        prop_assert!(world.executors.len() <= 2, "{:?}", world.executors.keys());
    }
}
