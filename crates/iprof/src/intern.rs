//! Owns identity across files: types by name, methods by declaring type, name, return type and parameter types.

use std::collections::HashMap;

use crate::index::{Hashing, Index, NONE, narrow};

/// Every type and method that a merge has met. An id is the position of the first meeting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    text: String,
    /// Where each type's name stands in the text.
    types: Vec<(u32, u32)>,
    methods: Vec<MethodName>,
    signatures: Vec<u32>,
    type_index: Index,
    method_index: Index,
}

#[derive(Clone, Copy, Debug)]
struct MethodName {
    name: (u32, u32),
    signature: (u32, u32),
}

impl Names {
    pub(crate) fn types_len(&self) -> usize {
        self.types.len()
    }

    pub(crate) fn methods_len(&self) -> usize {
        self.methods.len()
    }

    pub(crate) fn type_name(&self, id: u32) -> &str {
        let (start, end) = self.types[id as usize];
        &self.text[start as usize..end as usize]
    }

    pub(crate) fn method(&self, id: u32) -> (&str, &[u32]) {
        let MethodName { name, signature } = self.methods[id as usize];
        (
            &self.text[name.0 as usize..name.1 as usize],
            &self.signatures[signature.0 as usize..signature.1 as usize],
        )
    }

    /// `guesses` are ids that the type probably has: files of one image list the same types under the same ids.
    pub(crate) fn intern_type(&mut self, name: &str, guesses: [u32; 2], hashing: &Hashing) -> u32 {
        for guess in guesses {
            if (guess as usize) < self.types.len() && self.type_name(guess) == name {
                return guess;
            }
        }
        let hash = hashing.value(name);
        if let Some(id) = self.type_index.find(hash, |id| self.type_name(id) == name) {
            return id;
        }
        let id = narrow(self.types.len());
        let name = self.store(name);
        self.types.push(name);
        self.type_index.insert(hash, id);
        id
    }

    /// As [`Self::intern_type`], for a method whose signature is in this numbering.
    pub(crate) fn intern_method(&mut self, name: &str, signature: &[u32], guesses: [u32; 2], hashing: &Hashing) -> u32 {
        for guess in guesses {
            if (guess as usize) < self.methods.len() && self.method(guess) == (name, signature) {
                return guess;
            }
        }
        let hash = hashing.value(&(name, signature));
        if let Some(id) = self.method_index.find(hash, |id| self.method(id) == (name, signature)) {
            return id;
        }
        let id = narrow(self.methods.len());
        let start = narrow(self.signatures.len());
        self.signatures.extend_from_slice(signature);
        let name = self.store(name);
        self.methods.push(MethodName {
            name,
            signature: (start, narrow(self.signatures.len())),
        });
        self.method_index.insert(hash, id);
        id
    }

    fn store(&mut self, name: &str) -> (u32, u32) {
        let start = self.text.len();
        self.text.push_str(name);
        (narrow(start), narrow(self.text.len()))
    }

    /// Bytes of all names.
    pub(crate) fn text_len(&self) -> usize {
        self.text.len()
    }
}

/// From the ids of one file to those of the merge.
#[derive(Clone, Debug)]
pub(crate) enum Remap {
    /// Indexed by the file's id.
    Dense(Vec<u32>),
    /// For files whose largest id is far above their number of ids.
    Sparse(HashMap<u32, u32>),
}

impl Default for Remap {
    fn default() -> Self {
        Self::Dense(Vec::new())
    }
}

impl Remap {
    pub(crate) fn new(count: usize, largest: u32) -> Self {
        if largest as usize <= count.saturating_mul(8) {
            Self::Dense(vec![NONE; largest as usize + 1])
        } else {
            Self::Sparse(HashMap::with_capacity(count))
        }
    }

    pub(crate) fn set(&mut self, from: u32, to: u32) {
        match self {
            Self::Dense(ids) => ids[from as usize] = to,
            Self::Sparse(ids) => {
                ids.insert(from, to);
            }
        }
    }

    /// The reader has checked that the id is declared.
    #[inline]
    pub(crate) fn of(&self, from: u32) -> u32 {
        match self {
            Self::Dense(ids) => ids[from as usize],
            Self::Sparse(ids) => ids[&from],
        }
    }

    /// What another file's id was here.
    #[inline]
    pub(crate) fn guess(&self, from: u32) -> u32 {
        match self {
            Self::Dense(ids) => ids.get(from as usize).copied().unwrap_or(NONE),
            Self::Sparse(ids) => ids.get(&from).copied().unwrap_or(NONE),
        }
    }
}
