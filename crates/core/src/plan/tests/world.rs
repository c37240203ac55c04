//! A small cluster: it does what plans ask for and lets a test say what happens in it.

use std::collections::BTreeMap;

use super::samples::{committed, jar_fact, wanted};
use crate::{
    digest::{BuildKey, Digest},
    facts::{BuildFact, Executor, Failure, Gateway, Job, JobState, Known, MetadataFact, Observed, ProfileFact, Trouble},
    plan::{self, ExecutorWish, Input, JobWish, JobWork, Operator, Plan, Replicas, Scope, questions},
    spec::{Identity, Refusal, Source, Wanted},
    stage::{Code, Stage},
    state::State,
};

/// Whether the depot answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Depot {
    Up,
    Down,
}

/// Something that goes well.
type Step = fn(&mut World);

/// A cluster, its store, and the status of one Function.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) now: i64,
    pub(super) generation: i64,
    pub(super) spec: Result<Wanted, Refusal>,
    pub(super) state: State,
    pub(super) depot: Depot,
    pub(super) jobs: Vec<Job>,
    pub(super) executors: BTreeMap<String, Executor>,
    pub(super) gateways: BTreeMap<String, i64>,
    pub(super) resolved: Vec<Digest>,
    pub(super) metadata: BTreeMap<Digest, MetadataFact>,
    pub(super) builds: BTreeMap<BuildKey, BuildFact>,
    pub(super) profiles: BTreeMap<BuildKey, ProfileFact>,
    pub(super) config_map: Known<Option<Digest>>,
    pub(super) agent_image: String,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            now: 1000,
            generation: 1,
            spec: Ok(wanted()),
            state: State::default(),
            depot: Depot::Up,
            jobs: Vec::new(),
            executors: BTreeMap::new(),
            gateways: BTreeMap::from([("gateway-0".to_owned(), 0), ("gateway-1".to_owned(), 0)]),
            resolved: Vec::new(),
            metadata: BTreeMap::new(),
            builds: BTreeMap::new(),
            profiles: BTreeMap::new(),
            config_map: Known::Unknown,
            agent_image: "agent:1".to_owned(),
        }
    }

    /// Changes the spec.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut Wanted)) {
        let mut wanted = self.spec.clone().unwrap_or_else(|_| wanted());
        change(&mut wanted);
        self.spec = Ok(wanted);
        self.generation += 1;
    }

    pub(super) fn identity(&self) -> Identity {
        Identity {
            namespace: "shop".to_owned(),
            name: "f".to_owned(),
            uid: "uid".to_owned(),
            generation: self.generation,
        }
    }

    pub(super) fn input(&self) -> Input {
        let mut observed = Observed {
            config_map: self.config_map.clone(),
            jobs: self.jobs.clone(),
            executors: self.executors.clone(),
            gateways: Known::Known(
                self.gateways
                    .iter()
                    .map(|(name, generation)| Gateway {
                        name: name.clone(),
                        generation: Some(*generation),
                    })
                    .collect(),
            ),
            ..Observed::default()
        };
        if self.depot == Depot::Up {
            let asked = questions(&self.identity(), self.spec.as_ref().ok(), &self.state, &observed);
            if let Some((jar, _)) = asked.jar {
                observed.jar = Known::Known(self.resolved.contains(&jar).then(|| jar_fact(jar)));
            }
            if let Some(jar) = asked.metadata {
                observed.metadata = Known::Known(self.metadata.get(&jar).cloned());
            }
            observed.builds = asked
                .builds
                .into_iter()
                .map(|key| (key.clone(), self.builds.get(&key).cloned()))
                .collect();
            observed.profiles = asked
                .profiles
                .into_iter()
                .map(|key| (key.clone(), self.profiles.get(&key).cloned().unwrap_or_default()))
                .collect();
        }
        Input {
            now: self.now,
            identity: self.identity(),
            spec: self.spec.clone(),
            operator: Operator {
                launcher: Digest::of(b"launcher"),
                agent_image: self.agent_image.clone(),
            },
            state: self.state.clone(),
            observed,
        }
    }

    /// One visit: plan, write, act.
    pub(super) fn visit(&mut self) -> Plan {
        let plan = plan::plan(&self.input());
        self.state = plan.state.clone();
        if plan.scope == Scope::Follow {
            self.act(&plan);
        }
        plan
    }

    /// Visits until nothing is decided any more.
    pub(super) fn settle(&mut self) -> Plan {
        for _ in 0..40 {
            let before = (self.state.clone(), self.jobs.clone(), self.executors.clone());
            let plan = self.visit();
            if before == (self.state.clone(), self.jobs.clone(), self.executors.clone()) {
                return plan;
            }
        }
        panic!("the plan does not come to rest");
    }

    fn act(&mut self, plan: &Plan) {
        for wish in &plan.jobs {
            assert!(
                self.jobs.iter().all(|job| job.name != wish.name),
                "the name {} is used again",
                wish.name
            );
            self.jobs.push(self.job(wish));
        }
        self.jobs.retain(|job| !plan.obsolete_jobs.contains(&job.name));
        for (name, wish) in &plan.executors {
            self.size(name, wish);
        }
    }

    fn job(&self, wish: &JobWish) -> Job {
        let timeout_seconds = match wish.work {
            JobWork::Resolve { .. } => 600,
            JobWork::Build { .. } => self.spec.as_ref().map_or(0, |wanted| wanted.build.timeout_seconds),
        };
        Job {
            name: wish.name.clone(),
            code: wish.code,
            key: wish.key.clone(),
            attempt: wish.attempt,
            memory_mebibytes: wish.memory_mebibytes,
            timeout_seconds,
            state: JobState::Running,
            deleting: false,
        }
    }

    fn size(&mut self, name: &str, wish: &ExecutorWish) {
        if !self.executors.contains_key(name) {
            let spec = wish.spec.as_ref().expect("what does not exist is rendered");
            let executor = Executor {
                stage: wish.placement.stage,
                key: wish.placement.key.clone(),
                template: spec.template.digest(),
                version: spec.version,
                agent_image: spec.agent_image.clone(),
                revision: Some(spec.revision.clone()),
                replicas: 0,
                pods: 0,
                ready: 0,
                trouble: None,
                deleting: false,
            };
            self.executors.insert(name.to_owned(), executor);
        }
        let Some(executor) = self.executors.get_mut(name) else { return };
        if let Some(spec) = &wish.spec {
            executor.revision = Some(spec.revision.clone());
        }
        match wish.replicas {
            Replicas::Exactly(count) => executor.replicas = count,
            Replicas::Gone if executor.replicas > 0 => executor.replicas = 0,
            Replicas::Gone if executor.pods == 0 => drop(self.executors.remove(name)),
            Replicas::AsTheyAre | Replicas::Gone => {}
        }
    }

    /// Pods come up and go down as asked for.
    pub(super) fn run_pods(&mut self) {
        for executor in self.executors.values_mut() {
            executor.pods = executor.replicas;
            executor.ready = if executor.trouble.is_none() { executor.replicas } else { 0 };
        }
    }

    /// Every gateway follows the routes that stand in status.
    pub(super) fn acknowledge(&mut self) {
        let generation = self.state.route_generation;
        self.gateways.values_mut().for_each(|followed| *followed = generation);
    }

    /// Running resolve Jobs store what they found.
    pub(super) fn finish_resolve(&mut self) {
        let (now, jar) = (self.now, self.wanted_jar());
        for job in self
            .jobs
            .iter_mut()
            .filter(|job| job.code == Code::Resolve && job.state == JobState::Running)
        {
            job.state = JobState::Succeeded { at: now };
            self.resolved.extend(jar.clone());
        }
    }

    fn wanted_jar(&self) -> Option<Digest> {
        match &self.spec.as_ref().ok()?.source {
            Source::Http { sha256, .. } | Source::S3 { sha256, .. } => Some(sha256.clone()),
            Source::ConfigMap { .. } => self.config_map.as_option().cloned().flatten(),
        }
    }

    /// Running builds of a stage are committed.
    pub(super) fn finish_build(&mut self, stage: Stage) {
        let now = self.now;
        for job in self
            .jobs
            .iter_mut()
            .filter(|job| job.code == stage.code() && job.state == JobState::Running)
        {
            job.state = JobState::Succeeded { at: now };
            self.builds.insert(job.key.clone(), BuildFact::Committed(committed(&job.key)));
        }
    }

    /// Running Jobs of a kind fail.
    pub(super) fn fail_jobs(&mut self, code: Code, failure: &Failure) {
        let now = self.now;
        for job in self
            .jobs
            .iter_mut()
            .filter(|job| job.code == code && job.state == JobState::Running)
        {
            job.state = JobState::Failed {
                at: now,
                failure: failure.clone(),
            };
        }
    }

    /// The traced pod of the newest revision uploads what it recorded.
    pub(super) fn finish_trace(&mut self) {
        self.merge_metadata(|metadata| metadata.windows += 1);
    }

    /// An executable of the newest revision met an element that was not registered, and left a document that adds to the merge.
    pub(super) fn miss(&mut self) {
        self.merge_metadata(|metadata| metadata.missing += 1);
        self.metadata.values_mut().for_each(|metadata| {
            metadata.digest = Digest::of(format!("{} {}", metadata.digest, metadata.missing).as_bytes());
        });
    }

    fn merge_metadata(&mut self, add: impl FnOnce(&mut MetadataFact)) {
        let Some(jar) = self.state.revision().map(|revision| revision.inputs.jar.clone()) else {
            return;
        };
        add(self.metadata.entry(jar.clone()).or_insert(MetadataFact {
            digest: jar,
            windows: 0,
            missing: 0,
        }));
    }

    /// Profiles of the newest revision's instrumented build are merged.
    pub(super) fn merge_profiles(&mut self, count: u64, events: u64) {
        let key = self.key(Stage::PgoInstrumented);
        let digest = Some(Digest::of(format!("{count} {events}").as_bytes()));
        self.profiles.insert(
            key,
            ProfileFact {
                digest,
                count,
                events,
                ..ProfileFact::default()
            },
        );
    }

    /// The newest revision's key of a stage.
    pub(super) fn key(&self, stage: Stage) -> BuildKey {
        self.state
            .revision()
            .and_then(|revision| revision.key("uid", stage))
            .expect("the key can be named")
    }

    /// The Deployments of a stage.
    pub(super) fn executors_of(&self, stage: Stage) -> Vec<(String, Executor)> {
        self.executors
            .iter()
            .filter(|(_, executor)| executor.stage == stage)
            .map(|(name, executor)| (name.clone(), executor.clone()))
            .collect()
    }

    /// Executors of a stage get into trouble, or out of it.
    pub(super) fn trouble(&mut self, stage: Stage, trouble: Option<Trouble>) {
        self.executors
            .values_mut()
            .filter(|executor| executor.stage == stage)
            .for_each(|executor| executor.trouble = trouble);
    }

    /// Stage and percent of every target.
    pub(super) fn traffic(&self) -> Vec<(Stage, u8)> {
        self.state
            .traffic
            .iter()
            .map(|target| (target.placement.stage, target.percent))
            .collect()
    }

    /// Everything that can go on goes on, once.
    pub(super) fn advance(&mut self) {
        self.settle();
        self.run_pods();
        self.settle();
        self.acknowledge();
        self.settle();
        self.run_pods();
        self.settle();
    }

    /// Climbs to a stage with everything going well.
    pub(super) fn climb_to(&mut self, stage: Stage) {
        self.settle();
        self.finish_resolve();
        self.advance();
        let steps: [(Stage, Step); 4] = [
            (Stage::Hotspot, Self::finish_trace),
            (Stage::Native, |world| world.finish_build(Stage::Native)),
            (Stage::PgoInstrumented, |world| world.finish_build(Stage::PgoInstrumented)),
            (Stage::PgoOptimized, |world| {
                world.merge_profiles(2, 1000);
                world.advance();
                world.finish_build(Stage::PgoOptimized);
            }),
        ];
        for (reached, step) in steps {
            if reached <= stage {
                step(self);
                self.advance();
            }
        }
        assert_eq!(self.state.stage, Some(stage));
    }
}
