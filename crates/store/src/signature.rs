//! Presigned S3 requests (AWS signature version 4 in the query).
//!
//! `object_store` signs URLs too, but refuses to sign `content-length`; without it a grant would not bound what is sent.

use std::{collections::BTreeMap, time::Duration};

use hmac::{Hmac, Mac};
use jiff::{Timestamp, tz::TimeZone};
use sha2::{Digest, Sha256};
use url::Url;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Who signs, and for which region.
pub(crate) struct Signer<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret_key: &'a str,
    pub(crate) session_token: Option<&'a str>,
    pub(crate) region: &'a str,
}

/// The request that is signed.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Scheme, host and port.
    pub(crate) endpoint: &'a Url,
    /// Unencoded, with `/` in front.
    pub(crate) path: &'a str,
    /// Lower-case names; `host` is added.
    pub(crate) headers: &'a BTreeMap<String, String>,
    pub(crate) at: Timestamp,
    pub(crate) life: Duration,
}

impl Signer<'_> {
    /// The URL with the signature in it.
    pub(crate) fn presign(&self, request: &Request<'_>) -> String {
        let time = request.at.to_zoned(TimeZone::UTC);
        let (stamp, date) = (time.strftime("%Y%m%dT%H%M%SZ").to_string(), time.strftime("%Y%m%d").to_string());
        let scope = format!("{date}/{}/s3/aws4_request", self.region);
        let mut headers = request.headers.clone();
        headers.insert("host".to_owned(), authority(request.endpoint));
        let signed = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");

        let mut query = BTreeMap::from([
            ("X-Amz-Algorithm", ALGORITHM.to_owned()),
            ("X-Amz-Credential", format!("{}/{scope}", self.access_key)),
            ("X-Amz-Date", stamp.clone()),
            ("X-Amz-Expires", request.life.as_secs().to_string()),
            ("X-Amz-SignedHeaders", signed.clone()),
        ]);
        if let Some(token) = self.session_token {
            query.insert("X-Amz-Security-Token", token.to_owned());
        }
        let query = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value, b"")))
            .collect::<Vec<_>>()
            .join("&");
        let path = encode(request.path, b"/");

        let lines = header_lines(&headers);
        let canonical = format!("{}\n{path}\n{query}\n{lines}\n{signed}\nUNSIGNED-PAYLOAD", request.method);
        let text = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
        let signature = hex(&mac(&self.key(&date), text.as_bytes()));
        let origin = format!("{}://{}", request.endpoint.scheme(), authority(request.endpoint));
        format!("{origin}{path}?{query}&X-Amz-Signature={signature}")
    }

    fn key(&self, date: &str) -> [u8; 32] {
        let key = mac(format!("AWS4{}", self.secret_key).as_bytes(), date.as_bytes());
        let key = mac(&key, self.region.as_bytes());
        let key = mac(&key, b"s3");
        mac(&key, b"aws4_request")
    }
}

/// One line for each header, as it enters a signature.
pub(crate) fn header_lines(headers: &BTreeMap<String, String>) -> String {
    let line = |(name, value): (&String, &String)| format!("{name}:{}\n", value.trim());
    headers.iter().map(line).collect::<Vec<_>>().concat()
}

/// HMAC-SHA256.
pub(crate) fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Whether this is the HMAC-SHA256 of the text, in constant time.
pub(crate) fn verify(key: &[u8], text: &[u8], tag: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.verify_slice(tag).is_ok()
}

/// Host and, where it is not the scheme's own, port: what a client sends as `host`.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Percent-encodes all but RFC 3986's unreserved characters and those in `keep`.
pub(crate) fn encode(text: &str, keep: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(HEX[usize::from(digit)].to_ascii_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of AWS's own documentation of query authentication.
    #[test]
    fn signs_like_the_published_example() {
        let signer = Signer {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            session_token: None,
            region: "us-east-1",
        };
        let url = signer.presign(&Request {
            method: "GET",
            endpoint: &"https://examplebucket.s3.amazonaws.com".parse().unwrap(),
            path: "/test.txt",
            headers: &BTreeMap::new(),
            at: "2013-05-24T00:00:00Z".parse().unwrap(),
            life: Duration::from_hours(24),
        });
        let expected = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
            &X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
            &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(url, expected);
    }

    #[test]
    fn leaves_the_default_port_out_of_the_host() {
        assert_eq!(authority(&"https://store.example:443".parse().unwrap()), "store.example");
        assert_eq!(authority(&"http://[::1]:9000".parse().unwrap()), "[::1]:9000");
    }
}
