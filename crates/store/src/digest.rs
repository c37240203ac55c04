//! Sha256 digests in the spellings that the wire and the store use.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use snafu::Snafu;

/// A sha256 digest; shown as 64 lower-case hex digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Sha256Digest([u8; 32]);

/// The text is not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Snafu)]
#[snafu(display("a sha256 digest is 64 lower-case hex digits"))]
pub struct ParseDigestError;

impl Sha256Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// As S3's checksum headers spell it.
    pub fn to_base64(self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// Reads S3's spelling; a checksum of parts (`…-3`) is none of the whole object.
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Sha256Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.as_bytes();
        if text.len() != 64 {
            return Err(ParseDigestError);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, ParseDigestError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(ParseDigestError),
    }
}

/// Hashes bytes that come piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Hasher {
    state: Sha256,
    bytes: u64,
}

impl Hasher {
    /// The next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.state.update(piece);
        self.bytes += piece.len() as u64;
    }

    /// How many bytes there were, and their digest.
    pub fn finish(self) -> (u64, Sha256Digest) {
        (self.bytes, Sha256Digest(self.state.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_shows() {
        let digest = Sha256Digest::of(b"anneal");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(Sha256Digest::from_base64(&digest.to_base64()), Some(digest));
    }

    #[test]
    fn refuses_other_spellings() {
        let upper = Sha256Digest::of(b"").to_string().to_uppercase();
        assert_eq!(upper.parse::<Sha256Digest>(), Err(ParseDigestError));
        assert_eq!("ab".parse::<Sha256Digest>(), Err(ParseDigestError));
        assert_eq!(Sha256Digest::from_base64("AAAA-3"), None);
    }

    #[test]
    fn hashes_pieces_like_the_whole() {
        let mut hasher = Hasher::default();
        hasher.update(b"ann");
        hasher.update(b"eal");
        assert_eq!(hasher.finish(), (6, Sha256Digest::of(b"anneal")));
    }
}
