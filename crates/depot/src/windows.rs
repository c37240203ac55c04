//! Confirmations of what windows left: profiles, metadata, losses. Confirming never waits for folding.

use anneal_protocol::depot::{LossCause, ProfileSidecar};
use anneal_store::{ObjectStore, Sha256Digest};
use serde::{Deserialize, Serialize};

use crate::{
    api::Depot,
    caller::{PodCaller, Role},
    documents::{self, Document},
    fold::Head,
    grants::digest,
    layout::{Identity, Layout, Shelf, Subject},
    queue::FoldKey,
    refusal::{Refusal, Result},
};

/// What is stored beside a profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct StoredSidecar {
    /// What the agent says.
    #[serde(flatten)]
    pub(crate) sidecar: ProfileSidecar,
    /// Name of its pod, for the count annotation.
    pub(crate) pod: String,
}

/// A window that yielded nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Loss {
    cause: LossCause,
}

/// An upload as its agent describes it.
pub(crate) struct Upload<'a> {
    pub(crate) window: u64,
    pub(crate) sha256: &'a str,
    pub(crate) bytes: u64,
}

/// Commits that a profile is stored.
pub(crate) async fn confirm_profile(depot: &Depot, caller: &PodCaller, sidecar: &ProfileSidecar) -> Result<()> {
    let shelf = profile_shelf(caller, &sidecar.build_key)?;
    let identity = Identity::new(&caller.uid, sidecar.window);
    let upload = Upload {
        window: sidecar.window,
        sha256: &sidecar.sha256,
        bytes: sidecar.bytes,
    };
    if check_stored(depot, &shelf, &identity, &upload).await? == Stored::Settled {
        return Ok(());
    }
    let stored = StoredSidecar {
        sidecar: sidecar.clone(),
        pod: caller.name.clone(),
    };
    let found = documents::create(&*depot.store, &shelf.sidecar(&identity)?, &stored).await?;
    if let Some(Document::Known(found, _)) = found
        && found.sidecar.sha256 != sidecar.sha256
    {
        return Err(Refusal::conflict("this window was confirmed with other bytes"));
    }
    depot.queue.notify(FoldKey {
        function: caller.function.clone(),
        subject: shelf.subject(),
    });
    Ok(())
}

/// Commits that metadata is stored.
pub(crate) async fn confirm_metadata(depot: &Depot, caller: &PodCaller, jar: &str, upload: &Upload<'_>) -> Result<()> {
    if !matches!(caller.role, Role::Executor { .. }) {
        return Err(Refusal::forbidden("only an executor confirms metadata"));
    }
    let shelf = Layout::of(&caller.function)?.shelf(Subject::Metadata { jar: digest(jar)? })?;
    check_stored(depot, &shelf, &Identity::new(&caller.uid, upload.window), upload).await?;
    depot.pod_names.remember(caller);
    depot.queue.notify(FoldKey {
        function: caller.function.clone(),
        subject: shelf.subject(),
    });
    Ok(())
}

/// Records a loss, once.
pub(crate) async fn record_loss(depot: &Depot, caller: &PodCaller, build_key: &str, window: u64, cause: LossCause) -> Result<()> {
    let shelf = profile_shelf(caller, build_key)?;
    let key = shelf.loss(&Identity::new(&caller.uid, window))?;
    if documents::create(&*depot.store, &key, &Loss { cause }).await?.is_none() {
        depot.metrics.losses.with_label_values(&[cause_label(cause)]).inc();
    }
    Ok(())
}

fn profile_shelf(caller: &PodCaller, build_key: &str) -> Result<Shelf> {
    match &caller.role {
        Role::Executor { build_key: Some(own) } if own == build_key => {}
        _ => {
            return Err(Refusal::forbidden("only an executor of this build speaks of its windows"));
        }
    }
    Ok(Layout::of(&caller.function)?.shelf(Subject::Profile { build: digest(build_key)? })?)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stored {
    /// The raw object waits.
    Raw,
    /// It is folded or in quarantine already.
    Settled,
}

async fn check_stored(depot: &Depot, shelf: &Shelf, identity: &Identity, upload: &Upload<'_>) -> Result<Stored> {
    let sha256 = digest(upload.sha256)?;
    let store = &*depot.store;
    let Some(head) = store.head(&shelf.raw(identity)?).await? else {
        return check_settled(store, shelf, identity).await;
    };
    if head.bytes != upload.bytes || !has_digest(store, shelf, identity, head.sha256, upload.bytes, sha256).await? {
        return Err(Refusal::conflict("the stored object has other bytes"));
    }
    Ok(Stored::Raw)
}

async fn has_digest(
    store: &dyn ObjectStore,
    shelf: &Shelf,
    identity: &Identity,
    known: Option<Sha256Digest>,
    bytes: u64,
    sha256: Sha256Digest,
) -> Result<bool> {
    if let Some(known) = known {
        return Ok(known == sha256);
    }
    Ok(store
        .hash(&shelf.raw(identity)?, bytes)
        .await?
        .is_some_and(|(_, found)| found == sha256))
}

/// A confirmation that is sent again after its object was moved.
async fn check_settled(store: &dyn ObjectStore, shelf: &Shelf, identity: &Identity) -> Result<Stored> {
    let head: Document<Head> = documents::read(store, &shelf.head()?).await?;
    let folded = head.known().is_some_and(|head| head.inputs.contains(identity));
    if folded || store.head(&shelf.quarantined_reason(identity)?).await?.is_some() {
        return Ok(Stored::Settled);
    }
    Err(Refusal::not_found("the object is not stored"))
}

const fn cause_label(cause: LossCause) -> &'static str {
    match cause {
        LossCause::NoProfile => "no-profile",
        LossCause::Invalid => "invalid",
        LossCause::Killed => "killed",
        LossCause::Crashed => "crashed",
        LossCause::Upload => "upload",
        LossCause::Unknown => "unknown",
    }
}
