//! One executor: whether it takes requests, how many are on their way, and its connections.
//!
//! Two protocols need that no request slips out after a state was read: an acked drain and an acked route. Here each sender
//! raises `outstanding` first and looks at the state second, while whoever closes the state stores it first and reads
//! `outstanding` second (all sequentially consistent), so one of the two always sees the other.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use anneal_protocol::agent::AcceptState;
use tokio::{sync::Notify, time::Instant};

use crate::pool::{Connection, Pool};

/// A reply of an agent is good for this long: an agent forgets a gateway after 5 s without a report.
const REPLY_GOOD_FOR: Duration = Duration::from_secs(4);
/// The first pause after a failed connection; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What tells executors apart, also when an address is used again.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct EndpointId {
    pub(crate) namespace: String,
    pub(crate) deployment: String,
    /// Empty where the slice does not say.
    pub(crate) pod_uid: String,
    pub(crate) address: SocketAddr,
}

/// One executor.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: EndpointId,
    /// The agent's control port.
    pub(crate) agent: SocketAddr,
    pub(crate) pool: Pool,
    /// Ready and not terminating, as its slice says.
    available: AtomicBool,
    /// It is in a slice at all: while it is, its agent wants reports.
    listed: AtomicBool,
    /// Somebody reports to its agent.
    reported: AtomicBool,
    /// Its agent collects in windows, so its state counts.
    windows: AtomicBool,
    state: AtomicU8,
    /// Milliseconds after `epoch` until which `state` may be relied on.
    state_good_until: AtomicU64,
    outstanding: AtomicU64,
    sent: AtomicU64,
    failures: AtomicU32,
    /// Milliseconds after `epoch` until which nothing is sent after failed connections.
    paused_until: AtomicU64,
    epoch: Instant,
    /// Woken when `outstanding` falls to zero.
    pub(crate) quiet: Notify,
}

impl Endpoint {
    pub(crate) fn new(id: EndpointId, agent: SocketAddr) -> Self {
        Self {
            id,
            agent,
            pool: Pool::default(),
            available: AtomicBool::new(false),
            listed: AtomicBool::new(false),
            reported: AtomicBool::new(false),
            windows: AtomicBool::new(false),
            state: AtomicU8::new(encode(AcceptState::Starting)),
            state_good_until: AtomicU64::new(0),
            outstanding: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            failures: AtomicU32::new(0),
            paused_until: AtomicU64::new(0),
            epoch: Instant::now(),
            quiet: Notify::new(),
        }
    }

    /// Takes the executor for one request, if it accepts.
    pub(crate) fn acquire(self: &Arc<Self>, now: Instant) -> Option<Lease> {
        if !self.is_open(now) {
            return None;
        }
        self.outstanding.fetch_add(1, SeqCst);
        let lease = Lease {
            endpoint: Arc::clone(self),
        };
        self.is_open(now).then_some(lease)
    }

    /// Would it take a request now?
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        self.accepts(now) && self.paused_until(now).is_none()
    }

    /// When it may take requests again, if only failed connections keep it from that.
    pub(crate) fn paused_until(&self, now: Instant) -> Option<Instant> {
        let until = self.paused_until.load(SeqCst);
        let until = (until > 0).then(|| self.epoch + Duration::from_millis(until))?;
        (until > now && self.accepts(now)).then_some(until)
    }

    /// Keeps a connection for the next request, unless none will come.
    pub(crate) fn keep(&self, connection: Connection) {
        if self.accepts(Instant::now()) {
            self.pool.put_back(connection);
        }
    }

    fn accepts(&self, now: Instant) -> bool {
        self.available.load(SeqCst)
            && (!self.windows.load(SeqCst)
                || (self.state() == AcceptState::Accepting && self.millis(now) < self.state_good_until.load(SeqCst)))
    }

    /// A connection failed: nothing is sent for a while. Many failures at once, of one outage, count as one.
    pub(crate) fn pause(&self, now: Instant) {
        if self.paused_until(now).is_some() {
            return;
        }
        let failures = self.failures.fetch_add(1, SeqCst).min(8);
        let pause = (FIRST_PAUSE * (1 << failures)).min(LONGEST_PAUSE);
        self.paused_until.store(self.millis(now + pause), SeqCst);
    }

    /// It answered.
    pub(crate) fn healthy(&self) {
        if self.failures.load(SeqCst) > 0 {
            self.failures.store(0, SeqCst);
            self.paused_until.store(0, SeqCst);
        }
    }

    /// What its slice says.
    pub(crate) fn set_available(&self, available: bool) {
        self.available.store(available, SeqCst);
        if !available {
            self.pool.clear();
        }
    }

    /// Whether any slice names it.
    pub(crate) fn set_listed(&self, listed: bool) {
        self.listed.store(listed, SeqCst);
    }

    /// `true` for the one that is to report to its agent from now on.
    pub(crate) fn begin_reports(&self) -> bool {
        !self.reported.swap(true, SeqCst)
    }

    /// `true` when reports may end: no slice names it and nothing is on its way. Whoever lists it again begins them again.
    pub(crate) fn end_reports(&self) -> bool {
        let over = || !self.listed.load(SeqCst) && self.outstanding() == 0;
        if !over() {
            return false;
        }
        self.reported.store(false, SeqCst);
        // It may have been listed between the two: then either that side began anew, or we go on.
        over() || !self.begin_reports()
    }

    /// From now on its agent's state counts.
    pub(crate) fn watch_windows(&self) {
        self.windows.store(true, SeqCst);
    }

    pub(crate) fn has_windows(&self) -> bool {
        self.windows.load(SeqCst)
    }

    /// The agent's last reply, to a report that was sent at `asked`.
    pub(crate) fn set_state(&self, state: AcceptState, asked: Instant) {
        self.state_good_until.store(self.millis(asked + REPLY_GOOD_FOR), SeqCst);
        self.state.store(encode(state), SeqCst);
        if state != AcceptState::Accepting {
            // The child is going to end: a kept connection could break under the first request of the next window.
            self.pool.clear();
        }
    }

    /// The state that is acted upon. Read it before [`Endpoint::outstanding`].
    pub(crate) fn state(&self) -> AcceptState {
        decode(self.state.load(SeqCst))
    }

    /// Requests on their way.
    pub(crate) fn outstanding(&self) -> u64 {
        self.outstanding.load(SeqCst)
    }

    /// Requests sent since this process started.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(SeqCst)
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }
}

