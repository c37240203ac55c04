//! What must stay stored.

use super::world::World;
use crate::{
    digest::{BuildKey, Digest},
    plan::questions,
    references::References,
    stage::Stage,
    state::Placement,
};

fn references(world: &World) -> Option<References> {
    let identity = world.identity();
    let observed = world.input().observed;
    let asked = questions(&identity, world.spec.as_ref().ok(), &world.state, &observed);
    References::of(&identity.uid, &world.state, &observed, &asked)
}

#[test]
fn everything_that_is_decided_and_runs_is_named() {
    let mut world = World::new();
    for stage in Stage::ALL {
        world.climb_to(stage);
        let named = references(&world).expect("it is known");
        let revision = world.state.revision().expect("there is one");
        assert!(revision.keys("uid").all(|(_, key)| named.builds.contains(&key)));
        assert!(named.jars.contains(&revision.inputs.jar) && revision.inputs.entry.iter().all(|entry| named.jars.contains(entry)));
        let merged = [&revision.metadata, &revision.profile];
        assert!(merged.into_iter().flatten().all(|digest| named.merged.contains(digest)));
        assert!(world.executors.values().all(|executor| named.builds.contains(&executor.key)));
        assert!(world.jobs.iter().all(|job| named.builds.contains(&job.key)));
    }
    let revision = world.state.revision().expect("there is one");
    assert!(revision.metadata.is_some() && revision.profile.is_some());
}

#[test]
fn nothing_is_said_before_anything_is_decided() {
    assert_eq!(references(&World::new()), None);
}

#[test]
fn nothing_is_said_while_something_runs_a_jar_that_is_forgotten() {
    let mut world = World::new();
    world.climb_to(Stage::Native);
    let key = BuildKey::new(Digest::of(b"forgotten"));
    for (stage, known) in [(Stage::Hotspot, false), (Stage::Native, true)] {
        world.state.previous = Some(Placement {
            stage,
            key: key.clone(),
            deployment: "f-forgotten".to_owned(),
        });
        let named = references(&world);
        assert_eq!(named.is_some_and(|named| named.builds.contains(&key)), known);
    }
}
