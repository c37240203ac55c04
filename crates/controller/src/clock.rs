//! The only place where this crate asks what time it is.

/// Seconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
