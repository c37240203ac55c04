//! Keys: the private half never leaves the process that made it, but into a file or Secret of its own.

use std::fmt;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use snafu::{ResultExt, ensure};

use crate::{Error, MakeSnafu, PublicKeySnafu, Result};

/// An uncompressed point: the byte 4, then both coordinates.
const POINT_BYTES: usize = 65;
/// The same as text.
pub(crate) const HEX_DIGITS: usize = 2 * POINT_BYTES;

/// An ECDSA P-256 key.
pub struct PrivateKey(KeyPair);

impl PrivateKey {
    /// A new key.
    pub fn generate() -> Result<Self> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context(MakeSnafu { operation: "make a key" })?;
        Ok(Self(pair))
    }

    /// A key that [`Self::pem`] wrote.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let pair = KeyPair::from_pem_and_sign_algo(pem, &PKCS_ECDSA_P256_SHA256).context(MakeSnafu { operation: "read a key" })?;
        Ok(Self(pair))
    }

    /// The key as text: a secret.
    pub fn pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// The half that is told.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key_raw().to_vec())
    }

    pub(crate) const fn pair(&self) -> &KeyPair {
        &self.0
    }

    pub(crate) fn into_pair(self) -> KeyPair {
        self.0
    }
}

/// The public half, as it is sent: an uncompressed P-256 point in lower-case hex. A fixed form instead of a signing request, so that
/// whoever signs parses nothing of a stranger's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey(Vec<u8>);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        ensure!(digits && text.len() == HEX_DIGITS && text.starts_with("04"), PublicKeySnafu);
        let byte = |start: usize| u8::from_str_radix(&text[start..start + 2], 16).map_err(|_| Error::PublicKey);
        (0..HEX_DIGITS).step_by(2).map(byte).collect::<Result<_>>().map(Self)
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_key_survives_its_text() {
        let key = PrivateKey::generate().unwrap();
        let read = PrivateKey::from_pem(&key.pem()).unwrap();
        assert_eq!(read.public(), key.public());
        assert_eq!(key.public().to_string().parse::<PublicKey>().unwrap(), key.public());
    }

    #[rstest]
    #[case("")]
    #[case("04")]
    #[case(&"04".repeat(64))]
    #[case(&"05".repeat(65))]
    #[case(&"0Z".repeat(65))]
    #[case(&"04ä".repeat(33))]
    fn a_stranger_s_key_is_taken_in_one_form_only(#[case] text: &str) {
        assert!(matches!(text.parse::<PublicKey>(), Err(Error::PublicKey)));
    }
}
