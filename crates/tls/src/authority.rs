//! One authority: it signs certificates of servers, for a day each.

use std::fmt;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose, date_time_ymd,
};
use serde::{Deserialize, Serialize};
use snafu::ResultExt;

use crate::{Certificate, MakeSnafu, PrivateKey, PublicKey, Result};

/// Life of an authority: a year.
pub const AUTHORITY_SECONDS: i64 = 365 * DAY;
/// Life of a certificate.
pub const LEAF_SECONDS: i64 = DAY;
/// A certificate is replaced after so long: a third of its life is left for whoever signs to come back.
pub const RENEW_SECONDS: i64 = LEAF_SECONDS / 3 * 2;
/// Certificates are good from a little before they were made: the clocks of two nodes differ.
const SKEW_SECONDS: i64 = 3600;

pub(crate) const DAY: i64 = 86_400;

/// An authority with its key.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Authority {
    name: String,
    certificate: String,
    key: String,
    /// Seconds since the epoch from which it signs: readers know it by then.
    pub(crate) signs_from: i64,
    /// Seconds since the epoch after which nobody believes it.
    pub(crate) ends: i64,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, signs_from, ends, ..
        } = self;
        f.debug_struct("Authority")
            .field("name", name)
            .field("signs_from", signs_from)
            .field("ends", ends)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// A new authority that signs from a time on.
    pub fn mint(now: i64, signs_from: i64) -> Result<Self> {
        let key = PrivateKey::generate()?;
        // Each has a name of its own, so that who meets two need not try both.
        let digits = key.public().to_string();
        let name = format!("anneal {}", &digits[2..18]);
        let ends = now + AUTHORITY_SECONDS;
        let mut params = named(&name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        (params.not_before, params.not_after) = (time!(now - SKEW_SECONDS), time!(ends));
        let certificate = params.self_signed(key.pair()).context(MakeSnafu {
            operation: "make an authority",
        })?;
        Ok(Self {
            name,
            certificate: certificate.pem(),
            key: key.pem(),
            signs_from,
            ends,
        })
    }

    /// Tells authorities apart.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The certificate as PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate with a new key for a server of these names.
    pub fn issue(&self, names: &[String], now: i64) -> Result<Certificate> {
        let key = PrivateKey::generate()?;
        let chain = self.sign(&key.public(), names, now)?;
        Certificate::new(&key, &chain)
    }

    /// A certificate, as PEM, for whoever has this key.
    pub fn sign(&self, key: &PublicKey, names: &[String], now: i64) -> Result<String> {
        let signer = Issuer::new(named(&self.name), PrivateKey::from_pem(&self.key)?.into_pair());
        let mut params = CertificateParams::new(names).context(MakeSnafu {
            operation: "put names into a certificate",
        })?;
        params.distinguished_name = named("anneal server").distinguished_name;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = (time!(now - SKEW_SECONDS), time!((now + LEAF_SECONDS).min(self.ends)));
        let certificate = params.signed_by(key, &signer).context(MakeSnafu {
            operation: "sign a certificate",
        })?;
        Ok(certificate.pem())
    }
}

/// An authority's own name, and what it may do.
fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The form in which certificates hold a time.
macro_rules! time {
    ($seconds:expr) => {
        date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(u64::try_from($seconds).unwrap_or_default())
    };
}
use time;
