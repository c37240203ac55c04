//! `cargo xtask bench`: measurements, each beside what it is compared with in the same run.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

mod chart;
mod iprof;
mod stages;
mod statistics;
mod wrk;

/// What is measured.
#[derive(clap::Subcommand)]
pub(crate) enum Task {
    /// Reading and merging profiles.
    Iprof(iprof::Args),
    /// The stages up to Native beside each other: start, throughput, memory.
    Stages(stages::Args),
}

/// Where the figures go besides the terminal.
#[derive(clap::Args)]
pub(crate) struct Output {
    /// Write the figures to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// One line of the table.
#[derive(Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// What it is compared with.
    against: Option<&'static str>,
    /// How many times better it is than that.
    ratio: Option<f64>,
    /// Where the ratio lies with 95 percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<[f64; 2]>,
    goal: Option<&'static str>,
}

/// Measures.
pub(crate) fn run(task: &Task) -> Result<()> {
    match task {
        Task::Iprof(args) => iprof::run(args),
        Task::Stages(args) => stages::run(args),
    }
}

impl Figure {
    fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            against: None,
            ratio: None,
            interval: None,
            goal: None,
        }
    }

    fn against(self, against: &'static str, ratio: f64) -> Self {
        Self {
            against: Some(against),
            ratio: Some(ratio),
            ..self
        }
    }

    fn within(self, low: f64, high: f64) -> Self {
        Self {
            interval: Some([low, high]),
            ..self
        }
    }

    fn goal(self, goal: &'static str) -> Self {
        Self { goal: Some(goal), ..self }
    }
}

fn print(figures: &[Figure], output: &Output) -> Result<()> {
    println!("| what | value | compared with | ratio | goal |\n|---|---:|---|---:|---|");
    for figure in figures {
        let mut ratio = figure.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        if let Some([low, high]) = figure.interval {
            let _infallible = write!(ratio, " ({low:.2}–{high:.2})");
        }
        let (against, goal) = (figure.against.unwrap_or_default(), figure.goal.unwrap_or_default());
        println!(
            "| {} | {:.3} {} | {against} | {ratio} | {goal} |",
            figure.name, figure.value, figure.unit
        );
    }
    let Some(path) = &output.json else {
        return Ok(());
    };
    let text = serde_json::to_string_pretty(figures).context("cannot write figures as JSON")?;
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
