//! An open-loop load generator: requests leave on schedule whatever the answers take, every answer is checked, and latency
//! counts from the moment a request was due (so a stall is not hidden by the requests it delays).

mod check;
mod summary;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result};
use axum::{Json, Router, extract::State, routing::get};
use serde::Deserialize;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use self::{
    check::{Expectation, Verdict},
    summary::{Sample, Summary, TargetSummary},
};

/// What to send.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A JSON file: a list of targets.
    #[arg(long)]
    config: PathBuf,
    /// Seconds after which an answer counts as a failure.
    #[arg(long, default_value_t = 30)]
    timeout_seconds: u64,
    /// Port of `GET /summary` (so far) and `GET /stop` (ends the load, waits for every answer, and sums up).
    #[arg(long, default_value_t = 8090)]
    port: u16,
}

/// One stream of requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    name: String,
    url: String,
    host: String,
    rate_per_second: u32,
    requests: Vec<Request>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default = "root")]
    path: String,
    #[serde(default = "get_method")]
    method: String,
    body: Option<String>,
    content_type: Option<String>,
    expect: Expectation,
}

fn root() -> String {
    "/".to_owned()
}

fn get_method() -> String {
    "GET".to_owned()
}

#[derive(Clone)]
struct Control {
    summaries: Arc<Vec<Mutex<TargetSummary>>>,
    stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

/// Runs until `/stop` or SIGTERM; prints the summary at the end.
#[expect(clippy::print_stdout, reason = "the summary is its output")]
pub(crate) async fn run(args: Args) -> Result<()> {
    let config = tokio::fs::read(&args.config)
        .await
        .with_context(|| format!("cannot read {}", args.config.display()))?;
    let targets: Vec<Target> = serde_json::from_slice(&config).context("the configuration is not a list of targets")?;
    let summaries: Arc<Vec<_>> = Arc::new(targets.iter().map(|target| Mutex::new(TargetSummary::new(&target.name))).collect());
    let (stop, stopping) = watch::channel(false);
    let (done, stopped) = watch::channel(false);
    let control = Control {
        summaries: Arc::clone(&summaries),
        stop: stop.clone(),
        stopped,
    };
    let server = tokio::spawn(serve(args.port, control));
    tokio::spawn(async move {
        crate::terminated().await;
        stop.send_replace(true);
    });
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(args.timeout_seconds))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .context("cannot build the client")?;
    let mut streams = JoinSet::new();
    for (index, target) in targets.into_iter().enumerate() {
        streams.spawn(stream(client.clone(), target, index, Arc::clone(&summaries), stopping.clone()));
    }
    while streams.join_next().await.is_some() {}
    done.send_replace(true);
    println!("{}", serde_json::to_string(&sum_up(&summaries))?);
    // Graceful: the caller of /stop still gets its answer.
    tokio::time::timeout(Duration::from_secs(5), server)
        .await
        .context("a control connection stays open")??
}

async fn serve(port: u16, control: Control) -> Result<()> {
    let router = Router::new()
        .route(
            "/summary",
            get(|State(control): State<Control>| async move { Json(sum_up(&control.summaries)) }),
        )
        .route("/stop", get(finish))
        .with_state(control.clone());
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", port)).await.context("cannot listen")?;
    let mut stopped = control.stopped;
    let ended = async move {
        stopped.wait_for(|stopped| *stopped).await.ok();
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(ended)
        .await
        .context("cannot serve")
}

async fn finish(State(mut control): State<Control>) -> Json<Summary> {
    control.stop.send_replace(true);
    control.stopped.wait_for(|stopped| *stopped).await.ok();
    Json(sum_up(&control.summaries))
}

fn sum_up(summaries: &[Mutex<TargetSummary>]) -> Summary {
    Summary {
        targets: summaries.iter().map(|summary| lock(summary).clone().finish()).collect(),
    }
}

fn lock(summary: &Mutex<TargetSummary>) -> std::sync::MutexGuard<'_, TargetSummary> {
    summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sends one target's requests on schedule until told to stop, then waits for the answers.
async fn stream(
    client: reqwest::Client,
    target: Target,
    index: usize,
    summaries: Arc<Vec<Mutex<TargetSummary>>>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut ticks = interval(Duration::from_secs(1) / target.rate_per_second.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let started = Instant::now();
    lock(&summaries[index]).start(started);
    let mut answers = JoinSet::new();
    let mut turn = 0;
    loop {
        let due = tokio::select! {
            due = ticks.tick() => due,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let (client, summaries) = (client.clone(), Arc::clone(&summaries));
        let (url, host, request) = (
            target.url.clone(),
            target.host.clone(),
            target.requests[turn % target.requests.len()].clone(),
        );
        turn += 1;
        answers.spawn(async move {
            let (stage, verdict) = send(&client, &url, &host, &request).await;
            let sample = Sample {
                at: due.duration_since(started),
                latency: due.elapsed(),
                stage,
                verdict,
            };
            lock(&summaries[index]).record(sample);
        });
        while answers.try_join_next().is_some() {}
    }
    while answers.join_next().await.is_some() {}
}

async fn send(client: &reqwest::Client, url: &str, host: &str, request: &Request) -> (Option<String>, Verdict) {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap_or(reqwest::Method::GET);
    let mut builder = client
        .request(method, format!("{}{}", url.trim_end_matches('/'), request.path))
        .header("host", host);
    if let Some(content_type) = &request.content_type {
        builder = builder.header("content-type", content_type);
    }
    if let Some(body) = &request.body {
        builder = builder.body(body.clone());
    }
    let answer = match builder.send().await {
        Ok(answer) => answer,
        Err(error) if error.is_timeout() => return (None, Verdict::Failed("timeout".to_owned())),
        Err(error) => return (None, Verdict::Failed(format!("no answer: {}", root_cause(&error)))),
    };
    let stage = answer
        .headers()
        .get("x-anneal-stage")
        .and_then(|stage| stage.to_str().ok())
        .map(str::to_owned);
    let retries = answer
        .headers()
        .get("x-anneal-retries")
        .and_then(|count| count.to_str().ok())
        .and_then(|count| count.parse().ok())
        .unwrap_or(0);
    let status = answer.status().as_u16();
    match answer.bytes().await {
        Ok(body) => (stage, request.expect.judge(status, &body, retries)),
        Err(error) => (stage, Verdict::Failed(format!("cut answer: {}", root_cause(&error)))),
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
