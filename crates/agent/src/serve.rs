//! Runs a function: starts its process, lets requests in, ends its windows, and sees to it that what they left is stored.
//!
//! What is to be done is decided in [`crate::state`]; this module does it. One process at a time; what it left is
//! uploaded while the next one runs.

mod health;
mod ledger;
mod missing;
mod outbox;
mod program;
mod rotation;

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use anneal_protocol::{
    agent::{Collects, Serve},
    depot::LossCause,
    termination::Termination,
};
use anneal_tls::Identity;
use snafu::{ResultExt, Snafu};
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{sleep_until, timeout},
};

use self::{
    health::{Function, Refused},
    ledger::Ledger,
    missing::{Listener, Reporter},
    outbox::{Mail, Outbox},
    rotation::{Remains, Yield},
};
use crate::{
    args::Settings,
    certificate,
    child::{Child, Exit, Stopped, prefer_for_oom},
    client,
    control::{self, Reviews, Shared},
    reaper::Reaper,
    retry::chance,
    signals::Signals,
    state::{Figures, Machine, Rules, Step},
    transfer::Transfer,
};

/// How long a pod without windows stays up after it was told to go.
const SETTLE: Duration = Duration::from_secs(2);
/// How long uploads are waited for when the pod goes.
const FLUSH: Duration = Duration::from_secs(45);
/// How long the news of a crash is delivered: the next container goes on with it.
const CRASH_FLUSH: Duration = Duration::from_secs(5);

/// Why the executor ended.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("what is to be run cannot be fetched"))]
    Prepare { source: program::Error },
    #[snafu(display("the control port cannot be opened"))]
    Listen { source: io::Error },
    #[snafu(display("there is no client for the function"))]
    MakeClient { source: client::Error },
    #[snafu(display("the window's records cannot be kept"))]
    Record { source: io::Error },
    #[snafu(display("the function cannot be started"))]
    Start { source: io::Error },
    #[snafu(display("the function ended by itself: {exit:?}"))]
    ChildEnded { exit: Exit },
    #[snafu(display("the function was not healthy after {seconds} s"))]
    NotHealthy { seconds: u64 },
    #[snafu(display("warm-up request {index} was answered with {status:?}", index = refused.index, status = refused.status))]
    WarmUp { refused: Refused },
    #[snafu(display("the function is being deleted"))]
    Gone,
}

impl Error {
    /// What the controller is told.
    pub(crate) fn termination(&self) -> Termination {
        match self {
            Self::Prepare { source } if source.is_gone() => Termination::Gone,
            Self::Prepare { .. } => Termination::InputUnavailable,
            Self::ChildEnded { exit } => Termination::ChildExited { exit: exit.code() },
            Self::NotHealthy { .. } => Termination::NotHealthy,
            Self::WarmUp { .. } => Termination::SmokeFailed,
            Self::Gone => Termination::Gone,
            // As a shell has it: there is no such program, or it cannot be executed.
            Self::Start { source } if source.kind() == io::ErrorKind::NotFound => Termination::ChildExited { exit: 127 },
            Self::Start { .. } => Termination::ChildExited { exit: 126 },
            Self::Listen { .. } | Self::MakeClient { .. } | Self::Record { .. } => Termination::AgentFault,
        }
    }
}

/// Runs a function until the pod is to go.
pub(crate) async fn serve(settings: &Settings, serve: &Serve, transfer: Transfer, signals: Signals) -> Result<(), Error> {
    let listener = control::listen(settings.control_port).await.context(ListenSnafu)?;
    serve_on(listener, settings, serve, transfer, signals).await
}

