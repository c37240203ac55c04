//! Runs the compiler once: fetches its inputs, bounds its time, says what came of it, and stores what it left.

mod arguments;
mod capture;
mod hide;
mod memory;
mod older;
mod properties;
mod report;
mod run;
mod verdict;

use std::{fs, io, path::PathBuf, time::Duration};

use anneal_protocol::{
    agent::{Build, BuildKind},
    depot::{Confirmation, MAX_OBJECT_BYTES, Readable, Writable},
    termination::Termination,
};
use snafu::{OptionExt, ResultExt, Snafu};
use tokio::time::timeout;

use self::{
    arguments::Sources,
    properties::Filtered,
    report::Report,
    run::{Ended, Run},
    verdict::{Evidence, verdict},
};
use crate::{
    args::Settings,
    depot,
    digest::{self, Content},
    inputs,
    signals::Signals,
    transfer::{self, Expected, Form, Transfer},
};

/// The largest profile, unpacked.
const PROFILE_BYTES: u64 = 4 << 30;
/// How long storing the log of a failed build may take.
const LOG_UPLOAD: Duration = Duration::from_secs(60);

/// Why there is no artifact.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("the configuration lacks the {what}"))]
    Incomplete { what: &'static str },
    #[snafu(display("an input cannot be fetched"))]
    Fetch { source: transfer::Error },
    #[snafu(display("the jar's own arguments cannot be judged"))]
    Filter { source: properties::Error },
    #[snafu(display("the files of the build cannot be written"))]
    Write { source: io::Error },
    #[snafu(display("the compiler {program:?} cannot be started"))]
    Start { source: io::Error, program: String },
    #[snafu(display("the compiler's run came to nothing: {termination:?}"))]
    Compile { termination: Termination },
    #[snafu(display("what the compiler made cannot be stored"))]
    Store { source: transfer::Error },
    #[snafu(display("what the compiler made cannot be confirmed"))]
    Confirm { source: depot::Error },
    #[snafu(display("the pod is to go"))]
    Interrupt,
}

impl Error {
    /// What the controller is told; an interrupted build tells nothing, because it says nothing of the build.
    pub(crate) fn termination(&self) -> Option<Termination> {
        Some(match self {
            Self::Interrupt => return None,
            Self::Compile { termination } => termination.clone(),
            Self::Fetch { source } if source.is_gone() => Termination::Gone,
            Self::Store { source } if source.is_gone() => Termination::Gone,
            Self::Confirm { source } if source.is_gone() => Termination::Gone,
            Self::Fetch {
                source: transfer::Error::Grant { source },
            } if source.is_passing() => Termination::DepotUnavailable,
            Self::Fetch { .. } | Self::Filter { .. } => Termination::InputUnavailable,
            Self::Store { .. } | Self::Confirm { .. } => Termination::DepotUnavailable,
            // 127: what a shell says of a command that is not there.
            Self::Start { .. } => Termination::BuildFailed { exit: 127 },
            Self::Incomplete { .. } | Self::Write { .. } => Termination::AgentFault,
        })
    }
}

/// Does all of it.
pub(crate) async fn build(settings: &Settings, work: &Build, transfer: &Transfer, signals: &Signals) -> Result<(), Error> {
    tokio::select! {
        fetched = fetch(settings, work, transfer) => fetched?,
        () = signals.leaving() => return InterruptSnafu.fail(),
    }
    let arguments = prepare(settings, work).await?;
    let run = Run::start(settings, &arguments).await?;
    let run = run.finish(Duration::from_secs(work.timeout_seconds), signals).await?;
    let seconds = run.seconds;
    let outcome = inspect(settings, work, run).await?;
    tokio::select! {
        stored = store(settings, work, transfer, outcome, seconds) => stored,
        () = signals.leaving() => InterruptSnafu.fail(),
    }
}

/// Makes every input be there, verified.
async fn fetch(settings: &Settings, work: &Build, transfer: &Transfer) -> Result<(), Error> {
    let workspace = &settings.workspace;
    inputs::fetch_jar(&work.jar, workspace, transfer).await.context(FetchSnafu)?;
    if let Some(digest) = &work.metadata {
        fs::create_dir_all(workspace.metadata()).context(WriteSnafu)?;
        let jar = work.jar.sha256.clone();
        let object = Readable::Metadata {
            jar,
            digest: digest.clone(),
        };
        let target = workspace.metadata_file();
        transfer.fetch(&object, &inputs::plain(digest), &target).await.context(FetchSnafu)?;
        let folder = workspace.metadata();
        let written = tokio::task::spawn_blocking(move || older::write(&target, &folder)).await;
        written.map_err(io::Error::other).flatten().context(WriteSnafu)?;
    }
    if work.kind == BuildKind::Optimized {
        let profile = work.profile.as_ref().context(IncompleteSnafu { what: "profile" })?;
        let object = Readable::Profile {
            build_key: profile.build_key.clone(),
            digest: profile.digest.clone(),
        };
        let expected = Expected {
            sha256: profile.digest.clone(),
            bytes: None,
            limit: PROFILE_BYTES,
            form: Form::Packed,
        };
        let target = workspace.merged_profile();
        transfer.fetch(&object, &expected, &target).await.context(FetchSnafu)?;
    }
    Ok(())
}

