//! What a grant allows.

use std::{collections::BTreeMap, time::Duration};

use snafu::ensure;

use crate::{
    ObjectKey, Sha256Digest,
    error::{RefuseGrantSnafu, Result},
};

/// The longest life of a grant.
pub const MAX_GRANT_LIFE: Duration = Duration::from_mins(5);

/// The one request that a grant allows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GrantSpec {
    /// Read the object.
    Get {
        /// Which.
        key: ObjectKey,
        /// How long.
        life: Duration,
    },
    /// Create the object with exactly these bytes.
    Put {
        /// Which.
        key: ObjectKey,
        /// Size.
        bytes: u64,
        /// Digest.
        sha256: Sha256Digest,
        /// How long.
        life: Duration,
    },
}

impl GrantSpec {
    /// The object.
    pub const fn key(&self) -> &ObjectKey {
        match self {
            Self::Get { key, .. } | Self::Put { key, .. } => key,
        }
    }

    /// How long it is good.
    pub const fn life(&self) -> Duration {
        match self {
            Self::Get { life, .. } | Self::Put { life, .. } => *life,
        }
    }

    /// The request's method.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Get { .. } => "GET",
            Self::Put { .. } => "PUT",
        }
    }

    /// The headers that are part of the signature and must be sent as they are.
    pub fn headers(&self) -> BTreeMap<String, String> {
        match self {
            Self::Get { .. } => BTreeMap::new(),
            Self::Put { bytes, sha256, .. } => BTreeMap::from([
                ("content-length".to_owned(), bytes.to_string()),
                ("if-none-match".to_owned(), "*".to_owned()),
                ("x-amz-checksum-sha256".to_owned(), sha256.to_base64()),
            ]),
        }
    }

    /// Refuses a life that no grant may have.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            (Duration::from_secs(1)..=MAX_GRANT_LIFE).contains(&self.life()),
            RefuseGrantSnafu {
                reason: "its life is not between one second and five minutes"
            }
        );
        Ok(())
    }
}
