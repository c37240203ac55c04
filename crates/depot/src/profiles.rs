//! How profiles are merged: `anneal-iprof` behind [`Merge`].

use anneal_iprof::{ConflictPolicy, Intermediate, Limits, Profile, overlap};
use anneal_protocol::facts::Convergence;
use flate2::{Compression, GzBuilder};

use crate::fold::{FoldLimits, Merge, Merged, Rejection};

/// A merge of profiles.
#[derive(Default)]
pub(crate) struct ProfileMerge {
    merge: Intermediate,
    /// The final form of `merge`, once it was needed.
    latest: Option<Profile>,
}

impl Merge for ProfileMerge {
    fn read(state: &[u8], _: &FoldLimits) -> Result<Self, Rejection> {
        let merge = Intermediate::read_from(state, &Limits::for_intermediate()).map_err(|error| reject(&error))?;
        Ok(Self { merge, latest: None })
    }

    fn fold(&mut self, raw: &[u8], limits: &FoldLimits) -> Result<Option<Convergence>, Rejection> {
        let limits = Limits {
            input_bytes: limits.raw,
            bytes: limits.inflated,
            ..Limits::default()
        };
        let before = self.latest.take().unwrap_or_else(|| self.merge.to_final(ConflictPolicy::Dominant));
        let first = self.merge.is_empty();
        let report = match self.merge.fold(raw, &limits) {
            Ok(report) => report,
            Err(error) => {
                self.latest = Some(before);
                return Err(reject(&error));
            }
        };
        let after = self.merge.to_final(ConflictPolicy::Dominant);
        let convergence = Convergence {
            overlap_percent: (!first).then(|| overlap(&before, &after) * 100.0),
            new_context_percent: Some(report.new_context_percent()),
        };
        self.latest = Some(after);
        Ok(Some(convergence))
    }

    fn finish(&self) -> Result<Merged, Rejection> {
        let made;
        let profile = if let Some(profile) = &self.latest {
            profile
        } else {
            made = self.merge.to_final(ConflictPolicy::Dominant);
            &made
        };
        let mut published = Vec::new();
        profile.write_gzip(&mut published).map_err(|error| reject(&error))?;
        let digest = profile.digest().map_err(|error| reject(&error))?;
        // Read by the next fold alone: speed before size.
        let mut packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
        self.merge.write_to(&mut packer).map_err(|error| reject(&error))?;
        let state = packer.finish().map_err(|error| Rejection::new("Output", error.to_string()))?;
        Ok(Merged {
            digest: digest.to_string(),
            published,
            state: Some(state),
            events: self.merge.event_mass(),
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
