//! When a status is written.
