//! Owns identity across files: types by name, methods by declaring type, name, return type and parameter types.

use std::collections::HashMap;

use indexmap::IndexSet;

use crate::model::Method;

/// Every type and method that a merge has met. An id is the position of the first meeting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) types: IndexSet<Box<str>>,
    pub(crate) methods: IndexSet<Method>,
}

impl Names {
    /// `expected` is the position after the type met before: files of one image list the same types in the same order.
    pub(crate) fn intern_type(&mut self, name: &str, expected: usize) -> usize {
        if self.types.get_index(expected).is_some_and(|known| **known == *name) {
            return expected;
        }
        match self.types.get_index_of(name) {
            Some(index) => index,
            None => self.types.insert_full(name.into()).0,
        }
    }

    /// As [`Self::intern_type`], for a method whose signature is in this numbering.
    pub(crate) fn intern_method(&mut self, name: &str, signature: &[u32], expected: usize) -> usize {
        let same = |known: &Method| *known.name == *name && *known.signature == *signature;
        if self.methods.get_index(expected).is_some_and(same) {
            return expected;
        }
        self.methods
            .insert_full(Method {
                name: name.into(),
                signature: signature.into(),
            })
            .0
    }
}

/// From the ids of one file to those of the merge.
pub(crate) enum Remap {
    /// Indexed by the file's id.
    Dense(Vec<u32>),
    /// For files whose largest id is far above their number of ids.
    Sparse(HashMap<u32, u32>),
}

impl Remap {
    pub(crate) fn new(count: usize, largest: u32) -> Self {
        if largest as usize <= count.saturating_mul(8) {
            Self::Dense(vec![0; largest as usize + 1])
        } else {
            Self::Sparse(HashMap::with_capacity(count))
        }
    }

    pub(crate) fn set(&mut self, from: u32, to: usize) {
        let to = u32::try_from(to).unwrap_or(u32::MAX);
        match self {
            Self::Dense(ids) => ids[from as usize] = to,
            Self::Sparse(ids) => {
                ids.insert(from, to);
            }
        }
    }

    #[inline]
    pub(crate) fn of(&self, from: u32) -> u32 {
        match self {
            Self::Dense(ids) => ids[from as usize],
            Self::Sparse(ids) => ids[&from],
        }
    }
}
