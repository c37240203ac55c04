//! Decides when an executor takes requests, when it drains and when its child is to end.
//!
//! Pure: time and chance come in as arguments. [`crate::serve`] does what is decided here, [`crate::control`] brings
//! the gateways' reports.

use std::time::{Duration, Instant};

use anneal_protocol::agent::{AcceptState, Collects, TotalsReply, TotalsReport};

use crate::window::{Drained, Tally, jittered};

/// What the state machine goes by.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// What windows are for; absent = there are none.
    pub(crate) window: Option<anneal_protocol::agent::Window>,
    /// The longest drain.
    pub(crate) drain: Duration,
    /// How long a pod without windows stays up after it was told to go: its gateways learn it from the
    /// apiserver, and nobody tells the agent when they have.
    pub(crate) settle: Duration,
}

/// An executor's state.
#[derive(Debug)]
pub(crate) struct Machine {
    rules: Rules,
    phase: Phase,
    number: u64,
    leaving: bool,
    tally: Tally,
}

/// What is true at the moment.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// There is no child that could answer.
    Starting,
    /// The child answers, a window is open.
    Accepting { opened: Instant, goal: Option<u64> },
    /// Nothing new is to come. `earliest` holds the end back, `latest` enforces it.
    Draining {
        opened: Instant,
        earliest: Instant,
        latest: Instant,
    },
    /// There will be no child again.
    Closed,
}

/// What to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// Nothing before a report, a signal or this time.
    Wait(Option<Instant>),
    /// End the child.
    EndChild,
}

/// What a window served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) seconds: u64,
}

impl Machine {
    pub(crate) fn new(rules: Rules) -> Self {
        let tally = Tally::default();
        Self {
            rules,
            phase: Phase::Starting,
            number: 0,
            leaving: false,
            tally,
        }
    }

    /// A child is being started for this window.
    pub(crate) const fn start(&mut self, number: u64) {
        self.number = number;
        self.phase = Phase::Starting;
    }

    /// The child answers: the window opens.
    pub(crate) fn accept(&mut self, now: Instant, chance: u64) {
        let goal = self.rules.window.as_ref().map(|window| match window.collects {
            Collects::Profile => jittered(window.requests, chance),
            Collects::Metadata => window.requests,
        });
        self.tally.open();
        self.phase = Phase::Accepting { opened: now, goal };
        if self.leaving {
            self.drain(now);
        }
    }

    /// The last window is over.
    pub(crate) const fn close(&mut self) {
        self.phase = Phase::Closed;
    }

    /// The pod is to go.
    pub(crate) fn leave(&mut self, now: Instant) {
        self.leaving = true;
        self.drain(now);
    }

    pub(crate) const fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Takes a gateway's report and answers it.
    pub(crate) fn report(&mut self, now: Instant, report: &TotalsReport) -> TotalsReply {
        self.tally.count(now, report);
        self.advance(now);
        let state = self.state();
        self.tally.answer(report, state);
        TotalsReply {
            state,
            window: self.number,
        }
    }

    pub(crate) const fn state(&self) -> AcceptState {
        match self.phase {
            Phase::Starting => AcceptState::Starting,
            Phase::Accepting { .. } => AcceptState::Accepting,
            Phase::Draining { .. } => AcceptState::Draining,
            Phase::Closed => AcceptState::Closed,
        }
    }

    /// What is to be done now.
    pub(crate) fn poll(&mut self, now: Instant) -> Step {
        self.advance(now);
        match self.phase {
            Phase::Starting | Phase::Closed => Step::Wait(None),
            Phase::Accepting { opened, .. } => Step::Wait(self.time_limit(opened)),
            Phase::Draining { latest, .. } if now >= latest => Step::EndChild,
            Phase::Draining { earliest, .. } if now < earliest => Step::Wait(Some(earliest)),
            Phase::Draining { latest, .. } => match self.tally.drained(now) {
                Drained::Yes => Step::EndChild,
                Drained::NotBefore(silent_at) => Step::Wait(Some(silent_at.min(latest))),
            },
        }
    }

    /// What the window has served so far.
    pub(crate) fn figures(&self, now: Instant) -> Figures {
        let seconds = match self.phase {
            Phase::Accepting { opened, .. } | Phase::Draining { opened, .. } => now.saturating_duration_since(opened).as_secs(),
            Phase::Starting | Phase::Closed => 0,
        };
        Figures {
            requests: self.tally.served(),
            seconds,
        }
    }

    /// Ends the window if it has served enough or lasted long enough.
    fn advance(&mut self, now: Instant) {
        let Phase::Accepting { opened, goal } = self.phase else {
            return;
        };
        let enough = goal.is_some_and(|goal| self.tally.served() >= goal);
        let long = self.time_limit(opened).is_some_and(|limit| now >= limit);
        if enough || long {
            self.drain(now);
        }
    }

    fn drain(&mut self, now: Instant) {
        let Phase::Accepting { opened, .. } = self.phase else {
            return;
        };
        self.tally.drain();
        let settle = match (&self.rules.window, self.leaving) {
            (None, true) => self.rules.settle.min(self.rules.drain),
            _ => Duration::ZERO,
        };
        self.phase = Phase::Draining {
            opened,
            earliest: now + settle,
            latest: now + self.rules.drain,
        };
    }

    /// When the window ends by time. One for a profile does not while it has served nothing:
    /// a profile of an idle process would dilute the others.
    fn time_limit(&self, opened: Instant) -> Option<Instant> {
        let window = self.rules.window.as_ref()?;
        let idle = window.collects == Collects::Profile && self.tally.served() == 0;
        let seconds = window.max_seconds.filter(|_| !idle)?;
        opened.checked_add(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests;
