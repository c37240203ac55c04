//! How reachability metadata is merged: the union of all sets, behind [`Merge`].

mod bounded;
mod document;
mod legacy;
mod schema;
mod union;

#[cfg(test)]
mod properties;

use anneal_protocol::facts::Convergence;
use anneal_store::Sha256Digest;

use self::{
    bounded::{GROWTH, MERGED, ONE},
    union::MetadataSet,
};
use crate::fold::{FoldLimits, Merge, Merged, Rejection};

/// A merge of metadata sets.
#[derive(Default)]
pub(crate) struct MetadataMerge(MetadataSet);

impl Merge for MetadataMerge {
    fn read(state: &[u8], _: &FoldLimits) -> Result<Self, Rejection> {
        document::read(state, &MERGED).map(Self)
    }

    fn fold(&mut self, raw: &[u8], limits: &FoldLimits) -> Result<Option<Convergence>, Rejection> {
        let set = document::read(raw, &ONE)?;
        let mut merged = self.0.clone();
        merged.merge(set);
        merged.check_size()?;
        let limit = usize::try_from(limits.metadata).unwrap_or(usize::MAX).saturating_mul(GROWTH);
        if merged.canonical().len() > limit {
            return Err(Rejection::new("Limit", format!("the union would have more than {limit} bytes")));
        }
        self.0 = merged;
        Ok(None)
    }

    fn finish(&self) -> Result<Merged, Rejection> {
        let published = self.0.canonical().into_bytes();
        Ok(Merged {
            digest: Sha256Digest::of(&published).to_string(),
            published,
            state: None,
            events: 0,
        })
    }

    fn raw_limit(limits: &FoldLimits) -> u64 {
        limits.metadata
    }
}
