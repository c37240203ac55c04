//! The object store behind the depot.
//!
//! [`ObjectStore`] is what the depot needs of a store and no more: reads with a bound, paged lists, deletes, conditional
//! writes, and grants that let a pod move one object without a credential. Adapters: [`S3Store`] and [`MemoryStore`]; one
//! conformance suite runs against both. [`check_store`] tells at start whether a store keeps its promises. Knows nothing
//! of functions, builds or profiles.

mod clock;
mod conformity;
mod digest;
mod error;
mod grant;
mod key;
mod memory;
mod object;
mod s3;
mod signature;
mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use clock::Clock;
pub use conformity::{Breach, check_store};
pub use digest::{Hasher, ParseDigestError, Sha256Digest};
pub use error::{Error, Result};
pub use grant::{GrantSpec, MAX_GRANT_LIFE};
pub use key::{InvalidKey, ObjectKey, Prefix};
pub use memory::{Admitted, MemorySettings, MemoryStore, OBJECTS_PATH};
pub use object::{Depth, ETag, Object, ObjectHead, Page, PageToken, Put, Summary};
pub use s3::{Credentials, S3Settings, S3Store};
pub use store::ObjectStore;
