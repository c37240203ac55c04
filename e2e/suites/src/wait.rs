//! Waiting for a condition, with a deadline and the last thing seen in the error.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Asks until `condition` gives a value.
///
/// # Errors
/// The last refusal, when the deadline passes first.
pub fn until<T>(what: &str, deadline: Duration, mut condition: impl FnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        match condition() {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > end => {
                return Err(error).with_context(|| format!("{what}: not so within {} s", deadline.as_secs()));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(250)),
        }
    }
}
