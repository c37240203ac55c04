//! How profiles are merged: `anneal-iprof` behind [`Merge`].

use anneal_iprof::{ConflictPolicy, Intermediate, Limits};
use anneal_protocol::facts::Convergence;
use flate2::{Compression, GzBuilder};

use crate::fold::{FoldLimits, Merge, Merged, Rejection};

/// A merge of profiles.
#[derive(Default)]
pub(crate) struct ProfileMerge(Intermediate);

impl Merge for ProfileMerge {
    fn read(state: &[u8], _: &FoldLimits) -> Result<Self, Rejection> {
        let merge = Intermediate::read_from(state, &Limits::for_intermediate());
        merge.map(Self).map_err(|error| reject(&error))
    }

    fn fold(&mut self, raw: &[u8], limits: &FoldLimits) -> Result<Option<Convergence>, Rejection> {
        let limits = Limits {
            input_bytes: limits.raw,
            bytes: limits.inflated,
            ..Limits::default()
        };
        let report = self.0.fold(raw, &limits).map_err(|error| reject(&error))?;
        Ok(Some(Convergence {
            overlap_percent: report.overlap.map(|overlap| overlap * 100.0),
            new_context_percent: Some(report.new_context_percent()),
        }))
    }

    fn finish(&self) -> Result<Merged, Rejection> {
        let mut packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
        let written = self.0.write_final(ConflictPolicy::Dominant, &mut packer);
        written.map_err(|error| reject(&error))?;
        let published = packer.finish().map_err(|error| Rejection::new("Output", error.to_string()))?;
        let digest = self.0.digest(ConflictPolicy::Dominant).map_err(|error| reject(&error))?;
        // Read by the next fold alone: speed before size.
        let mut packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
        self.0.write_to(&mut packer).map_err(|error| reject(&error))?;
        let state = packer.finish().map_err(|error| Rejection::new("Output", error.to_string()))?;
        Ok(Merged {
            digest: digest.to_string(),
            published,
            state: Some(state),
            events: self.0.event_mass(),
        })
    }

    fn raw_limit(limits: &FoldLimits) -> u64 {
        limits.raw
    }
}

/// The reason's word is the error's category, as CamelCase.
fn reject(error: &anneal_iprof::Error) -> Rejection {
    let category = error.category();
    let (first, rest) = category.split_at(1);
    Rejection::new(format!("{}{rest}", first.to_ascii_uppercase()), error.to_string())
}
