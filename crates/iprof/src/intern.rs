//! Owns identity across files: types by name, methods by declaring type, name, return type and parameter types.

use std::collections::HashMap;

use crate::index::{Hashing, Index, NONE, narrow};
use crate::places::TOGETHER;

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

    /// The first of these ids that the method has. The signature is in this numbering.
    pub(crate) fn guess_method(&self, method: (&str, &[u32]), guesses: [u32; 2]) -> Option<u32> {
        let is_it = |guess: &u32| (*guess as usize) < self.methods.len() && self.method(*guess) == method;
        guesses.into_iter().find(is_it)
    }

    /// Finds or makes the ids of a group. Each step is taken for all before the next: memory is slow for one look-up and quick
    /// for many.
    pub(crate) fn intern_methods(&mut self, group: &mut MethodGroup<'_>, hashing: &Hashing) {
        let mut looked_up = [(0, NONE); TOGETHER];
        let looked_up = &mut looked_up[..group.names.len()];
        for (index, (hash, _)) in looked_up.iter_mut().enumerate() {
            *hash = hashing.value(&group.get(index));
        }
        for (hash, candidate) in looked_up.iter_mut() {
            *candidate = self.method_index.candidate(*hash);
        }
        let mut touched = 0;
        for (_, candidate) in looked_up.iter() {
            let Some(method) = self.methods.get(*candidate as usize) else {
                continue;
            };
            let letter = self.text.as_bytes().get(method.name.0 as usize).copied().unwrap_or_default();
            touched ^= u32::from(letter) ^ self.signatures.get(method.signature.0 as usize).copied().unwrap_or_default();
        }
        std::hint::black_box(touched);
        for (index, (hash, candidate)) in looked_up.iter().enumerate() {
            let method = group.get(index);
            let global = match self.guess_method(method, [*candidate, NONE]) {
                Some(global) => global,
                None => self.intern_method(method, *hash),
            };
            group.found.push(global);
        }
    }

    fn intern_method(&mut self, (name, signature): (&str, &[u32]), hash: u32) -> u32 {
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

/// Methods that are looked up together, at most [`TOGETHER`], with signatures in the merge's numbering.
#[derive(Default)]
pub(crate) struct MethodGroup<'a> {
    names: Vec<&'a str>,
    signatures: Vec<u32>,
    ends: Vec<usize>,
    /// Their ids.
    pub(crate) found: Vec<u32>,
}

impl<'a> MethodGroup<'a> {
    pub(crate) fn clear(&mut self) {
        self.names.clear();
        self.signatures.clear();
        self.ends.clear();
        self.found.clear();
    }

    pub(crate) fn push(&mut self, name: &'a str, signature: impl Iterator<Item = u32>) {
        self.names.push(name);
        self.signatures.extend(signature);
        self.ends.push(self.signatures.len());
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> (&'a str, &[u32]) {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        (self.names[index], &self.signatures[start..self.ends[index]])
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
