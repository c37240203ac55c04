//! The depot as its callers see it: the API over a store in memory and a scripted apiserver.

mod builds;
mod calls;
mod cluster;
mod control;
mod harness;
mod jars;
mod sweeps;
mod windows;

pub(crate) use cluster::FakeCluster;
