//! What the Functions say of themselves while the demo runs: the timeline, the live table, and whether all are done.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{IsTerminal as _, Write as _},
    time::Instant,
};

use anyhow::Result;
use serde_json::{Value, json};

/// Follows the Functions of the demo.
pub(crate) struct Progress {
    started: Instant,
    functions: BTreeMap<String, Follow>,
    drawn_lines: usize,
}

/// One Function as last seen.
#[derive(Default)]
struct Follow {
    target: String,
    stage: String,
    timeline: Vec<Value>,
    object: Value,
}

impl Progress {
    /// Starts the clock.
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            functions: BTreeMap::new(),
            drawn_lines: 0,
        }
    }

    /// Takes a `FunctionList`; says in a line what moved.
    pub(crate) fn observe(&mut self, list: &Value) -> Vec<String> {
        let at = self.started.elapsed().as_secs_f64();
        let mut moved = Vec::new();
        for object in list["items"].as_array().into_iter().flatten() {
            let name = text(&object["metadata"]["name"]);
            let follow = self.functions.entry(name.clone()).or_default();
            let target = text(&object["spec"]["target"]);
            follow.target = if target.is_empty() { "PgoOptimized".to_owned() } else { target };
            let stage = text(&object["status"]["stage"]);
            if stage != follow.stage && !stage.is_empty() {
                moved.push(format!(
                    "{at:6.1}s  {name:<10} {} → {stage}",
                    if follow.stage.is_empty() { "–" } else { &follow.stage }
                ));
                follow.timeline.push(entry(object, &stage, at));
                follow.stage = stage;
            }
            follow.object = object.clone();
        }
        moved
    }

    /// Every Function has reached its target.
    pub(crate) fn complete(&self) -> bool {
        !self.functions.is_empty()
            && self
                .functions
                .values()
                .all(|follow| follow.stage == follow.target && settled(&follow.object))
    }

    /// The lines of the report about one Function.
    pub(crate) fn summary(&self, name: &str) -> Value {
        let Some(follow) = self.functions.get(name) else {
            return Value::Null;
        };
        let profiles = &follow.object["status"]["profiles"];
        json!({
            "name": name,
            "target": follow.target,
            "stage": follow.stage,
            "profiles": profiles["count"].as_i64().unwrap_or(0),
            "mergedDigest": profiles["digest"],
            "timeline": follow.timeline,
            "reached": follow.stage == follow.target,
        })
    }

    /// What each unfinished Function waits for, a line each.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let unfinished = self.functions.iter().filter(|(_, follow)| follow.stage != follow.target);
        unfinished
            .map(|(name, follow)| {
                format!(
                    "         {name:<10} {:<16} {}",
                    follow.stage,
                    text(&follow.object["status"]["next"])
                )
            })
            .collect()
    }

    /// Draws the table over the last one on a terminal; prints nothing elsewhere.
    pub(crate) fn draw(&mut self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        if !out.is_terminal() {
            return Ok(());
        }
        let table = self.table();
        if self.drawn_lines > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.drawn_lines)?;
        }
        self.drawn_lines = table.lines().count();
        write!(out, "{table}")?;
        Ok(out.flush()?)
    }

    /// Lets the next table start below what was printed since.
    pub(crate) fn undraw(&mut self) {
        self.drawn_lines = 0;
    }

    fn table(&self) -> String {
        let mut table = format!(
            "{:<10} {:<16} {:<6} {:<26} {:>8}  NEXT\n",
            "FUNCTION", "STAGE", "READY", "TRAFFIC", "PROFILES"
        );
        for (name, follow) in &self.functions {
            let status = &follow.object["status"];
            let next: String = text(&status["next"]).chars().take(70).collect();
            let _infallible = writeln!(
                table,
                "{name:<10} {:<16} {:<6} {:<26} {:>8}  {next}",
                follow.stage,
                condition(&follow.object, "Ready"),
                traffic(status),
                status["profiles"]["count"].as_i64().unwrap_or(0),
            );
        }
        table
    }
}

/// The new stage carries all the traffic and nothing is being moved any more.
fn settled(object: &Value) -> bool {
    let traffic = object["status"]["traffic"].as_array();
    traffic.is_some_and(|traffic| {
        traffic
            .iter()
            .any(|target| target["percent"] == 100 && target["stage"] == object["status"]["stage"])
    })
}

fn entry(object: &Value, stage: &str, at: f64) -> Value {
    let artifacts = object["status"]["artifacts"].as_array().cloned().unwrap_or_default();
    let artifact = artifacts
        .iter()
        .find(|artifact| artifact["stage"] == stage)
        .cloned()
        .unwrap_or_default();
    let target = object["status"]["traffic"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|target| target["stage"] == stage);
    json!({
        "stage": stage,
        "at": (at * 10.0).round() / 10.0,
        "buildKey": target.map_or(&artifact["buildKey"], |target| &target["buildKey"]),
        "buildSeconds": artifact["buildSeconds"],
        "artifactBytes": artifact["bytes"],
        "buildPeakBytes": artifact["peakMemoryBytes"],
    })
}

fn traffic(status: &Value) -> String {
    let targets = status["traffic"].as_array().cloned().unwrap_or_default();
    targets
        .iter()
        .map(|target| format!("{} {}%", text(&target["stage"]), target["percent"]))
        .collect::<Vec<_>>()
        .join(" ")
}

fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions
        .iter()
        .find(|condition| condition["type"] == kind)
        .map(|condition| text(&condition["status"]))
        .unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(stage: &str, percent: i64) -> Value {
        json!({"items": [{"metadata": {"name": "hello"}, "spec": {"target": "Native"},
            "status": {"stage": stage, "traffic": [{"stage": stage, "percent": percent, "buildKey": "k"}]}}]})
    }

    #[test]
    fn is_complete_when_the_target_carries_all_traffic() {
        let mut progress = Progress::new();
        assert!(!progress.complete());
        assert_eq!(progress.observe(&list("Hotspot", 100)).len(), 1);
        assert!(!progress.complete());
        progress.observe(&list("Native", 50));
        assert!(!progress.complete());
        progress.observe(&list("Native", 100));
        assert!(progress.complete());
        assert_eq!(progress.summary("hello")["timeline"].as_array().map(Vec::len), Some(2));
    }
}
