//! What there is, for the controller: read from the store at each question, never remembered but for what the Function needs.

use anneal_protocol::{
    FunctionRef,
    depot::{FIRST_MISSING_DOCUMENT, RejectionRequest},
    facts::{BuildFact, BuildRecord, Facts, FactsRequest, MetadataFacts, ProfileFacts},
};
use anneal_store::{Depth, Prefix};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::{
    api::Depot,
    builds,
    documents::{self, Document},
    fold::{self, Head},
    grants::digest,
    layout::{Identity, Layout, Shelf, Subject},
    queue::FoldKey,
    references,
    refusal::{Refusal, Result},
};

/// Keys in one question.
const KEYS: usize = 128;
/// Calls to the store at once, for one question.
const PARALLEL: usize = 8;

/// "Never again."
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Rejected {
    reason: String,
}

/// Answers a question.
pub(crate) async fn facts(depot: &Depot, request: &FactsRequest) -> Result<Facts> {
    if request.builds.len() + request.profiles.len() > KEYS {
        return Err(Refusal::invalid(format!("more than {KEYS} keys in one question")));
    }
    let layout = Layout::of(&request.function)?;
    references::record(&*depot.store, &depot.clock, &layout, request.references.as_ref()).await?;
    let jar = async {
        let Some(query) = &request.jar else {
            return Ok(None);
        };
        let key = layout.jar_record(digest(&query.sha256)?, &query.handler)?;
        Ok::<_, Refusal>(documents::read(&*depot.store, &key).await?.known())
    };
    let builds: Vec<_> = request.builds.iter().map(|key| named(key, build(depot, &layout, key))).collect();
    let builds = stream::iter(builds).buffer_unordered(PARALLEL).try_collect::<Vec<_>>();
    let profiles: Vec<_> = request
        .profiles
        .iter()
        .map(|key| named(key, profile(depot, &request.function, &layout, key)))
        .collect();
    let profiles = stream::iter(profiles).buffer_unordered(PARALLEL).try_collect();
    let metadata = metadata(depot, &request.function, &layout, request.metadata.as_deref());
    let (jar, builds, profiles, metadata) = tokio::try_join!(jar, builds, profiles, metadata)?;
    let builds = builds.into_iter().filter_map(|(key, fact)| Some((key, fact?))).collect();
    Ok(Facts {
        jar,
        builds,
        profiles,
        metadata,
    })
}

async fn named<T>(key: &str, fact: impl Future<Output = Result<T>>) -> Result<(String, T)> {
    Ok((key.to_owned(), fact.await?))
}

async fn build(depot: &Depot, layout: &Layout, key: &str) -> Result<Option<BuildFact>> {
    let build = layout.build(digest(key)?)?;
    match documents::read::<Rejected>(&*depot.store, &build.rejected()?).await? {
        Document::Known(rejected, _) => {
            return Ok(Some(BuildFact::Rejected { reason: rejected.reason }));
        }
        Document::Garbled(_) => {
            return Ok(Some(BuildFact::Rejected {
                reason: "Unknown".to_owned(),
            }));
        }
        Document::Missing => {}
    }
    let result: Document<BuildRecord> = documents::read(&*depot.store, &build.result()?).await?;
    let Some(record) = result.known() else {
        return Ok(None);
    };
    Ok(builds::is_stored(depot, &build, &record)
        .await?
        .then_some(BuildFact::Committed(record)))
}

