//! The depot as its callers see it: the API over a store in memory and a scripted apiserver.

mod builds;
mod calls;
mod certificates;
mod cluster;
mod control;
pub(crate) mod harness;
mod jars;
mod killed;
mod sweeps;
mod windows;

pub(crate) use cluster::FakeCluster;
