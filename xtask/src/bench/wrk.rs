//! Load by wrk, from Debian: a few connections that are kept open and ask again as soon as they are answered.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::{apt, process};

/// Connections that ask at the same time.
const CONNECTIONS: u32 = 8;
/// What it prints at its end.
const REPORT: &str = r#"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"failures":%d,"p99":%d}\n', summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(99)))
end
"#;

/// What came of a load.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Load {
    requests: f64,
    failures: f64,
    p99: f64,
}

impl Load {
    /// Requests that were answered.
    pub(crate) const fn requests(&self) -> f64 {
        self.requests
    }

    /// What 99 of 100 answers took at most, in milliseconds.
    pub(crate) fn p99_milliseconds(&self) -> f64 {
        self.p99 / 1e3
    }
}

/// Makes sure that wrk is there.
pub(crate) fn ensure_present() -> Result<()> {
    apt::need("wrk", "wrk")
}

/// Writes the script that sends `body` as JSON, again and again.
pub(crate) fn script(path: &Path, body: &str) -> Result<()> {
    let body = body.replace('\\', "\\\\").replace('\'', "\\'");
    let text = format!("wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['Content-Type'] = 'application/json'\n{REPORT}");
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Sends from one processor for some time; an answer that is no success is an error.
pub(crate) fn run(processor: &str, port: u16, script: &Path, duration: Duration) -> Result<Load> {
    let mut wrk = Command::new("taskset");
    wrk.args(["--cpu-list", processor, "wrk", "--threads=1"]);
    wrk.arg(format!("--connections={CONNECTIONS}"));
    wrk.arg(format!("--duration={}s", duration.as_secs()));
    wrk.arg("--script").arg(script).arg(format!("http://127.0.0.1:{port}/"));
    let text = process::output(&mut wrk)?;
    let line = text.lines().rfind(|line| line.starts_with('{')).context("wrk reports nothing")?;
    let load: Load = serde_json::from_str(line).with_context(|| format!("wrk reports {line:?}"))?;
    ensure!(load.failures == 0.0 && load.requests > 0.0, "requests failed: {load:?}");
    Ok(load)
}
