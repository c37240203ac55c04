//! Brings a source's bytes into a file: from a mounted ConfigMap, from a URL, from the user's uploads.

use std::{
    io::{self, Read},
    net::{IpAddr, SocketAddr},
    path::{Component, Path},
    time::Duration,
};

use anneal_protocol::{
    agent::Source,
    depot::{MAX_OBJECT_BYTES, Readable},
};
use futures::StreamExt;
use reqwest::{Client, Response, StatusCode, header::LOCATION};
use snafu::{OptionExt, ResultExt, Snafu, ensure};
use tokio::{fs::File, io::AsyncWriteExt, time::timeout};
use url::{Host, Url};

use super::address::{self, Network, ParseNetwork};
use crate::{
    args::Settings,
    client,
    digest::{self, Content, Digester},
    inputs,
    transfer::{self, Transfer},
};

/// The largest ConfigMap.
const CONFIG_MAP_BYTES: u64 = 1 << 20;
/// Redirects that are followed, all within one origin.
const REDIRECTS: usize = 5;
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(900);

/// Why there is no jar.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("the key {key:?} is not a file name"))]
    MalformedKey { key: String },
    #[snafu(display("the mounted file cannot be read"))]
    ReadMount { source: io::Error },
    #[snafu(display("the jar is larger than {limit} bytes"))]
    TooLarge { limit: u64 },
    #[snafu(display("the digest is {found} instead of {expected}"))]
    Mismatch { expected: String, found: String },
    #[snafu(display("the URL cannot be parsed"))]
    ParseUrl { source: url::ParseError },
    #[snafu(display("the URL is not allowed: {why}"))]
    Forbid { why: &'static str },
    #[snafu(display("an allowed network cannot be parsed"))]
    ParseAllowed { source: ParseNetwork },
    #[snafu(display("the host cannot be resolved"))]
    ResolveHost { source: io::Error },
    #[snafu(display("there is no client for the source"))]
    MakeClient { source: client::Error },
    #[snafu(display("the source cannot be reached"))]
    Exchange { source: reqwest::Error },
    #[snafu(display("the source answered with status {status}"))]
    Status { status: u16 },
    #[snafu(display("the source was silent for {seconds} s"))]
    Stall { seconds: u64 },
    #[snafu(display("the jar cannot be written"))]
    WriteFile { source: io::Error },
    #[snafu(display("the upload cannot be fetched"))]
    FetchUpload { source: transfer::Error },
}

impl Error {
    const fn is_passing(&self) -> bool {
        match self {
            Self::Exchange { .. } | Self::Stall { .. } | Self::ResolveHost { .. } => true,
            Self::Status { status } => *status >= 500 || matches!(*status, 408 | 425 | 429),
            _ => false,
        }
    }
}

/// Makes the workspace's jar hold the source.
pub(crate) async fn fetch(source: &Source, settings: &Settings, transfer: &Transfer) -> Result<Content, Error> {
    let target = settings.workspace.jar();
    match source {
        Source::ConfigMap { key, sha256 } => {
            let content = copy_mount(&settings.source_dir, key, &target).await?;
            check(content, sha256.as_deref())
        }
        Source::S3 { key, sha256 } => {
            let object = Readable::Upload { key: key.clone() };
            let expected = inputs::plain(&sha256.to_ascii_lowercase());
            transfer.fetch(&object, &expected, &target).await.context(FetchUploadSnafu)
        }
        Source::Http {
            url,
            sha256,
            allowed_hosts,
            allowed_networks,
        } => {
            let rules = Rules::new(allowed_hosts, allowed_networks)?;
            let content = fetch_url(url, &rules, settings, &target).await?;
            check(content, Some(sha256))
        }
    }
}

fn check(content: Content, expected: Option<&str>) -> Result<Content, Error> {
    match expected {
        Some(expected) if !expected.eq_ignore_ascii_case(&content.sha256) => MismatchSnafu {
            expected,
            found: content.sha256,
        }
        .fail(),
        _ => Ok(content),
    }
}

async fn copy_mount(folder: &Path, key: &str, target: &Path) -> Result<Content, Error> {
    let is_name = matches!(
        Path::new(key).components().collect::<Vec<_>>().as_slice(),
        [Component::Normal(name)] if *name == key
    );
    ensure!(is_name, MalformedKeySnafu { key });
    // The kubelet mounts a link to the current version.
    let (path, target) = (folder.join(key), target.to_owned());
    let copied = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).context(ReadMountSnafu)?;
        file.take(CONFIG_MAP_BYTES + 1).read_to_end(&mut bytes).context(ReadMountSnafu)?;
        ensure!(bytes.len() as u64 <= CONFIG_MAP_BYTES, TooLargeSnafu { limit: CONFIG_MAP_BYTES });
        std::fs::write(target, &bytes).context(WriteFileSnafu)?;
        Ok(digest::of_bytes(&bytes))
    });
    copied.await.map_err(io::Error::other).context(ReadMountSnafu)?
}

/// What may be fetched.
pub(crate) struct Rules<'a> {
    hosts: &'a [String],
    networks: Vec<Network>,
}

impl<'a> Rules<'a> {
    pub(crate) fn new(hosts: &'a [String], networks: &[String]) -> Result<Self, Error> {
        let networks = networks.iter().map(|network| network.parse()).collect::<Result<_, _>>();
        Ok(Self {
            hosts,
            networks: networks.context(ParseAllowedSnafu)?,
        })
    }