async fn profile(depot: &Depot, function: &FunctionRef, layout: &Layout, key: &str) -> Result<ProfileFacts> {
    let shelf = layout.shelf(Subject::Profile { build: digest(key)? })?;
    let (head, (rejected, rejected_reason), lost) = tokio::try_join!(
        head(depot, function, &shelf),
        quarantined(depot, &shelf),
        count(depot, shelf.losses())
    )?;
    let Some(head) = head else {
        return Ok(ProfileFacts {
            rejected,
            rejected_reason,
            lost,
            ..ProfileFacts::default()
        });
    };
    let last = head.recent.last().copied().unwrap_or_default();
    Ok(ProfileFacts {
        digest: head.digest,
        inputs: head.inputs.iter().map(Identity::to_string).collect(),
        events: head.events,
        overlap_percent: last.overlap_percent,
        new_context_percent: last.new_context_percent,
        recent: head.recent,
        rejected,
        lost,
        rejected_reason,
    })
}

async fn metadata(depot: &Depot, function: &FunctionRef, layout: &Layout, jar: Option<&str>) -> Result<Option<MetadataFacts>> {
    let Some(jar) = jar else { return Ok(None) };
    let shelf = layout.shelf(Subject::Metadata { jar: digest(jar)? })?;
    let head = head(depot, function, &shelf).await?;
    Ok(head.map(|head| {
        let missing = head
            .inputs
            .iter()
            .filter(|identity| identity.window() >= FIRST_MISSING_DOCUMENT)
            .count();
        MetadataFacts {
            digest: head.digest,
            windows: (head.inputs.len() - missing) as u64,
            missing: missing as u64,
        }
    }))
}

/// The commit, if what it names is there. A merge that was lost or overwritten closes the gate again, and is folded anew.
async fn head(depot: &Depot, function: &FunctionRef, shelf: &Shelf) -> Result<Option<Head>> {
    let head: Head = match documents::read(&*depot.store, &shelf.head()?).await? {
        Document::Known(head, _) => head,
        Document::Missing => return Ok(None),
        Document::Garbled(_) => {
            depot.queue.notify(FoldKey {
                function: function.clone(),
                subject: shelf.subject(),
            });
            return Ok(None);
        }
    };
    let key = shelf.merged_object(&head.published.name)?;
    if depot.verifier.holds(&*depot.store, &key, &head.published).await? {
        return Ok(Some(head));
    }
    depot.queue.notify(FoldKey {
        function: function.clone(),
        subject: shelf.subject(),
    });
    Ok(None)
}

async fn quarantined(depot: &Depot, shelf: &Shelf) -> Result<(u64, Option<String>)> {
    let reasons = fold::reasons(&*depot.store, shelf).await.map_err(from_fold)?;
    let Some((_, newest)) = reasons.iter().max_by_key(|(_, object)| (object.modified, &object.key)) else {
        return Ok((0, None));
    };
    let reason: Document<fold::Reason> = documents::read(&*depot.store, &newest.key).await?;
    Ok((reasons.len() as u64, reason.known().map(|reason| reason.word)))
}

fn from_fold(error: fold::Error) -> Refusal {
    match error {
        fold::Error::UseStore { source } => source.into(),
        _ => Refusal::invalid("a name in the request cannot be part of an object's key"),
    }
}

async fn count(depot: &Depot, prefix: Result<Prefix, anneal_store::InvalidKey>) -> Result<u64> {
    let (prefix, mut count, mut from) = (prefix?, 0, None);
    loop {
        let page = depot.store.list(&prefix, Depth::All, from.as_ref()).await?;
        count += page.objects.len() as u64;
        from = page.next;
        if from.is_none() {
            return Ok(count);
        }
    }
}

/// Records that a build must never be made again. The first reason stays.
pub(crate) async fn reject(depot: &Depot, request: &RejectionRequest) -> Result<()> {
    let reason = &request.reason;
    let word = reason.len() <= 64
        && reason.starts_with(|first: char| first.is_ascii_uppercase())
        && reason.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !word {
        return Err(Refusal::invalid("a reason is one CamelCase word of at most 64 letters"));
    }
    let build = Layout::of(&request.function)?.build(digest(&request.build_key)?)?;
    documents::create(&*depot.store, &build.rejected()?, &Rejected { reason: reason.clone() }).await?;
    Ok(())
}
