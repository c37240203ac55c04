//! Watches of the apiserver that always find their way back: after a pause, and with a list when the history is lost.
//!
//! Only reads. What an event means is the caller's.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use kube::runtime::watcher::{self, Event};
use tokio::time::sleep;

/// Seconds of a watch call. The apiserver ends it then; five seconds later `watcher` gives up one that is silent.
pub const WATCH_SECONDS: u32 = 25;

/// A watch that is refused so often in a row begins with a list again.
const PATIENCE: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// A watch as `watcher` makes it.
pub type Watch<K> = BoxStream<'static, watcher::Result<Event<K>>>;

/// The events of a watch that is taken up again, after a pause, whenever it breaks; `broke` hears why it did.
///
/// `watcher` lists anew after a 410 inside a watch, but asks for the same version for ever when the watch itself is refused: with
/// 410, or with 504 for a version that the apiserver does not have (any more). Then the watch is made anew, from its list.
pub fn steady<K, M, B>(make: M, broke: B) -> impl Stream<Item = Event<K>> + Send + use<K, M, B>
where
    K: Send + 'static,
    M: Fn() -> Watch<K> + Send + 'static,
    B: Fn(&watcher::Error) + Send + 'static,
{
    let first = make();
    stream::unfold(
        (first, Pauses::default(), make, broke),
        async move |(mut watch, mut pauses, make, broke)| {
            loop {
                match watch.next().await {
                    Some(Ok(event)) => {
                        pauses.reset();
                        return Some((event, (watch, pauses, make, broke)));
                    }
                    Some(Err(error)) => {
                        broke(&error);
                        let pause = pauses.next();
                        if must_list_anew(&error, pauses.failures) {
                            watch = make();
                        }
                        sleep(pause).await;
                    }
                    None => watch = make(),
                }
            }
        },
    )
}

fn must_list_anew(error: &watcher::Error, failures: u32) -> bool {
    match error {
        watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code == 410 || failures >= PATIENCE,
        _ => false,
    }
}

/// Doubling pauses, each cut at random to at least its half.
#[derive(Debug, Default)]
struct Pauses {
    failures: u32,
}

impl Pauses {
    fn next(&mut self) -> Duration {
        let pause = (FIRST_PAUSE * (1 << self.failures.min(8))).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        let jitter = u32::try_from(RandomState::new().build_hasher().finish() % 512).unwrap_or(0);
        pause / 2 + pause / 2 * jitter / 512
    }

    const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests;
