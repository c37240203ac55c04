//! The commit of a build: `result.json`, created once, after the stored executable and the compiler's report are checked.

mod report;

use anneal_protocol::facts::BuildRecord;
use anneal_store::{ObjectKey, Put, Sha256Digest};

use self::report::BuildOutput;
use crate::{
    api::Depot,
    caller::{BuildRole, BuildStage, PodCaller, Role},
    documents::{self, Document},
    grants::digest,
    layout::{BuildLayout, Layout},
    permission::{LOG_BYTES, OUTPUT_BYTES},
    refusal::{Refusal, Result},
};

/// What the compiler's report says when a profile was applied.
const APPLIED: &str = "user-provided";
/// Times that a commit is tried against others.
const ATTEMPTS: usize = 3;

/// What the agent says of a build.
pub(crate) struct Claim<'a> {
    pub(crate) build_key: &'a str,
    pub(crate) sha256: &'a str,
    pub(crate) bytes: u64,
    pub(crate) seconds: u64,
}

/// Commits a build. The first committed attempt of a key makes *the* artifact; a later one changes nothing.
pub(crate) async fn confirm(depot: &Depot, caller: &PodCaller, claim: &Claim<'_>) -> Result<()> {
    let Role::Build(role) = &caller.role else {
        return Err(Refusal::forbidden("only a build Job confirms a build"));
    };
    if !role.makes(claim.build_key) {
        return Err(Refusal::forbidden("the Job is not named for this build"));
    }
    let build = Layout::of(&caller.function)?.build(digest(claim.build_key)?)?;
    verify_artifact(depot, &build.artifact(&caller.uid)?, claim.bytes, digest(claim.sha256)?).await?;
    let output = read_output(depot, &build, caller, role).await?;
    let log = read_log(depot, &build, caller).await;
    let record = BuildRecord {
        attempt: caller.uid.clone(),
        sha256: claim.sha256.to_owned(),
        bytes: claim.bytes,
        seconds: claim.seconds,
        peak_memory_bytes: output.peak_memory_bytes(),
        pgo: output.pgo(),
        applicability_percent: log.applicability,
        relevance_percent: log.relevance,
    };
    commit(depot, &build, &record).await
}

async fn verify_artifact(depot: &Depot, key: &ObjectKey, bytes: u64, sha256: Sha256Digest) -> Result<()> {
    let head = depot
        .store
        .head(key)
        .await?
        .ok_or_else(|| Refusal::not_found("the executable is not stored"))?;
    let other = || Refusal::conflict("the stored executable has other bytes");
    if head.bytes != bytes {
        return Err(other());
    }
    let stored = match head.sha256 {
        Some(stored) => stored,
        None => depot.store.hash(key, bytes).await?.ok_or_else(other)?.1,
    };
    if stored == sha256 { Ok(()) } else { Err(other()) }
}

async fn read_output(depot: &Depot, build: &BuildLayout, caller: &PodCaller, role: &BuildRole) -> Result<BuildOutput> {
    let object = depot.store.get(&build.output(&caller.uid)?, OUTPUT_BYTES).await?;
    let object = object.ok_or_else(|| Refusal::not_found("the compiler's report is not stored"))?;
    let output = BuildOutput::parse(&object.body).ok_or_else(|| Refusal::invalid("the compiler's report cannot be read"))?;
    if role.stage == BuildStage::Optimized && !output.pgo().iter().any(|mode| mode == APPLIED) {
        return Err(Refusal::invalid("the compiler's report does not say that the profile was applied"));
    }
    Ok(output)
}

/// Figures from the log are a service to people: without them the build is as good.
async fn read_log(depot: &Depot, build: &BuildLayout, caller: &PodCaller) -> report::Figures {
    let Ok(key) = build.log(&caller.uid) else {
        return report::Figures::default();
    };
    let Ok(Some(object)) = depot.store.get(&key, LOG_BYTES).await else {
        return report::Figures::default();
    };
    tokio::task::spawn_blocking(move || report::figures(&object.body))
        .await
        .unwrap_or_default()
}

async fn commit(depot: &Depot, build: &BuildLayout, record: &BuildRecord) -> Result<()> {
    let key = build.result()?;
    for _ in 0..ATTEMPTS {
        let (found, etag) = match documents::create(&*depot.store, &key, record).await? {
            None => return Ok(()),
            Some(Document::Missing) => continue,
            Some(Document::Known(found, etag)) => (Some(found), etag),
            Some(Document::Garbled(etag)) => (None, etag),
        };
        if let Some(found) = found
            && is_stored(depot, build, &found).await?
        {
            return Ok(());
        }
        // What was committed is gone, behind our back: this attempt takes its place.
        if depot.store.put_if_match(&key, documents::encode(record), &etag).await? != Put::Conflict {
            return Ok(());
        }
    }
    Err(Refusal::unavailable("the build's result is changed by others"))
}

/// Whether a committed artifact is still there.
pub(crate) async fn is_stored(depot: &Depot, build: &BuildLayout, record: &BuildRecord) -> Result<bool> {
    let head = depot.store.head(&build.artifact(&record.attempt)?).await?;
    Ok(head.is_some_and(|head| head.bytes == record.bytes && head.sha256.is_none_or(|sha256| sha256.to_string() == record.sha256)))
}
