//! Headers: what is taken off a request and an answer, and what is put on. Pure.

use std::{
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{self, Entry},
    uri::PathAndQuery,
};
use hyper::body::SizeHint;
use snafu::{OptionExt, Snafu};

pub(crate) const STAGE: HeaderName = HeaderName::from_static("x-anneal-stage");
pub(crate) const BUILD: HeaderName = HeaderName::from_static("x-anneal-build");
pub(crate) const RETRIES: HeaderName = HeaderName::from_static("x-anneal-retries");
pub(crate) const REASON: HeaderName = HeaderName::from_static("x-anneal-reason");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// Headers that are about one connection (RFC 9110, 7.6.1) or that this gateway answers for; never passed on.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Why a request is not understood.
#[derive(Debug, Eq, PartialEq, Snafu)]
pub(crate) enum Error {
    #[snafu(display("The request has no Host header.\n"))]
    NoHost,
    #[snafu(display("The request has more than one Host header, or one that is not a host.\n"))]
    AmbiguousHost,
    #[snafu(display("The request's method or target cannot be passed on.\n"))]
    Target,
    #[snafu(display("The request says its length in two ways.\n"))]
    Length,
}

/// Where a request came from, as this connection shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) peer: IpAddr,
    /// It is a proxy of the operator's.
    pub(crate) trusted: bool,
}

/// The one host that a request names.
pub(crate) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, Error> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = hosts.next();
    if hosts.next().is_some() {
        return AmbiguousHostSnafu.fail();
    }
    let named = named.map(|host| host.to_str().ok().context(AmbiguousHostSnafu)).transpose()?;
    // An absolute target (and HTTP/2's :authority) outranks the header (RFC 9112, 3.2.2).
    uri.authority().map(http::uri::Authority::as_str).or(named).context(NoHostSnafu)
}

/// Refuses what could be read in two ways. Hyper has refused most of it before.
pub(crate) fn check(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Error> {
    let in_origin_form = uri.path().starts_with('/') || (method == Method::OPTIONS && uri.path() == "*");
    if method == Method::CONNECT || !in_origin_form {
        return TargetSnafu.fail();
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.next().is_some() || (length.is_some() && headers.contains_key(header::TRANSFER_ENCODING)) {
        return LengthSnafu.fail();
    }
    Ok(())
}

/// The target in origin form without the part that named the function.
pub(crate) fn target(uri: &Uri, prefix: usize) -> Result<Uri, Error> {
    let whole = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = whole.get(prefix..).unwrap_or_default();
    let rest = match rest.as_bytes().first() {
        Some(b'/' | b'*') => rest.to_owned(),
        _ => format!("/{rest}"),
    };
    PathAndQuery::from_maybe_shared(bytes::Bytes::from(rest))
        .map(Uri::from)
        .ok()
        .context(TargetSnafu)
}

/// Turns a client's headers into those that the executor gets. Returns the request's id.
pub(crate) fn prepare(
    headers: &mut HeaderMap,
    host: &str,
    prefix: &str,
    origin: Origin,
    fresh_id: impl FnOnce() -> HeaderValue,
) -> HeaderValue {
    strip_hop_by_hop(headers);
    remove_where(headers, |name| {
        name.starts_with("x-anneal-") || (!origin.trusted && name.starts_with("x-forwarded-"))
    });
    // We answer `100 Continue` ourselves, when the body is asked for.
    headers.remove(header::EXPECT);
    headers.remove(header::FORWARDED);
    join_cookies(headers);
    let host = HeaderValue::from_str(host).unwrap_or_else(|_| HeaderValue::from_static(""));
    let peer = origin.peer.to_canonical().to_string();
    let chain = match headers.get(&FORWARDED_FOR).and_then(|chain| chain.to_str().ok()) {
        Some(chain) => format!("{chain}, {peer}"),
        None => peer,
    };
    if let Ok(chain) = HeaderValue::from_str(&chain) {
        headers.insert(FORWARDED_FOR, chain);
    }
    for (name, value) in [(FORWARDED_HOST, host.clone()), (FORWARDED_PROTO, HeaderValue::from_static("http"))] {
        if let Entry::Vacant(vacant) = headers.entry(name) {
            vacant.insert(value);
        }
    }
    if !prefix.is_empty()
        && let Ok(prefix) = HeaderValue::from_str(prefix)
    {
        headers.insert(FORWARDED_PREFIX, prefix);
    }
    headers.insert(header::HOST, host);
    let id = headers.get(&REQUEST_ID).filter(|id| is_id(id)).cloned().unwrap_or_else(fresh_id);
    headers.insert(REQUEST_ID, id.clone());
    id
}

/// Says how a body is framed. Without a word hyper would drop the body of a GET whose length is not known.
pub(crate) fn frame(headers: &mut HeaderMap, size: &SizeHint) {
    if size.exact().is_none() {
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}

/// Takes off an answer what is about the executor's connection or only the gateway may say.
pub(crate) fn strip_answer(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
    for name in [STAGE, BUILD, RETRIES, REASON] {
        headers.remove(name);
    }
}

/// The client allows the request to reach executors more than once.
pub(crate) fn may_be_repeated(headers: &HeaderMap) -> bool {
    headers.contains_key(&IDEMPOTENCY_KEY)
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // What frames the message is never a client's to remove.
        .filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH)
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

fn remove_where(headers: &mut HeaderMap, unwanted: impl Fn(&str) -> bool) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| unwanted(name.as_str())).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// HTTP/2 may send cookies apart; HTTP/1.1 may not (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(header::COOKIE, cookie);
    }
}

fn is_id(id: &HeaderValue) -> bool {
    (1..=128).contains(&id.len())
        && id
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A network in CIDR form; a bare address is a network of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    /// IPv4 in its mapped form, so that one comparison serves both.
    address: u128,
    mask: u128,
}

/// Not a network.
#[derive(Debug, Snafu)]
#[snafu(display("{text:?} is not a network like 10.0.0.0/8 or fd00::/8"))]
pub struct NotANetwork {
    text: String,
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, length) = text
            .split_once('/')
            .map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok().context(NotANetworkSnafu { text })?;
        let (bits, offset) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length: u32 = length
            .map_or(Some(bits), |length| length.parse().ok())
            .filter(|length| *length <= bits)
            .context(NotANetworkSnafu { text })?;
        let mask = u128::MAX.checked_shl(128 - (length + offset)).unwrap_or(0);
        Ok(Self {
            address: mapped(address) & mask,
            mask,
        })
    }
}

impl Network {
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        mapped(address) & self.mask == self.address
    }
}

fn mapped(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

#[cfg(test)]
mod tests;
