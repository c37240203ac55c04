//! Which function a request is for, from its host or, on the gateway's own hosts, from its path. Pure.

use std::{borrow::Cow, collections::HashSet, net::IpAddr};

/// The names under which functions and the gateway itself are reached.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    cluster_domain: String,
    /// What may follow `NAME.NAMESPACE`, with the leading dot; the empty one is implied.
    suffixes: Vec<String>,
    by_path: HashSet<String>,
}

/// The function of a request.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Destination<'a> {
    /// `NAME.NAMESPACE`, the routes' key.
    pub(crate) key: Cow<'a, str>,
    /// Bytes of the path that named the function and are not passed on.
    pub(crate) prefix: usize,
}

/// Why no function could be found in a request.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Misdirected {
    /// The host is not one of ours: 421.
    Host(String),
    /// The host is the gateway's own and the path names no function: 404.
    Path,
}

impl Hosts {
    pub(crate) fn new(cluster_domain: &str, domains: &[String], path_hosts: &[String]) -> Self {
        let cluster_domain = cluster_domain.trim_matches('.').to_ascii_lowercase();
        let mut suffixes = vec![".svc".to_owned(), format!(".svc.{cluster_domain}")];
        suffixes.extend(
            domains
                .iter()
                .map(|domain| format!(".{}", domain.trim_matches('.').to_ascii_lowercase())),
        );
        let mut own = HashSet::from(["localhost".to_owned()]);
        for host in path_hosts {
            let host = host.trim_matches('.').to_ascii_lowercase();
            // A Service is reached by all of its names.
            if host.split('.').count() == 2 {
                own.insert(format!("{host}.svc"));
                own.insert(format!("{host}.svc.{cluster_domain}"));
            }
            own.insert(host);
        }
        Self {
            cluster_domain,
            suffixes,
            by_path: own,
        }
    }

    /// The function that `host` (with or without a port) and `path` name.
    pub(crate) fn resolve<'a>(&self, host: &'a str, path: &'a str) -> Result<Destination<'a>, Misdirected> {
        let host = lower_case(without_port(host));
        if self.by_path.contains(host.as_ref()) || is_address(&host) {
            return from_path(path).ok_or(Misdirected::Path);
        }
        let Some(key) = self.key_bytes(&host) else {
            return Err(Misdirected::Host(self.advice(&host)));
        };
        let key = match host {
            Cow::Borrowed(host) => Cow::Borrowed(&host[..key]),
            Cow::Owned(mut host) => {
                host.truncate(key);
                Cow::Owned(host)
            }
        };
        Ok(Destination { key, prefix: 0 })
    }

    /// Length of `NAME.NAMESPACE` at the start of the host, when what follows is ours.
    fn key_bytes(&self, host: &str) -> Option<usize> {
        let (name, rest) = host.split_once('.')?;
        let namespace = rest.split_once('.').map_or(rest, |(namespace, _)| namespace);
        let length = name.len() + 1 + namespace.len();
        let suffix = &host[length..];
        (is_label(name) && is_label(namespace) && (suffix.is_empty() || self.suffixes.iter().any(|known| known == suffix)))
            .then_some(length)
    }

    fn advice(&self, host: &str) -> String {
        if is_label(host) {
            let domain = &self.cluster_domain;
            return format!(
                "Host \"{host}\" does not say which namespace the function is in: use {host}.NAMESPACE or {host}.NAMESPACE.svc.{domain}.\n"
            );
        }
        let suffixes = self.suffixes.iter().map(String::as_str);
        let forms: Vec<String> = std::iter::once("")
            .chain(suffixes)
            .map(|suffix| format!("NAME.NAMESPACE{suffix}"))
            .collect();
        let forms = forms.join(", ");
        format!("This gateway does not serve this host: a function is reached as {forms}.\n")
    }
}

fn without_port(host: &str) -> &str {
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && (!bare.contains(':') || bare.ends_with(']')) => bare,
        _ => host,
    };
    bare.strip_suffix('.').unwrap_or(bare)
}

fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn is_address(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok()
}

fn is_label(text: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
        && bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
}

/// `/NAMESPACE/NAME` or `/NAMESPACE/NAME/…`
fn from_path(path: &str) -> Option<Destination<'_>> {
    let mut parts = path.strip_prefix('/')?.splitn(3, '/');
    let (namespace, name) = (parts.next()?, parts.next()?);
    (is_label(namespace) && is_label(name)).then(|| Destination {
        key: Cow::Owned(format!("{name}.{namespace}")),
        prefix: 2 + namespace.len() + name.len(),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn hosts() -> Hosts {
        Hosts::new(
            "cluster.local",
            &["fn.example.com".to_owned()],
            &["anneal-gateway.anneal-system".to_owned(), "fn.example.com".to_owned()],
        )
    }

    #[rstest]
    #[case("hello.shop", "hello.shop")]
    #[case("hello.shop:8080", "hello.shop")]
    #[case("Hello.SHOP.", "hello.shop")]
    #[case("hello.shop.svc", "hello.shop")]
    #[case("hello.shop.svc:80", "hello.shop")]
    #[case("hello.shop.svc.cluster.local", "hello.shop")]
    #[case("hello.shop.svc.cluster.local.:80", "hello.shop")]
    #[case("hello.shop.fn.example.com", "hello.shop")]
    fn finds_the_function_in_the_host(#[case] host: &str, #[case] key: &str) {
        assert_eq!(
            hosts().resolve(host, "/a/b/c").map(|found| (found.key.into_owned(), found.prefix)),
            Ok((key.to_owned(), 0))
        );
    }

    #[rstest]
    #[case("hello.shop.svc.other.local")]
    #[case("hello.shop.example.com")]
    #[case("a.hello.shop.svc")]
    #[case("hello.shop.svc.cluster.local.evil.com")]
    #[case("hello..svc")]
    #[case(".shop")]
    #[case("hel_lo.shop")]
    #[case("-hello.shop")]
    #[case("hello.shop:80a")]
    #[case("user@hello.shop")]
    #[case("hello.shop/x")]
    #[case("")]
    fn refuses_hosts_that_are_not_ours(#[case] host: &str) {
        assert!(matches!(hosts().resolve(host, "/"), Err(Misdirected::Host(_))), "{host}");
    }

    #[test]
    fn a_bare_name_is_told_its_full_host() {
        let Err(Misdirected::Host(sentence)) = hosts().resolve("hello:80", "/") else {
            panic!("a bare name must be refused")
        };
        assert!(sentence.contains("hello.NAMESPACE.svc.cluster.local"), "{sentence}");
    }

    #[rstest]
    #[case("anneal-gateway.anneal-system", "/shop/hello", 11)]
    #[case("anneal-gateway.anneal-system.svc.cluster.local", "/shop/hello/", 11)]
    #[case("fn.example.com", "/shop/hello/a/b", 11)]
    #[case("10.1.2.3:8080", "/shop/hello/a", 11)]
    #[case("[fd00::1]:8080", "/shop/hello/a", 11)]
    #[case("localhost:8080", "/shop/hello/a", 11)]
    fn finds_the_function_in_the_path_on_its_own_hosts(#[case] host: &str, #[case] path: &str, #[case] prefix: usize) {
        assert_eq!(
            hosts().resolve(host, path),
            Ok(Destination {
                key: Cow::Borrowed("hello.shop"),
                prefix
            })
        );
    }

    #[rstest]
    #[case("/")]
    #[case("/shop")]
    #[case("/shop/")]
    #[case("//hello")]
    #[case("/sh%6fp/hello")]
    #[case("/../hello")]
    #[case("*")]
    fn a_path_that_names_no_function_is_not_found(#[case] path: &str) {
        assert_eq!(hosts().resolve("localhost", path), Err(Misdirected::Path), "{path}");
    }
}
