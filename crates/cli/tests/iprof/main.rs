//! What each verb does, by way of the library.

mod checks;
mod comparisons;
mod merges;
mod support;
mod synthetic;
