//! Owns the way from one profile's ids to another's, by name.

use std::collections::HashMap;

use anneal_iprof::{Frame, Profile, Section};

/// For each id of the right profile the left one's, if the left one has the name.
pub(super) struct Correspondence {
    types: Vec<Option<u32>>,
    methods: Vec<Option<u32>>,
}

impl Correspondence {
    pub(super) fn new(left: &Profile, right: &Profile) -> Self {
        let names: HashMap<&str, u32> = left.types().iter().map(|name| &**name).zip(0..).collect();
        let types: Vec<Option<u32>> = right.types().iter().map(|name| names.get(&**name).copied()).collect();
        let identities: HashMap<(&str, &[u32]), u32> = left
            .methods()
            .iter()
            .map(|method| (&*method.name, &*method.signature))
            .zip(0..)
            .collect();
        let counterpart = |name: &str, signature: &[u32]| {
            let signature: Option<Vec<u32>> = signature.iter().map(|id| types.get(*id as usize).copied().flatten()).collect();
            identities.get(&(name, &*signature?)).copied()
        };
        let methods = right
            .methods()
            .iter()
            .map(|method| counterpart(&method.name, &method.signature))
            .collect();
        Self { types, methods }
    }

    pub(super) fn common_types(&self) -> u64 {
        self.types.iter().flatten().count() as u64
    }

    pub(super) fn common_methods(&self) -> u64 {
        self.methods.iter().flatten().count() as u64
    }

    pub(super) fn context(&self, frames: &[Frame]) -> Option<Vec<Frame>> {
        let translate = |frame: &Frame| {
            Some(Frame {
                method: self.methods.get(frame.method as usize).copied().flatten()?,
                bci: frame.bci,
            })
        };
        frames.iter().map(translate).collect()
    }

    /// Records in the left profile's numbering and order.
    pub(super) fn records(&self, section: Section, records: &[i64]) -> Option<Vec<i64>> {
        match section {
            Section::CallCounts | Section::Conditionals | Section::Samples => Some(records.to_vec()),
            Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => {
                let translate = |pair: &[i64]| {
                    let id = usize::try_from(*pair.first()?).ok()?;
                    Some([i64::from(self.types.get(id).copied().flatten()?), *pair.get(1)?])
                };
                let mut pairs: Vec<[i64; 2]> = records.chunks_exact(2).map(translate).collect::<Option<_>>()?;
                pairs.sort_unstable();
                Some(pairs.into_iter().flatten().collect())
            }
        }
    }
}
