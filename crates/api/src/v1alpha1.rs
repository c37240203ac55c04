//! `anneal.dev/v1alpha1`: the Function, what a user asks for and what the operator says of it.

#[expect(unreachable_pub, reason = "the derive repeats these structs inside functions, under our spans")]
mod spec;
#[expect(unreachable_pub, reason = "the derive repeats these structs inside functions, under our spans")]
mod status;

pub use spec::{
    Build, ConfigMapSource, Contract, EnvVar, Function, FunctionSpec, Handler, HotspotAgent, HttpSource, Instrumented, KeyRef, Pipeline,
    Profiles, Resources, Retry, S3Source, Scaling, Source, Target, Warmup, WarmupRequest,
};
pub use status::{
    Artifact, ArtifactRef, FunctionStatus, Gate, GateVerdict, LatencySample, ProfileStatus, RejectedBuild, Retrace, Revision, Stage,
    TrafficTarget, Transition,
};

#[cfg(test)]
mod tests;
