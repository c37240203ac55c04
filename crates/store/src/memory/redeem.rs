//! Grants of a store in memory: URLs that the depot itself serves, with the checks that S3 makes on a presigned URL.

use std::collections::BTreeMap;

use anneal_protocol::depot::Grant;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::{Url, form_urlencoded};

use super::MemoryStore;
use crate::{GrantSpec, MAX_GRANT_LIFE, ObjectKey, Sha256Digest, signature};

/// Where the depot serves the objects of a store in memory; the key follows.
pub const OBJECTS_PATH: &str = "/v1/objects/";

/// A request whose signature is good; it is carried out by [`MemoryStore::redeem`] once its body is read.
#[derive(Debug)]
pub struct Admitted {
    key: ObjectKey,
    put: Option<Sha256Digest>,
    bytes: u64,
}

impl Admitted {
    /// Size of the body that was signed.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl MemoryStore {
    pub(super) fn sign(&self, spec: &GrantSpec) -> Grant {
        let life = spec.life().min(MAX_GRANT_LIFE).as_secs();
        let expires = self.settings.clock.now().as_second().saturating_add_unsigned(life);
        let headers = spec.headers();
        let text = signed_text(spec.method(), spec.key().as_str(), expires, &headers);
        let signature = signature::hex(&signature::mac(&self.signing_key, text.as_bytes()));
        let names = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");
        let endpoint = &self.settings.tenant_endpoint;
        let origin = format!("{}://{}", endpoint.scheme(), signature::authority(endpoint));
        let path = signature::encode(spec.key().as_str(), b"/");
        Grant {
            method: spec.method().to_owned(),
            url: format!(
                "{origin}{OBJECTS_PATH}{path}?expires={expires}&headers={}&signature={signature}",
                signature::encode(&names, b"")
            ),
            headers,
            expires_seconds: life,
            ca: None,
        }
    }

    /// Checks a request's signature before its body is read. `target` is the request's path and query.
    pub fn admit(&self, method: &Method, target: &str, headers: &HeaderMap) -> Result<Admitted, StatusCode> {
        let forbidden = StatusCode::FORBIDDEN;
        // A base only for the parser: the signature is over the path.
        let url = Url::parse("http://store")
            .and_then(|base| base.join(target))
            .map_err(|_| StatusCode::BAD_REQUEST)?;
        let query: BTreeMap<_, _> = url.query_pairs().collect();
        let field = |name: &str| query.get(name).map(AsRef::as_ref).ok_or(forbidden);
        let expires: i64 = field("expires")?.parse().map_err(|_| forbidden)?;
        let key = decode(url.path().strip_prefix(OBJECTS_PATH).ok_or(forbidden)?);
        let key: ObjectKey = key.parse().map_err(|_| forbidden)?;
        let mut signed = BTreeMap::new();
        for name in field("headers")?.split(';').filter(|name| !name.is_empty()) {
            let value = headers.get(name).and_then(|value| value.to_str().ok()).ok_or(forbidden)?;
            signed.insert(name.to_owned(), value.to_owned());
        }
        let text = signed_text(method.as_str(), key.as_str(), expires, &signed);
        let tag = unhex(field("signature")?).ok_or(forbidden)?;
        let genuine = signature::verify(&self.signing_key, text.as_bytes(), &tag);
        if !genuine || self.settings.clock.now().as_second() >= expires {
            return Err(forbidden);
        }
        if method == Method::GET {
            return Ok(Admitted { key, put: None, bytes: 0 });
        }
        let sha256 = signed
            .get("x-amz-checksum-sha256")
            .and_then(|text| Sha256Digest::from_base64(text))
            .ok_or(forbidden)?;
        let bytes = signed.get("content-length").and_then(|text| text.parse().ok()).ok_or(forbidden)?;
        Ok(Admitted {
            key,
            put: Some(sha256),
            bytes,
        })
    }

    /// Carries out an admitted request.
    pub fn redeem(&self, admitted: &Admitted, body: Bytes) -> (StatusCode, Bytes) {
        let mut objects = self.objects();
        let Some(sha256) = admitted.put else {
            return objects.get(&admitted.key).map_or((StatusCode::NOT_FOUND, Bytes::new()), |stored| {
                (StatusCode::OK, stored.body.clone())
            });
        };
        let stored = self.stored(body);
        if stored.body.len() as u64 != admitted.bytes {
            return (StatusCode::FORBIDDEN, Bytes::new());
        }
        if stored.sha256 != sha256 {
            return (StatusCode::BAD_REQUEST, Bytes::new());
        }
        if objects.contains_key(&admitted.key) {
            return (StatusCode::PRECONDITION_FAILED, Bytes::new());
        }
        objects.insert(admitted.key.clone(), stored);
        (StatusCode::OK, Bytes::new())
    }
}

fn signed_text(method: &str, key: &str, expires: i64, headers: &BTreeMap<String, String>) -> String {
    let lines = signature::header_lines(headers);
    format!("{method}\n{key}\n{expires}\n{lines}")
}

/// Percent-decodes a path: `+` stays itself there, unlike in a query.
fn decode(path: &str) -> String {
    let path = path.replace('+', "%2B");
    form_urlencoded::parse(format!("path={path}").as_bytes())
        .map(|(_, value)| value.into_owned())
        .next()
        .unwrap_or_default()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}
