//! `cargo xtask bench stages`: what the stages up to Native give, by the samples: how soon a process and a pod answer, how many
//! requests they answer, what memory they take.
//!
//! All variants of a sample are measured in turn, round by round, so that a machine that grows slower does so for all. Processes
//! start with all processors; the load is put on a process with one, by another: what counts is requests by its processor time,
//! because some samples wait.

mod pods;
mod sample;
mod server;
mod variant;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use self::{
    sample::{SAMPLES, Sample},
    server::{Request, Server},
    variant::{Prepared, VARIANTS, Variant},
};
use super::{
    Figure, Output,
    chart::{Chart, Group, figures},
    print,
    statistics::{Estimate, estimate, ratio},
    wrk,
};
use crate::{cache, java, process};

/// The processor of what is measured, and that of the load.
const PROCESSORS: [&str; 2] = ["0", "1"];
const END: Duration = Duration::from_secs(20);
const MIB: f64 = 1024.0 * 1024.0;

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Starts of each variant as a process.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    starts: u16,
    /// Starts of each variant as a pod; 0 = no cluster is needed.
    #[arg(long, default_value_t = 10)]
    pods: u16,
    /// Processes of each variant that are put under load.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    loads: u16,
    /// Seconds of load before it is measured.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    warm_seconds: u64,
    /// Seconds of load that are measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Only these samples.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Make what is measured, and measure nothing.
    #[arg(long)]
    prepare: bool,
    /// Write the charts into this folder.
    #[arg(long, value_name = "FOLDER")]
    charts: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// What was measured of a sample on a variant, one number a round.
#[derive(Default)]
struct Measured {
    /// Milliseconds.
    process: Vec<f64>,
    /// Milliseconds.
    pod: Vec<f64>,
    /// MiB after the first answer.
    idle: Vec<f64>,
    /// Requests in a second of processor time.
    throughput: Vec<f64>,
    /// MiB after the load.
    loaded: Vec<f64>,
    /// Milliseconds.
    p99: Vec<f64>,
    /// MiB of the file beside the JVM.
    artifact: f64,
}

/// A kind of number, in the words of the table.
struct Kind {
    name: &'static str,
    unit: &'static str,
    more_is_better: bool,
    values: fn(&Measured) -> &[f64],
    /// How many times better than the JVM a native executable is to be.
    goal: Option<&'static str>,
    /// File, title and whether the scale is logarithmic.
    chart: Option<(&'static str, &'static str, bool)>,
}

const KINDS: [Kind; 6] = [
    Kind {
        name: "process, first answer",
        unit: "ms",
        more_is_better: false,
        values: |one| &one.process,
        goal: Some(">= 10 times sooner"),
        chart: Some(("stages-start", "First answer of a process", true)),
    },
    Kind {
        name: "pod, first answer",
        unit: "ms",
        more_is_better: false,
        values: |one| &one.pod,
        goal: None,
        chart: None,
    },
    Kind {
        name: "requests by processor time",
        unit: "1/s",
        more_is_better: true,
        values: |one| &one.throughput,
        goal: None,
        chart: Some(("stages-throughput", "Requests in a second of processor time", true)),
    },
    Kind {
        name: "p99 of eight clients",
        unit: "ms",
        more_is_better: false,
        values: |one| &one.p99,
        goal: None,
        chart: None,
    },
    Kind {
        name: "memory after the first answer",
        unit: "MiB",
        more_is_better: false,
        values: |one| &one.idle,
        goal: None,
        chart: None,
    },
    Kind {
        name: "memory after load",
        unit: "MiB",
        more_is_better: false,
        values: |one| &one.loaded,
        goal: None,
        chart: Some(("stages-memory", "Resident memory after load", false)),
    },
];

/// The variants of a sample.
struct Row {
    sample: Sample,
    variants: Vec<(Variant, Measured)>,
}

