//! Shared test support: a scripted apiserver, builders, a fixed clock.