async fn serve_on(listener: TcpListener, settings: &Settings, serve: &Serve, transfer: Transfer, signals: Signals) -> Result<(), Error> {
    let workspace = &settings.workspace;
    let shared = Arc::new(Shared::new(Machine::new(Rules {
        window: serve.window.clone(),
        drain: Duration::from_secs(serve.drain_seconds),
        settle: SETTLE,
    })));
    let reviews = Reviews::new(transfer.depot().clone());
    let routes = control::router(Arc::clone(&shared), reviews);
    let identity = Identity::default();
    let certificate = certificate::keep(transfer.depot().clone(), workspace.certificate(), identity.clone());
    let _certificate = Task(tokio::spawn(certificate));
    let _control = Task(tokio::spawn(control::serve(listener, routes, identity)));

    let ledger = Arc::new(Ledger::load(workspace.ledger()).context(RecordSnafu)?);
    let outbox = Outbox::open(workspace.outbox(), serve.build_key.clone(), Arc::clone(&ledger)).context(RecordSnafu)?;
    let _mail = Task(tokio::spawn(outbox.clone().deliver(transfer.clone())));
    let client = client::function().context(MakeClientSnafu)?;
    let (listener, mut reporter) = missing::listen(serve, &ledger, &outbox).unzip();
    let executor = Executor {
        settings,
        serve,
        shared,
        ledger,
        outbox: outbox.clone(),
        listener,
        function: Function::new(client, settings.function_port),
        reaper: Reaper::start().context(StartSnafu)?,
        signals,
    };
    let ended = tokio::select! {
        ended = executor.run(&transfer) => ended,
        () = outbox.gone() => return GoneSnafu.fail(),
        () = report(reporter.as_mut()) => unreachable!("the executor holds its listener"),
    };
    drop(executor);
    if let Some(reporter) = reporter {
        reporter.finish().await;
    }
    if let Err(error) = ended {
        outbox.flush(CRASH_FLUSH).await;
        return Err(error);
    }
    match outbox.flush(FLUSH).await {
        Mail::Empty | Mail::Gone => {}
        Mail::Waiting => tracing::error!("the pod goes before its windows are stored"),
    }
    Ok(())
}

async fn report(reporter: Option<&mut Reporter>) {
    match reporter {
        Some(reporter) => reporter.report().await,
        None => std::future::pending().await,
    }
}

/// A task that ends with whoever started it.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Executor<'a> {
    settings: &'a Settings,
    serve: &'a Serve,
    shared: Arc<Shared>,
    ledger: Arc<Ledger>,
    outbox: Outbox,
    listener: Option<Listener>,
    function: Function,
    reaper: Arc<Reaper>,
    signals: Signals,
}

/// Whether the pod has served before: only the first child is warmed up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Warmth {
    Cold,
    Warm,
}

/// What follows a child's end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    Restart,
    Close,
    Leave,
}

/// What a start ended in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Start {
    Healthy,
    Leave,
}

