//! The policy, told as what happens to one Function.

mod climbing;
mod failing;
mod laws;
mod losing;
mod references;
mod retracing;
mod samples;
mod sources;
mod world;
