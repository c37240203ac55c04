//! The only place where this crate asks what time it is.

use std::sync::Arc;

/// Tells the time; a test holds it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The wall clock.
    pub fn system() -> Self {
        Self(Arc::new(now))
    }

    /// A clock that shows what `time` gives.
    pub fn from_fn(time: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(time))
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> i64 {
        (self.0)()
    }
}

/// Seconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
