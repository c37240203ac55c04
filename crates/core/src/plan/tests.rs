//! The policy, told as what happens to one Function.

mod climbing;
mod failing;
mod laws;
mod samples;
mod sources;
mod world;
