//! The commit of a resolved jar: its record, written once per jar and handler request.

use anneal_protocol::depot::JarRecord;
use anneal_store::ObjectKey;

use crate::{
    api::Depot,
    caller::{PodCaller, Role},
    documents::{self, Document},
    grants::digest,
    layout::Layout,
    refusal::{Refusal, Result},
};

/// The longest name of a class or method that is recorded.
const NAME: usize = 1024;

/// Commits a jar. The first record of a jar and request is *the* record: a later one, of another launcher, changes nothing.
pub(crate) async fn confirm(depot: &Depot, caller: &PodCaller, record: &JarRecord) -> Result<()> {
    if caller.role != Role::Resolve {
        return Err(Refusal::forbidden("only a resolve Job confirms a jar"));
    }
    let names = [
        Some(&record.handler.class),
        Some(&record.handler.method),
        record.requested.class.as_ref(),
        record.requested.method.as_ref(),
    ];
    if names.into_iter().flatten().any(|name| name.is_empty() || name.len() > NAME) {
        return Err(Refusal::invalid("a class or method has no name or one of more than 1024 bytes"));
    }
    if record.entry.is_none() != record.is_http() {
        return Err(Refusal::invalid("every contract but Http has an entry jar"));
    }
    let layout = Layout::of(&caller.function)?;
    let jar = digest(&record.sha256)?;
    let stored = depot.store.head(&layout.jar(jar)?).await?.ok_or_else(|| missing("jar"))?;
    if stored.bytes != record.bytes || stored.sha256.is_some_and(|stored| stored != jar) {
        return Err(Refusal::conflict("the stored jar has other bytes"));
    }
    if let Some(entry) = &record.entry {
        exists(depot, &layout.entry(digest(entry)?)?).await?;
    }
    let key = layout.jar_record(jar, &record.requested)?;
    match documents::create(&*depot.store, &key, record).await? {
        None | Some(Document::Known(..)) => Ok(()),
        Some(Document::Missing) => Err(Refusal::unavailable("the record was removed meanwhile")),
        Some(Document::Garbled(etag)) => {
            depot.store.put_if_match(&key, documents::encode(record), &etag).await?;
            Ok(())
        }
    }
}

async fn exists(depot: &Depot, key: &ObjectKey) -> Result<()> {
    depot.store.head(key).await?.map(|_| ()).ok_or_else(|| missing("entry jar"))
}

fn missing(what: &str) -> Refusal {
    Refusal::not_found(format!("the {what} is not stored"))
}
