//! The authorities that are believed at a time, and how one takes over from the other. Pure: the caller keeps them and has the time.

use serde::{Deserialize, Serialize};
use snafu::{ResultExt, ensure};

use crate::{
    Authority, LEAF_SECONDS, NoAuthoritySnafu, ParseSnafu, Result,
    authority::{AUTHORITY_SECONDS, DAY},
};

/// The next authority is made so long before the last one ends.
pub const SUCCESSION_SECONDS: i64 = 60 * DAY;
/// It signs so much later: everyone has read it by then. Pods see a changed ConfigMap within minutes.
pub const OVERLAP_SECONDS: i64 = DAY;
/// The one before it is believed for so much longer: no certificate of it is good after a day.
pub const RETIRE_SECONDS: i64 = LEAF_SECONDS + DAY;

const _: () = assert!(OVERLAP_SECONDS + RETIRE_SECONDS < SUCCESSION_SECONDS && SUCCESSION_SECONDS < AUTHORITY_SECONDS);

/// The authorities that are believed, oldest first; never none.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Authorities(Vec<Authority>);

impl Authorities {
    /// The first authority of a cluster: it signs at once.
    pub fn mint(now: i64) -> Result<Self> {
        Ok(Self(vec![Authority::mint(now, now)?]))
    }

    /// Reads what [`Self::store`] wrote.
    pub fn read(text: &[u8]) -> Result<Self> {
        let read: Self = serde_json::from_slice(text).context(ParseSnafu)?;
        ensure!(!read.0.is_empty(), NoAuthoritySnafu);
        Ok(read)
    }

    /// Certificates and keys as text: a secret.
    pub fn store(&self) -> Result<String> {
        serde_json::to_string(self).context(ParseSnafu)
    }

    /// The certificates as PEM: what clients trust.
    pub fn bundle(&self) -> String {
        self.0.iter().map(Authority::certificate).collect()
    }

    /// Who signs: the newest whose time has come.
    pub fn signer(&self, now: i64) -> &Authority {
        let come = self.0.iter().rev().find(|authority| authority.signs_from <= now);
        come.unwrap_or(&self.0[0])
    }

    /// What they are to be by now; nothing when they are that already.
    pub fn turned(&self, now: i64) -> Result<Option<Self>> {
        let mut turned = self.clone();
        if let Some(last) = self.0.last().filter(|last| last.ends - now < SUCCESSION_SECONDS) {
            // One that was left alone for too long can only be replaced at once.
            let signs_from = (now + OVERLAP_SECONDS).min(last.ends).max(now);
            turned.0.push(Authority::mint(now, signs_from)?);
        }
        let newest_settled = turned.0.iter().rposition(|authority| authority.signs_from + RETIRE_SECONDS <= now);
        turned.0.drain(..newest_settled.unwrap_or_default());
        Ok((turned != *self).then_some(turned))
    }
}

#[cfg(test)]
mod tests;
