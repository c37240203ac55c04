//! `cargo xtask bench iprof`: the merge of profiles, beside the obvious ways to merge and the limits of the machine.
//!
//! Each measurement is a process of its own. Speed is bytes by processor time, because others may share the machine; the
//! median of several runs counts. A few files are fed in rotation, so that they come from memory and not from the disk.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Figure, Output, print};
use crate::{cache, process};

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Bytes of one profile.
    #[arg(long, default_value_t = 30_000_000)]
    bytes: u64,
    /// Distinct profiles of one image.
    #[arg(long, default_value_t = 8)]
    files: usize,
    /// Profiles of the large merge.
    #[arg(long, default_value_t = 1000)]
    large: usize,
    /// Runs of which the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    #[command(flatten)]
    output: Output,
}

/// Builds, generates, measures, prints.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = cache::repository();
    process::run(Command::new("cargo").current_dir(&root).args([
        "build",
        "--release",
        "--package",
        "anneal-iprof",
        "--example",
        "measure",
    ]))?;
    let folder = tempfile::tempdir().context("cannot make a folder for the profiles")?;
    let bench = Bench {
        program: root.join("target/release/examples/measure"),
        runs: args.runs.max(1),
    };
    let sizes = [args.bytes.to_string(), args.files.to_string()];
    let generated = bench.once(&["generate", path(folder.path())?, &sizes[0], &sizes[1]])?;
    let list = |kind: &str| -> Vec<String> {
        let files = generated[kind].as_array().into_iter().flatten();
        files.filter_map(|file| Some(file.as_str()?.to_owned())).collect()
    };
    let inputs = Inputs {
        same: list("same"),
        shuffled: list("shuffled"),
        different: list("different"),
        large: args.large.to_string(),
    };
    print(&bench.figures(&inputs)?, &args.output)
}

struct Inputs {
    same: Vec<String>,
    shuffled: Vec<String>,
    different: Vec<String>,
    large: String,
}

struct Bench {
    program: PathBuf,
    runs: usize,
}

impl Bench {
    fn once(&self, arguments: &[&str]) -> Result<Value> {
        let text = process::output(Command::new(&self.program).args(arguments))?;
        serde_json::from_str(&text).with_context(|| format!("{} printed no JSON", arguments[0]))
    }

    /// The run with the median of a field.
    fn median(&self, field: &str, task: &[&str], files: &[String]) -> Result<Value> {
        let arguments: Vec<&str> = task.iter().copied().chain(files.iter().map(String::as_str)).collect();
        let mut runs = (0..self.runs).map(|_| self.once(&arguments)).collect::<Result<Vec<_>>>()?;
        runs.sort_by(|left, right| number(left, field).total_cmp(&number(right, field)));
        Ok(runs.swap_remove(self.runs / 2))
    }

    /// Gigabytes by second of processor time.
    fn speed(&self, task: &[&str], files: &[String]) -> Result<f64> {
        Ok(speed(&self.median("cpu", task, files)?))
    }

    fn figures(&self, inputs: &Inputs) -> Result<Vec<Figure>> {
        let few = &inputs.same[..inputs.same.len().min(3)];
        let typed = self.speed(&["typed"], few)?;
        let value = self.speed(&["value"], few)?;
        let (sha256, cat) = (self.speed(&["sha256"], &inputs.same)?, self.speed(&["cat"], &inputs.same)?);
        let same = self.speed(&["fold", "100"], &inputs.same)?;
        let hashed = self.speed(&["fold-sha256", "100"], &inputs.same)?;
        let shuffled = self.speed(&["fold", "16"], &inputs.shuffled)?;
        let different = self.speed(&["fold", "3"], &inputs.different)?;
        let check = self.speed(&["check"], &inputs.same)?;
        let mut figures = vec![
            Figure::new("limit: cat", cat, "GB/s"),
            Figure::new("limit: sha256 of the same bytes", sha256, "GB/s"),
            Figure::new("typed serde_json and hash maps", typed, "GB/s"),
            Figure::new("serde_json values and a hash map", value, "GB/s"),
            Figure::new("one image, 100 profiles, with the digest", same, "GB/s")
                .against("typed", same / typed)
                .goal(">= 1.0 GB/s, >= 8 times typed"),
            Figure::new("the same, against values", same, "GB/s").against("values", same / value),
            Figure::new("one image, incl. sha256 of the input", hashed, "GB/s")
                .against("sha256 alone", hashed / sha256)
                .goal(">= 1.0 GB/s"),
            Figure::new("one image, shuffled", shuffled, "GB/s")
                .against("typed", shuffled / typed)
                .goal(">= 0.4 GB/s"),
            Figure::new("different images", different, "GB/s").against("typed", different / typed),
            Figure::new("check alone", check, "GB/s").against("typed", check / typed),
        ];
        figures.extend(self.large(inputs)?);
        figures.extend(self.add(inputs)?);
        Ok(figures)
    }

    /// The large merge on two threads, and how memory depends on the number of inputs.
    fn large(&self, inputs: &Inputs) -> Result<Vec<Figure>> {
        let arguments = |folds| ["parallel", "2", folds];
        let one_run = Self {
            program: self.program.clone(),
            runs: 1,
        };
        let few = one_run.median("seconds", &arguments("16"), &inputs.same)?;
        let many = one_run.median("seconds", &arguments(&inputs.large), &inputs.same)?;
        let mebibytes = |run: &Value| number(run, "peak") / f64::from(1 << 20);
        Ok(vec![
            Figure::new("large merge on two threads, clock", number(&many, "seconds"), "s").goal("1000 x 30 MB: <= 40 s"),
            Figure::new("large merge, processor time", number(&many, "cpu"), "s"),
            Figure::new("large merge, peak memory", mebibytes(&many), "MiB")
                .against("16 inputs", mebibytes(&few) / mebibytes(&many))
                .goal("<= 256 MiB, the same for every number"),
        ])
    }

    fn add(&self, inputs: &Inputs) -> Result<Vec<Figure>> {
        let run = self.median("add", &["add"], &inputs.same)?;
        let milliseconds = |name, field| Figure::new(name, number(&run, field) * 1e3, "ms");
        Ok(vec![
            milliseconds("add one profile to a merge", "add").goal("<= 100 ms"),
            milliseconds("digest of the grown merge", "digest"),
            milliseconds("write the merge's state", "write"),
            milliseconds("read the merge's state", "read"),
            milliseconds("add one profile to a merge just read", "addRestored"),
        ])
    }
}

fn speed(run: &Value) -> f64 {
    number(run, "bytes") / number(run, "cpu") / 1e9
}

fn number(run: &Value, field: &str) -> f64 {
    run[field].as_f64().unwrap_or(f64::NAN)
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("the folder's name is no UTF-8")
}