/// Prepares, measures, prints.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = cache::repository();
    wrk::ensure_present()?;
    java::package(&root)?;
    let chosen: Vec<Sample> = SAMPLES
        .into_iter()
        .filter(|sample| args.only.is_empty() || args.only.iter().any(|name| name == sample.name))
        .collect();
    let unknown = args.only.iter().find(|name| !chosen.iter().any(|sample| sample.name == **name));
    if let Some(name) = unknown {
        bail!("there is no sample {name:?}");
    }
    let files = Files::start(&root)?;
    let prepared: Vec<Prepared> = chosen
        .iter()
        .map(|sample| Prepared::make(&root, *sample, files.address))
        .collect::<Result<_>>()?;
    if args.prepare {
        return Ok(());
    }
    let mut rows = Vec::new();
    for one in &prepared {
        rows.push(measure(args, one, files.address)?);
    }
    let pods = if args.pods > 0 {
        pods::measure(&root, args.pods, &prepared, &mut rows)
    } else {
        Ok(Vec::new())
    };
    // What was measured before is told, also if pods failed.
    let baseline = pods.as_deref().unwrap_or_default();
    report(args, &rows, baseline).and_then(|()| pods.map(drop))
}

fn measure(args: &Args, prepared: &Prepared, files: SocketAddr) -> Result<Row> {
    let mut row = Row {
        sample: prepared.sample,
        variants: VARIANTS.map(|variant| (variant, Measured::default())).into(),
    };
    for (variant, measured) in &mut row.variants {
        measured.artifact = as_f64(prepared.bytes(*variant)?) / MIB;
    }
    println!("{}: {} starts of each variant", row.sample.name, args.starts);
    let request = row.sample.request(files);
    // Round 0 is not counted: it brings pages into memory for the others.
    for round in 0..=args.starts {
        for index in turn(round, row.variants.len()) {
            let (variant, measured) = &mut row.variants[index];
            let (time, memory) = start(prepared, *variant, &request)?;
            if round > 0 {
                measured.process.push(time.as_secs_f64() * 1e3);
                measured.idle.push(memory / MIB);
            }
        }
    }
    println!("{}: {} loads of each variant", row.sample.name, args.loads);
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let script = folder.path().join("load.lua");
    wrk::script(&script, &row.sample.body(files))?;
    for round in 0..args.loads {
        for index in turn(round, row.variants.len()) {
            let (variant, measured) = &mut row.variants[index];
            load(args, prepared, *variant, &request, &script, measured)?;
        }
    }
    Ok(row)
}

/// The order in which variants come in a round: nobody always follows the same one.
fn turn(round: u16, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |index| (index + usize::from(round)) % count)
}

fn start(prepared: &Prepared, variant: Variant, request: &Request) -> Result<(Duration, f64)> {
    let port = process::free_port()?;
    let server = Server::start(prepared.command(variant).env("PORT", port.to_string()), port)?;
    let time = server
        .first_answer(request)
        .with_context(|| format!("{} on {}", prepared.sample.name, variant.name()))?;
    let memory = server.memory()?;
    server.end(END)?;
    Ok((time, memory))
}

fn load(args: &Args, prepared: &Prepared, variant: Variant, request: &Request, script: &Path, measured: &mut Measured) -> Result<()> {
    let port = process::free_port()?;
    let inner = prepared.command(variant);
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", PROCESSORS[0]])
        .arg(inner.get_program())
        .args(inner.get_args());
    let server = Server::start(command.env("PORT", port.to_string()), port)?;
    server.first_answer(request)?;
    wrk::run(PROCESSORS[1], port, script, Duration::from_secs(args.warm_seconds))?;
    let before = server.processor_seconds()?;
    let load = wrk::run(PROCESSORS[1], port, script, Duration::from_secs(args.seconds))?;
    measured.throughput.push(load.requests() / (server.processor_seconds()? - before));
    measured.p99.push(load.p99_milliseconds());
    measured.loaded.push(server.memory()? / MIB);
    server.end(END)
}

