//! Commands for people, one module per command. What a command does is in this library, so that tests reach it without a
//! process; the binary only parses and hands on.
//!
//! Nothing here talks to a cluster or a store.

pub mod iprof;
