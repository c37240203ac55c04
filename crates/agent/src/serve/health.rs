//! Asks the child whether it answers, and sends the warm-up requests.

use std::{net::Ipv4Addr, time::Duration};

use anneal_protocol::agent::WarmupRequest;
use futures::TryStreamExt;
use reqwest::{Client, StatusCode, header::CONTENT_TYPE};
use tokio::{net::TcpStream, time::timeout};

/// Between two questions: short, because every cold start waits for it.
const PERIOD: Duration = Duration::from_millis(20);
/// The longest one answer may take.
const ANSWER: Duration = Duration::from_secs(2);
/// The longest a warm-up request may take.
const WARM_UP: Duration = Duration::from_secs(60);

/// The child as it is reached from here.
#[derive(Clone)]
pub(crate) struct Function {
    client: Client,
    port: u16,
}

impl Function {
    pub(crate) const fn new(client: Client, port: u16) -> Self {
        Self { client, port }
    }

    /// Waits until the child is healthy. Whoever calls bounds it.
    pub(crate) async fn become_healthy(&self, path: Option<&str>) {
        while !self.is_healthy(path).await {
            tokio::time::sleep(PERIOD).await;
        }
    }

    async fn is_healthy(&self, path: Option<&str>) -> bool {
        let answers = async {
            match path {
                None => TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok(),
                Some(path) => {
                    let answer = self.client.get(self.url(path)).send().await;
                    answer.is_ok_and(|answer| answer.status().is_success())
                }
            }
        };
        timeout(ANSWER, answers).await.unwrap_or(false)
    }

    /// Sends the requests in order; the first that is not answered with success ends it.
    pub(crate) async fn warm_up(&self, requests: &[WarmupRequest]) -> Result<(), Refused> {
        for (index, request) in requests.iter().enumerate() {
            let status = timeout(WARM_UP, self.send(request)).await.ok().flatten();
            if !status.is_some_and(|status| status.is_success()) {
                return Err(Refused {
                    index,
                    status: status.map(|status| status.as_u16()),
                });
            }
        }
        Ok(())
    }

    /// The answer's status, once the answer has arrived whole.
    async fn send(&self, request: &WarmupRequest) -> Option<StatusCode> {
        let url = self.url(&request.path);
        let builder = match &request.body {
            None => self.client.get(url),
            Some(body) => {
                let kind = if is_json(body) { "application/json" } else { "text/plain" };
                self.client.post(url).header(CONTENT_TYPE, kind).body(body.clone())
            }
        };
        let answer = builder.send().await.ok()?;
        let status = answer.status();
        let mut body = answer.bytes_stream();
        while body.try_next().await.ok()?.is_some() {}
        Some(status)
    }

    fn url(&self, path: &str) -> String {
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("http://127.0.0.1:{}{slash}{path}", self.port)
    }
}

/// A warm-up request that was not answered with success.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Refused {
    pub(crate) index: usize,
    pub(crate) status: Option<u16>,
}

fn is_json(body: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok()
}