/// The right to send one request to an executor, and the promise to say when it is over.
#[derive(Debug)]
pub(crate) struct Lease {
    endpoint: Arc<Endpoint>,
}

impl Lease {
    pub(crate) fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// A request is about to leave.
    pub(crate) fn sent(&self) {
        self.endpoint.sent.fetch_add(1, SeqCst);
    }

    /// Takes [`Lease::sent`] back: no byte had left.
    pub(crate) fn withdrawn(&self) {
        self.endpoint.sent.fetch_sub(1, SeqCst);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.endpoint.outstanding.fetch_sub(1, SeqCst) == 1 && self.endpoint.has_windows() {
            self.endpoint.quiet.notify_waiters();
        }
    }
}

const fn encode(state: AcceptState) -> u8 {
    match state {
        AcceptState::Starting => 0,
        AcceptState::Accepting => 1,
        AcceptState::Draining => 2,
        AcceptState::Closed => 3,
    }
}

const fn decode(state: u8) -> AcceptState {
    match state {
        1 => AcceptState::Accepting,
        2 => AcceptState::Draining,
        3 => AcceptState::Closed,
        _ => AcceptState::Starting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Arc<Endpoint> {
        let id = EndpointId {
            namespace: "shop".into(),
            deployment: "hello-1".into(),
            pod_uid: "u".into(),
            address: ([10, 0, 0, 1], 8080).into(),
        };
        let endpoint = Arc::new(Endpoint::new(id, ([10, 0, 0, 1], 9901).into()));
        endpoint.set_available(true);
        endpoint
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_connection_pauses_it_longer_each_time_and_an_answer_ends_that() {
        let endpoint = endpoint();
        for expected in [100, 200, 400, 800, 1600, 2000, 2000] {
            let now = Instant::now();
            endpoint.pause(now);
            endpoint.pause(now);
            assert_eq!(
                endpoint.paused_until(now).map(|until| until - now),
                Some(Duration::from_millis(expected))
            );
            assert!(endpoint.acquire(now).is_none());
            tokio::time::advance(Duration::from_millis(expected)).await;
            assert!(endpoint.acquire(Instant::now()).is_some());
        }
        endpoint.healthy();
        endpoint.pause(Instant::now());
        tokio::time::advance(FIRST_PAUSE).await;
        assert!(endpoint.is_open(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn with_windows_it_takes_requests_only_on_a_fresh_word_of_its_agent() {
        let endpoint = endpoint();
        assert!(endpoint.is_open(Instant::now()));
        endpoint.watch_windows();
        assert!(!endpoint.is_open(Instant::now()), "nothing was heard yet");
        for (state, open) in [
            (AcceptState::Accepting, true),
            (AcceptState::Draining, false),
            (AcceptState::Accepting, true),
            (AcceptState::Closed, false),
        ] {
            endpoint.set_state(state, Instant::now());
            assert_eq!(endpoint.is_open(Instant::now()), open, "{state:?}");
        }
        endpoint.set_state(AcceptState::Accepting, Instant::now());
        tokio::time::advance(REPLY_GOOD_FOR).await;
        assert!(!endpoint.is_open(Instant::now()), "the word is old");
    }

    #[test]
    fn what_leaves_the_slices_takes_nothing_new() {
        let endpoint = endpoint();
        let lease = endpoint.acquire(Instant::now());
        endpoint.set_available(false);
        assert!(endpoint.acquire(Instant::now()).is_none());
        assert_eq!(endpoint.outstanding(), 1);
        drop(lease);
        assert_eq!(endpoint.outstanding(), 0);
    }
}