    /// Checks everything about a URL that does not need a name server.
    pub(crate) fn check<'u>(&self, url: &'u Url) -> Result<Host<&'u str>, Error> {
        let host = url.host().context(ForbidSnafu { why: "it has no host" })?;
        let is_listed = self.lists(&host);
        ensure!(
            is_listed || self.hosts.is_empty(),
            ForbidSnafu {
                why: "the host is not on the list"
            }
        );
        match url.scheme() {
            "https" => {}
            "http" if is_listed => {}
            _ => {
                return ForbidSnafu {
                    why: "the scheme is not allowed",
                }
                .fail();
            }
        }
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            ForbidSnafu { why: "it has credentials" }
        );
        Ok(host)
    }

    fn lists(&self, host: &Host<&str>) -> bool {
        let host = host.to_string();
        let host = host.trim_end_matches('.');
        self.hosts.iter().any(|listed| {
            let listed = listed.to_ascii_lowercase();
            match listed.strip_prefix("*.") {
                Some(suffix) => host.strip_suffix(suffix).is_some_and(|name| name.len() > 1 && name.ends_with('.')),
                None => listed == host,
            }
        })
    }

    /// The addresses of a host that may be connected to. The connection is made to these and no others, so
    /// that a name server that answers differently the next time changes nothing.
    pub(crate) async fn addresses(&self, host: &Host<&str>, port: u16) -> Result<Vec<SocketAddr>, Error> {
        let found: Vec<IpAddr> = match host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                let looked_up = tokio::net::lookup_host((*name, port));
                let looked_up = timeout(SILENCE, looked_up).await;
                let looked_up = looked_up.map_err(|_| {
                    StallSnafu {
                        seconds: SILENCE.as_secs(),
                    }
                    .build()
                })?;
                looked_up.context(ResolveHostSnafu)?.map(|address| address.ip()).collect()
            }
        };
        let checked: Vec<SocketAddr> = found
            .into_iter()
            .filter_map(|address| address::check(address, &self.networks))
            .map(|address| SocketAddr::new(address, port))
            .collect();
        ensure!(
            !checked.is_empty(),
            ForbidSnafu {
                why: "its address is not a public one"
            }
        );
        Ok(checked)
    }
}

async fn fetch_url(url: &str, rules: &Rules<'_>, settings: &Settings, target: &Path) -> Result<Content, Error> {
    let url = Url::parse(url).context(ParseUrlSnafu)?;
    let whole = async {
        let mut failed = 0;
        loop {
            let error = match fetch_once(&url, rules, settings, target).await {
                Ok(content) => return Ok(content),
                Err(error) => error,
            };
            failed += 1;
            match settings.pace.wait(failed).filter(|_| error.is_passing()) {
                Some(wait) => {
                    tracing::warn!(%error, failed, "the source is fetched again");
                    tokio::time::sleep(wait).await;
                }
                None => return Err(error),
            }
        }
    };
    let late = |_| StallSnafu { seconds: WHOLE.as_secs() }.fail();
    timeout(WHOLE, whole).await.unwrap_or_else(late)
}

async fn fetch_once(url: &Url, rules: &Rules<'_>, settings: &Settings, target: &Path) -> Result<Content, Error> {
    let host = rules.check(url)?;
    let port = url.port_or_known_default().context(ForbidSnafu { why: "it has no port" })?;
    let addresses = rules.addresses(&host, port).await?;
    let client = client::pinned(&settings.roots, &host.to_string(), &addresses)
        .await
        .context(MakeClientSnafu)?;
    let response = follow(&client, url).await?;
    save(response, target).await
}

/// Asks, and asks again where the server says within its own origin: another one could be anything.
async fn follow(client: &Client, url: &Url) -> Result<Response, Error> {
    let mut current = url.clone();
    for _ in 0..=REDIRECTS {
        let answer = timeout(SILENCE, client.get(current.clone()).send()).await;
        let answer = answer.map_err(|_| {
            StallSnafu {
                seconds: SILENCE.as_secs(),
            }
            .build()
        })?;
        let response = answer.map_err(reqwest::Error::without_url).context(ExchangeSnafu)?;
        match response.status() {
            status if status.is_success() && status != StatusCode::PARTIAL_CONTENT => {
                return Ok(response);
            }
            status if status.is_redirection() => {
                let location = response.headers().get(LOCATION);
                let location = location.and_then(|location| location.to_str().ok());
                let location = location.context(StatusSnafu { status: status.as_u16() })?;
                current = current.join(location).context(ParseUrlSnafu)?;
                ensure!(
                    current.origin() == url.origin() && current.username().is_empty() && current.password().is_none(),
                    ForbidSnafu {
                        why: "it redirects to another origin"
                    }
                );
            }
            status => {
                return StatusSnafu { status: status.as_u16() }.fail();
            }
        }
    }
    ForbidSnafu {
        why: "it redirects too often",
    }
    .fail()
}

async fn save(response: Response, target: &Path) -> Result<Content, Error> {
    let limit = MAX_OBJECT_BYTES;
    ensure!(
        response.content_length().is_none_or(|length| length <= limit),
        TooLargeSnafu { limit }
    );
    let mut file = File::create(target).await.context(WriteFileSnafu)?;
    let mut digester = Digester::default();
    let mut body = response.bytes_stream();
    loop {
        let chunk = timeout(SILENCE, body.next()).await;
        let chunk = chunk.map_err(|_| {
            StallSnafu {
                seconds: SILENCE.as_secs(),
            }
            .build()
        })?;
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(reqwest::Error::without_url).context(ExchangeSnafu)?;
        digester.update(&chunk);
        ensure!(digester.bytes() <= limit, TooLargeSnafu { limit });
        file.write_all(&chunk).await.context(WriteFileSnafu)?;
    }
    file.flush().await.context(WriteFileSnafu)?;
    Ok(digester.finish())
}

#[cfg(test)]
mod tests;
