//! Owns the final form: the profile that the image builder reads, in canonical order.

use std::fmt;
use std::io::{self, Read, Write};

use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use snafu::ResultExt as _;

use crate::canonical::{self, Canonical, Entry};
use crate::error::{Result, WriteOutputSnafu};
use crate::form::{Section, Version};
use crate::intermediate::{ConflictPolicy, Intermediate};
use crate::limits::Limits;
use crate::model::{Method, add, counts};

/// A merged profile without conflicts. Ids are positions in [`Profile::types`] and [`Profile::methods`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profile(Canonical);

/// The sha256 of a profile's canonical, uncompressed bytes: the merge's identity. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(write: impl FnOnce(&mut Hash) -> Result<()>) -> Result<Self> {
        let mut hash = Hash(Sha256::new());
        write(&mut hash)?;
        Ok(Self(hash.0.finalize().into()))
    }

    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl Profile {
    pub(crate) fn new(canonical: Canonical) -> Self {
        Self(canonical)
    }

    /// Reads one profile, plain or gzip.
    pub fn read(input: impl Read, limits: &Limits, policy: ConflictPolicy) -> Result<Self> {
        let mut merge = Intermediate::new();
        merge.fold(input, limits)?;
        Ok(merge.to_final(policy))
    }

    /// The version that is written.
    pub fn version(&self) -> Version {
        self.0.version.unwrap_or(Version::V1_1)
    }

    /// Type names: primitives first, then by name.
    pub fn types(&self) -> &[Box<str>] {
        &self.0.types
    }

    /// Methods, ordered by the names of their identity.
    pub fn methods(&self) -> &[Method] {
        &self.0.methods
    }

    /// A section's entries, ordered by context.
    pub fn entries(&self, section: Section) -> &[Entry] {
        &self.0.sections[section.index()]
    }

    /// Sum of call, branch, virtual and instanceof counts; saturates at `i64::MAX`.
    pub fn event_mass(&self) -> u64 {
        let sections = Section::ALL.into_iter().filter(|section| section.has_events());
        sections.fold(0, |mass, section| {
            self.entries(section)
                .iter()
                .fold(mass, |mass, entry| counts(section, &entry.records).fold(mass, add))
        })
    }

    /// Writes the canonical bytes.
    pub fn write_canonical(&self, output: impl Write) -> Result<()> {
        canonical::write(&self.0, output, false)
    }

    /// Writes the canonical bytes as gzip. One build of this crate writes equal bytes for equal profiles; another may not,
    /// so identity is [`Self::digest`].
    pub fn write_gzip(&self, output: impl Write) -> Result<()> {
        let mut packer = GzBuilder::new().mtime(0).write(output, Compression::default());
        self.write_canonical(&mut packer)?;
        packer.finish().context(WriteOutputSnafu)?;
        Ok(())
    }

    /// The digest of the canonical bytes.
    pub fn digest(&self) -> Result<Digest> {
        Digest::of(|output| self.write_canonical(output))
    }

    /// Drops the types and methods that no entry refers to.
    pub fn prune(&mut self) {
        let mut methods = vec![false; self.0.methods.len()];
        let mut types = vec![false; self.0.types.len()];
        for section in Section::ALL {
            for entry in self.entries(section) {
                for frame in &entry.context {
                    methods[frame.method as usize] = true;
                }
                for id in type_ids(section, &entry.records) {
                    types[id] = true;
                }
            }
        }
        for (method, _) in self.0.methods.iter().zip(&methods).filter(|(_, used)| **used) {
            for id in &method.signature {
                types[*id as usize] = true;
            }
        }
        self.keep(&methods, &types);
    }

    fn keep(&mut self, methods: &[bool], types: &[bool]) {
        // Ranks of survivors rise with their old ids, so the canonical order holds.
        let (method_ranks, type_ranks) = (survivors(methods), survivors(types));
        let mut used = methods.iter();
        self.0.methods.retain(|_| used.next().is_some_and(|used| *used));
        let mut used = types.iter();
        self.0.types.retain(|_| used.next().is_some_and(|used| *used));
        for id in self.0.methods.iter_mut().flat_map(|method| &mut method.signature) {
            *id = type_ranks[*id as usize];
        }
        for (section, entries) in Section::ALL.into_iter().zip(&mut self.0.sections) {
            for entry in entries {
                for frame in &mut entry.context {
                    frame.method = method_ranks[frame.method as usize];
                }
                if has_types(section) {
                    for id in entry.records.iter_mut().step_by(2) {
                        *id = usize::try_from(*id).map_or(*id, |old| i64::from(type_ranks[old]));
                    }
                }
            }
        }
    }
}

fn has_types(section: Section) -> bool {
    matches!(section, Section::InstanceOf | Section::Monitors | Section::VirtualInvokes)
}

fn type_ids(section: Section, records: &[i64]) -> impl Iterator<Item = usize> {
    let records = if has_types(section) { records } else { &[] };
    records.iter().step_by(2).filter_map(|id| usize::try_from(*id).ok())
}

/// For each old id the number of survivors before it.
fn survivors(used: &[bool]) -> Vec<u32> {
    let mut next = 0;
    used.iter()
        .map(|used| {
            let rank = next;
            next += u32::from(*used);
            rank
        })
        .collect()
}

pub(crate) struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