impl Executor<'_> {
    async fn run(&self, transfer: &Transfer) -> Result<(), Error> {
        if self.ledger.is_closed() {
            return self.stay_closed().await;
        }
        self.report_interrupted().context(RecordSnafu)?;
        let Serve { program, build_key, .. } = self.serve;
        tokio::select! {
            fetched = program::fetch(self.settings, program, build_key, transfer) => {
                fetched.context(PrepareSnafu)?;
            }
            () = self.signals.leaving() => return Ok(()),
        }
        let mut warmth = Warmth::Cold;
        loop {
            match self.run_child(warmth).await? {
                Next::Restart => warmth = Warmth::Warm,
                Next::Leave => return Ok(()),
                Next::Close => {
                    self.ledger.close().context(RecordSnafu)?;
                    return self.stay_closed().await;
                }
            }
        }
    }

    /// The pod has done its work and waits to be scaled away. It stays ready, so that nobody mends it.
    async fn stay_closed(&self) -> Result<(), Error> {
        self.shared.machine().close();
        self.shared.become_ready();
        self.signals.leaving().await;
        self.shared.become_unready();
        Ok(())
    }

    /// The agent was killed in the middle of a window: what the child had counted died with it.
    fn report_interrupted(&self) -> io::Result<()> {
        let Some(window) = self.ledger.interrupted() else {
            return Ok(());
        };
        if !self.outbox.has(window) {
            self.outbox.post_lost(window, LossCause::Crashed)?;
        }
        self.ledger.settle()
    }

    /// Runs one child from its start to its end.
    async fn run_child(&self, warmth: Warmth) -> Result<Next, Error> {
        let window = match &self.serve.window {
            Some(_) => self.ledger.open().context(RecordSnafu)?,
            None => 0,
        };
        rotation::clear(&self.settings.workspace, window).context(RecordSnafu)?;
        self.shared.machine().start(window);
        let mut command = program::command(self.settings, self.serve, window);
        if let Some(listener) = &self.listener {
            listener.attach(&mut command).context(StartSnafu)?;
        }
        let mut child = self.reaper.spawn(&mut command).await.context(StartSnafu)?;
        // It holds the child's ends of the pipes.
        drop(command);
        prefer_for_oom(child.pid());
        let patience = Duration::from_secs(self.serve.stop_seconds);
        match self.start(&mut child, warmth).await {
            Ok(Start::Healthy) => {}
            // A window that never opened is not a lost one.
            other => {
                child.stop(patience).await;
                self.settle_window().context(RecordSnafu)?;
                return other.map(|_| Next::Leave);
            }
        }
        self.shared.machine().accept(Instant::now(), chance());
        self.shared.become_ready();
        tracing::info!(window, "the function accepts requests");
        self.accept(&mut child, window).await?;
        let figures = self.shared.machine().figures(Instant::now());
        let stopped = child.stop(patience).await;
        tracing::info!(window, ?figures, ?stopped, "the function has ended");
        self.conclude(window, figures, stopped).await.context(RecordSnafu)
    }

    /// Waits until the child is healthy and warm.
    async fn start(&self, child: &mut Child, warmth: Warmth) -> Result<Start, Error> {
        let path = program::health_path(self.serve);
        let seconds = self.serve.start_seconds;
        let warm = async {
            let healthy = self.function.become_healthy(path);
            if timeout(Duration::from_secs(seconds), healthy).await.is_err() {
                return NotHealthySnafu { seconds }.fail();
            }
            match warmth {
                Warmth::Warm => Ok(()),
                Warmth::Cold => self
                    .function
                    .warm_up(&self.serve.warmup)
                    .await
                    .or_else(|refused| WarmUpSnafu { refused }.fail()),
            }
        };
        tokio::select! {
            biased;
            () = self.leave() => Ok(Start::Leave),
            exit = child.ended() => ChildEndedSnafu { exit }.fail(),
            warm = warm => warm.map(|()| Start::Healthy),
        }
    }

    /// Lets requests in until the child is to end.
    async fn accept(&self, child: &mut Child, window: u64) -> Result<(), Error> {
        let mut forwarded = self.signals.forwarded();
        loop {
            let step = self.shared.machine().poll(Instant::now());
            let Step::Wait(until) = step else {
                return Ok(());
            };
            let is_leaving = self.shared.machine().is_leaving();
            tokio::select! {
                biased;
                exit = child.ended() => return self.crash(window, exit),
                () = self.leave(), if !is_leaving => {}
                signal = forwarded.next() => child.signal(signal),
                () = self.shared.reported.notified() => {}
                () = time(until) => {}
            }
        }
    }

    /// Waits until the pod is to go, and begins to.
    async fn leave(&self) {
        self.signals.leaving().await;
        self.shared.become_unready();
        self.shared.machine().leave(Instant::now());
    }

    /// The child ended by itself. The kubelet starts the container again, within its own bounds.
    fn crash(&self, window: u64, exit: Exit) -> Result<(), Error> {
        self.shared.become_unready();
        if self.serve.window.is_some() {
            self.outbox.post_lost(window, LossCause::Crashed).context(RecordSnafu)?;
            self.ledger.settle().context(RecordSnafu)?;
        }
        ChildEndedSnafu { exit }.fail()
    }

    fn settle_window(&self) -> io::Result<()> {
        if self.serve.window.is_some() {
            self.ledger.settle()
        } else {
            Ok(())
        }
    }

    /// Takes what the child left and says what follows.
    async fn conclude(&self, window: u64, figures: Figures, stopped: Stopped) -> io::Result<Next> {
        let collects = self.serve.window.as_ref().map(|window| window.collects);
        let mut yielded = Yield::Nothing;
        if let Some(collects) = collects {
            let remains = Remains {
                workspace: self.settings.workspace.clone(),
                outbox: self.outbox.clone(),
                build_key: self.serve.build_key.clone(),
                jar: program::traced_jar(&self.serve.program).map(str::to_owned),
                collects,
                window,
                figures,
                stopped,
            };
            let collected = tokio::task::spawn_blocking(move || remains.collect());
            yielded = collected.await.map_err(io::Error::other)??;
            self.ledger.settle()?;
        }
        Ok(match (collects, yielded) {
            _ if self.signals.is_leaving() => Next::Leave,
            (Some(Collects::Metadata), Yield::Posted) => Next::Close,
            _ => Next::Restart,
        })
    }
}

async fn time(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