/// What filehash downloads from.
struct Files {
    address: SocketAddr,
    _server: Server,
}

impl Files {
    fn start(root: &Path) -> Result<Self> {
        let mut build = Command::new("cargo");
        build
            .current_dir(root)
            .args(["build", "--release", "--quiet", "--package", "anneal-e2e"]);
        process::run(&mut build)?;
        let port = process::free_port()?;
        let mut command = Command::new("taskset");
        command
            .args(["--cpu-list", PROCESSORS[1]])
            .arg(root.join("target/release/anneal-e2e"));
        command.args(["serve-file", "--bytes", "65536", "--port", &port.to_string()]);
        Ok(Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            _server: Server::start(&mut command, port)?,
        })
    }
}

fn report(args: &Args, rows: &[Row], baseline: &[f64]) -> Result<()> {
    let mut all = Vec::new();
    if !baseline.is_empty() {
        all.push(Figure::new(
            "baseline: a pod of a small static server",
            estimate(baseline).value,
            "ms",
        ));
    }
    for row in rows {
        row.print();
        all.extend(row.figures());
    }
    if let Some(folder) = &args.charts {
        draw(rows, folder)?;
    }
    println!();
    print(&all, &args.output)
}

impl Row {
    fn of(&self, wanted: Variant) -> &Measured {
        let found = self.variants.iter().find(|(variant, _)| *variant == wanted);
        &found.expect("every row has every variant").1
    }

    /// A table for people.
    fn print(&self) {
        let head: Vec<String> = KINDS.iter().map(|kind| format!("{}, {}", kind.name, kind.unit)).collect();
        println!("\n### {}\n\n| | {} | file, MiB |", self.sample.name, head.join(" | "));
        println!("|---|{}", "---:|".repeat(KINDS.len() + 1));
        for (variant, measured) in &self.variants {
            let cells: Vec<String> = KINDS.iter().map(|kind| shown((kind.values)(measured))).collect();
            let artifact = if measured.artifact > 0.0 {
                figures(measured.artifact)
            } else {
                String::new()
            };
            println!("| {} | {} | {artifact} |", variant.name(), cells.join(" | "));
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let jvm = self.of(Variant::Hotspot);
        let mut all = Vec::new();
        for (variant, measured) in &self.variants {
            for kind in &KINDS {
                let (values, of_jvm) = ((kind.values)(measured), (kind.values)(jvm));
                if values.is_empty() {
                    continue;
                }
                let name = format!("{}, {}: {}", self.sample.name, variant.name(), kind.name);
                let mut figure = Figure::new(name, estimate(values).value, kind.unit);
                if *variant != Variant::Hotspot {
                    let better = if kind.more_is_better {
                        ratio(values, of_jvm)
                    } else {
                        ratio(of_jvm, values)
                    };
                    figure = figure.against("JVM", better.value).within(better.low, better.high);
                }
                if let (Some(goal), Variant::Native(_)) = (kind.goal, variant) {
                    figure = figure.goal(goal);
                }
                all.push(figure);
            }
        }
        all
    }
}

/// A median and its interval, for a table.
fn shown(values: &[f64]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let Estimate { value, low, high } = estimate(values);
    format!("{} ({}–{})", figures(value), figures(low), figures(high))
}

fn draw(rows: &[Row], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for kind in &KINDS {
        let Some((file, title, logarithmic)) = kind.chart else {
            continue;
        };
        let bar = |(variant, measured): &(Variant, Measured)| (variant.name(), estimate((kind.values)(measured)));
        let group = |row: &Row| Group {
            name: row.sample.name.to_owned(),
            bars: row.variants.iter().map(bar).collect(),
        };
        let chart = Chart {
            title,
            unit: kind.unit,
            logarithmic,
            groups: rows.iter().map(group).collect(),
        };
        let path = folder.join(format!("{file}.svg"));
        fs::write(&path, chart.svg()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files are far below 2^52")]
const fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}
