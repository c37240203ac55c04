//! Hears the signals sent to the agent: those that mean the pod is to go, and those that are the child's.

use std::io;

use rustix::process::Signal;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{broadcast, watch},
};

/// Signals a function may have a use for, such as a JVM's thread dump.
const FORWARDED: [(SignalKind, Signal); 4] = [
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::quit(), Signal::QUIT),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];

/// What was heard. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Signals {
    leave: watch::Receiver<bool>,
    forwarded: broadcast::Sender<Signal>,
}

/// The other end, for whoever hears.
pub(crate) struct Ears {
    leave: watch::Sender<bool>,
    forwarded: broadcast::Sender<Signal>,
}

impl Ears {
    pub(crate) fn leave(&self) {
        self.leave.send_replace(true);
    }

    pub(crate) fn forward(&self, signal: Signal) {
        if self.forwarded.send(signal).is_err() {
            tracing::debug!(?signal, "there is no process that could hear it");
        }
    }
}

impl Signals {
    pub(crate) fn pair() -> (Ears, Self) {
        let leave = watch::Sender::new(false);
        let forwarded = broadcast::Sender::new(16);
        let signals = Self {
            leave: leave.subscribe(),
            forwarded: forwarded.clone(),
        };
        (Ears { leave, forwarded }, signals)
    }

    /// Begins to hear, within the current runtime. PID 1 has no default actions: what is not heard is nothing.
    pub(crate) fn hear() -> io::Result<Self> {
        let (ears, signals) = Self::pair();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut streams = Vec::new();
        for (kind, forwarded) in FORWARDED {
            streams.push((signal(kind)?, forwarded));
        }
        let ears = std::sync::Arc::new(ears);
        for (mut stream, forwarded) in streams {
            let ears = std::sync::Arc::clone(&ears);
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    ears.forward(forwarded);
                }
            });
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("the pod is to go");
            ears.leave();
            // Later ones change nothing, but the default action must not come back.
            while terminate.recv().await.is_some() {}
        });
        Ok(signals)
    }

    /// Whether the pod is to go.
    pub(crate) fn is_leaving(&self) -> bool {
        *self.leave.borrow()
    }

    /// Waits until the pod is to go.
    pub(crate) async fn leaving(&self) {
        let mut leave = self.leave.clone();
        if leave.wait_for(|leave| *leave).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Signals for the child, from now on.
    pub(crate) fn forwarded(&self) -> Forwarded {
        Forwarded(self.forwarded.subscribe())
    }
}

/// A stream of signals for the child.
pub(crate) struct Forwarded(broadcast::Receiver<Signal>);

impl Forwarded {
    /// The next one. Of a flood some are left out.
    pub(crate) async fn next(&mut self) -> Signal {
        loop {
            match self.0.recv().await {
                Ok(signal) => return signal,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
