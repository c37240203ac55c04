//! Grants: which object a request means, and the right to move it.

use anneal_protocol::{
    depot::{FIRST_MISSING_DOCUMENT, Grant, GrantRequest, MISSING_DOCUMENTS, Readable, Writable},
    facts::BuildRecord,
};
use anneal_store::{GrantSpec, ObjectKey, Sha256Digest};

use crate::{
    api::Depot,
    caller::PodCaller,
    documents::{self, Document},
    fold::Head,
    layout::{Identity, Layout, Shelf, Subject},
    permission,
    refusal::{Refusal, Result},
};

/// Gives the right to one request.
pub(crate) async fn grant(depot: &Depot, caller: &PodCaller, request: &GrantRequest) -> Result<Grant> {
    // What is written after a purge would stay: an answer that was kept is not good enough here.
    depot.authenticator.check_alive(&caller.function).await?;
    let life = depot.limits.grant_life;
    let spec = match request {
        GrantRequest::Get { object } => {
            permission::check_read(caller, object)?;
            GrantSpec::Get {
                key: readable(depot, caller, object).await?,
                life,
            }
        }
        GrantRequest::Put { object, bytes, sha256 } => {
            permission::check_write(caller, object)?;
            permission::check_size(object, *bytes, depot.limits.fold.raw, depot.limits.fold.metadata)?;
            let sha256 = digest(sha256)?;
            GrantSpec::Put {
                key: writable(depot, caller, object, sha256).await?,
                bytes: *bytes,
                sha256,
                life,
            }
        }
    };
    let grant = depot.store.grant(&spec).await?;
    Ok(Grant {
        ca: depot.certificates.of_store(),
        ..grant
    })
}

/// Reads a digest or a build key.
pub(crate) fn digest(text: &str) -> Result<Sha256Digest> {
    text.parse()
        .map_err(|_| Refusal::invalid("a digest or build key is 64 lower-case hex digits"))
}

async fn readable(depot: &Depot, caller: &PodCaller, object: &Readable) -> Result<ObjectKey> {
    let layout = Layout::of(&caller.function)?;
    Ok(match object {
        Readable::Jar { sha256 } => layout.jar(digest(sha256)?)?,
        Readable::Entry { sha256 } => layout.entry(digest(sha256)?)?,
        Readable::Upload { key } => Layout::upload(&caller.function.namespace, key)?,
        Readable::Metadata { jar, digest: merged } => {
            let shelf = layout.shelf(Subject::Metadata { jar: digest(jar)? })?;
            shelf.merged_object(&shelf.published_name(&digest(merged)?.to_string()))?
        }
        Readable::Profile { build_key, digest: merged } => {
            let shelf = layout.shelf(Subject::Profile { build: digest(build_key)? })?;
            shelf.merged_object(&shelf.published_name(&digest(merged)?.to_string()))?
        }
        Readable::Artifact { build_key } => {
            let build = layout.build(digest(build_key)?)?;
            let result: Document<BuildRecord> = documents::read(&*depot.store, &build.result()?).await?;
            let record = result.known().ok_or_else(|| Refusal::not_found("the build is not committed"))?;
            build.artifact(&record.attempt)?
        }
    })
}

async fn writable(depot: &Depot, caller: &PodCaller, object: &Writable, sha256: Sha256Digest) -> Result<ObjectKey> {
    let layout = Layout::of(&caller.function)?;
    Ok(match object {
        Writable::Jar => layout.jar(sha256)?,
        Writable::Entry => layout.entry(sha256)?,
        Writable::Artifact { build_key } => layout.build(digest(build_key)?)?.artifact(&caller.uid)?,
        Writable::BuildOutput { build_key } => layout.build(digest(build_key)?)?.output(&caller.uid)?,
        Writable::BuildLog { build_key } => layout.build(digest(build_key)?)?.log(&caller.uid)?,
        Writable::Profile { build_key, window } => {
            let shelf = layout.shelf(Subject::Profile { build: digest(build_key)? })?;
            check_room(depot, &shelf, *window).await?;
            shelf.raw(&Identity::new(&caller.uid, *window))?
        }
        Writable::Metadata { jar, window } => {
            let shelf = layout.shelf(Subject::Metadata { jar: digest(jar)? })?;
            check_room(depot, &shelf, *window).await?;
            shelf.raw(&Identity::new(&caller.uid, *window))?
        }
    })
}

/// Refuses uploads without end. What executables say that they lack takes no room from windows, and has a bound of its own.
async fn check_room(depot: &Depot, shelf: &Shelf, number: u64) -> Result<()> {
    let head: Document<Head> = documents::read(&*depot.store, &shelf.head()?).await?;
    let is_missing = |number: u64| number >= FIRST_MISSING_DOCUMENT;
    let (number_of_kind, most) = if is_missing(number) {
        (number - FIRST_MISSING_DOCUMENT, MISSING_DOCUMENTS)
    } else {
        (number, depot.limits.max_profiles as u64)
    };
    let merged = head.known().map_or(0, |head| {
        let alike = |identity: &&Identity| is_missing(identity.window()) == is_missing(number);
        head.inputs.iter().filter(alike).count()
    });
    if number_of_kind >= most || merged >= depot.limits.max_profiles {
        return Err(Refusal::too_large("this build or jar has all the uploads it may have"));
    }
    Ok(())
}