/// Writes the argument file.
async fn prepare(settings: &Settings, work: &Build) -> Result<PathBuf, Error> {
    let workspace = &settings.workspace;
    let (jar, copy) = (workspace.jar(), workspace.filtered_jar());
    let filtered = tokio::task::spawn_blocking(move || properties::filter(&jar, &copy));
    let Filtered { is_copied, arguments } = filtered.await.map_err(io::Error::other).context(WriteSnafu)?.context(FilterSnafu)?;
    let sources = Sources {
        workspace,
        launcher: &settings.launcher,
        jar: &if is_copied { workspace.filtered_jar() } else { workspace.jar() },
        properties: &arguments,
    };
    let file = workspace.arguments();
    arguments::write(&arguments::arguments(work, &sources), &file).context(WriteSnafu)?;
    Ok(file)
}

/// What there is to store.
struct Outcome {
    verdict: Result<Content, Termination>,
    report: Option<Content>,
    log: Option<Content>,
}

/// Looks at what the compiler left.
async fn inspect(settings: &Settings, work: &Build, ended: Ended) -> Result<Outcome, Error> {
    let (workspace, kind) = (settings.workspace.clone(), work.kind);
    let inspected = tokio::task::spawn_blocking(move || {
        let Ended {
            exit,
            timed_out,
            oom_killed,
            mut log,
            ..
        } = ended;
        let hints = log.hints();
        let log = log.write(&workspace.build_log());
        let log = log.inspect_err(|error| tracing::warn!(%error, "the log is not kept")).ok();
        let artifact = digest::of_file(&workspace.executable()).ok().filter(is_storable);
        let report = Report::read(&workspace.build_output());
        let evidence = Evidence {
            kind,
            exit,
            timed_out,
            oom_killed,
            hints,
            has_artifact: artifact.is_some(),
            has_report: report.is_some(),
            has_applied_profile: report.as_ref().is_some_and(Report::has_applied_profile),
        };
        tracing::info!(?evidence, "the compiler has ended");
        let verdict = verdict(&evidence).and_then(|()| artifact.ok_or(Termination::BuildNoArtifact));
        let report = report.and_then(|_| digest::of_file(&workspace.build_output()).ok());
        Outcome { verdict, report, log }
    });
    inspected.await.map_err(io::Error::other).context(WriteSnafu)
}

const fn is_storable(content: &Content) -> bool {
    content.bytes > 0 && content.bytes <= MAX_OBJECT_BYTES
}

/// Stores and confirms what was made, or stores the log of what was not.
async fn store(settings: &Settings, work: &Build, transfer: &Transfer, outcome: Outcome, seconds: u64) -> Result<(), Error> {
    let artifact = match outcome.verdict {
        Ok(artifact) => artifact,
        Err(termination) => {
            let log = store_log(settings, work, transfer, outcome.log.as_ref());
            if timeout(LOG_UPLOAD, log).await.is_err() {
                tracing::warn!("the log could not be stored in time");
            }
            return CompileSnafu { termination }.fail();
        }
    };
    let workspace = &settings.workspace;
    let build_key = work.build_key.clone();
    let object = Writable::Artifact {
        build_key: build_key.clone(),
    };
    transfer
        .store(&object, &workspace.executable(), &artifact)
        .await
        .context(StoreSnafu)?;
    if let Some(report) = &outcome.report {
        let object = Writable::BuildOutput {
            build_key: build_key.clone(),
        };
        transfer
            .store(&object, &workspace.build_output(), report)
            .await
            .context(StoreSnafu)?;
    }
    store_log(settings, work, transfer, outcome.log.as_ref()).await;
    let Content { bytes, sha256 } = artifact;
    let confirmation = Confirmation::Build {
        build_key,
        sha256,
        bytes,
        seconds,
    };
    transfer.depot().confirm(&confirmation).await.context(ConfirmSnafu)
}

/// Stores the log. It is for people to read: nothing depends on it.
async fn store_log(settings: &Settings, work: &Build, transfer: &Transfer, log: Option<&Content>) {
    let Some(log) = log else { return };
    let object = Writable::BuildLog {
        build_key: work.build_key.clone(),
    };
    let file = settings.workspace.build_log();
    if let Err(error) = transfer.store(&object, &file, log).await {
        tracing::warn!(%error, "the log could not be stored");
    }
}

#[cfg(test)]
mod tests;
