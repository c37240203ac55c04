//! What a store says of its objects.

use bytes::Bytes;
use jiff::Timestamp;

use crate::{ObjectKey, Prefix, Sha256Digest};

/// The store's name for one state of one object: equal tags, equal bytes.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ETag(pub(crate) String);

impl ETag {
    /// As the store spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An object without its bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ObjectHead {
    /// Size.
    pub bytes: u64,
    /// State.
    pub etag: ETag,
    /// When it was written.
    pub modified: Timestamp,
    /// Checksum of the whole object, where the store keeps one.
    pub sha256: Option<Sha256Digest>,
}

/// An object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object {
    /// What the store says of it.
    pub head: ObjectHead,
    /// Its bytes.
    pub body: Bytes,
}

/// An object in a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// Its key.
    pub key: ObjectKey,
    /// Its size.
    pub bytes: u64,
    /// Its state, where the store lists it.
    pub etag: Option<ETag>,
    /// When it was written.
    pub modified: Timestamp,
}

/// How far a list goes down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Depth {
    /// Everything below the prefix.
    All,
    /// Objects directly below it, and the next parts as prefixes.
    Children,
}

/// Where the next page of a list begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PageToken(pub(crate) String);

/// One page of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Objects.
    pub objects: Vec<Summary>,
    /// With [`Depth::Children`]: the prefixes one part longer.
    pub prefixes: Vec<Prefix>,
    /// There is more.
    pub next: Option<PageToken>,
}

/// How a conditional write ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Put {
    /// The object has these bytes now.
    Written(ETag),
    /// The condition did not hold; nothing was written by this call. A call that was repeated after a fault may find here
    /// what it wrote itself the first time: read before judging.
    Conflict,
}
