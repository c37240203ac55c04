//! `anneal iprof`: checks, merges and compares profiles, one module per verb.
//!
//! Owns the arguments and the exit codes: 0 is good, 1 is a finding (an invalid profile, a difference), 2 is wrong usage or a
//! file that cannot be read or written.

mod check;
mod console;
mod diff;
mod error;
mod input;
mod merge;
mod output;
mod overlap;
mod relevance;
mod stat;
mod synth;
mod table;
mod top;
mod view;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anneal_iprof::{Limits, UnknownKeys};
use clap::{Subcommand, ValueEnum};

pub use console::{Console, Progress};
pub use error::Error;

use crate::iprof::error::Result;

/// Checks, merges and compares profiles of instrumented native images. Needs no cluster.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Says of each file whether it is a valid profile, and if not, where the fault is.
    Check(Files),
    /// Merges profiles into one, in canonical form.
    Merge(merge::Args),
    /// Shows what profiles hold.
    Stat(Files),
    /// Shows the methods with the most events.
    Top(top::Args),
    /// Compares two profiles counter by counter.
    Diff(Pair),
    /// Shows how alike two profiles distribute their events.
    Overlap(Pair),
    /// Shows how much of a profile still exists in a jar.
    Relevance(relevance::Args),
    /// Writes a made-up profile, for measuring.
    Synth(synth::Args),
}

/// Arguments of verbs that look at any number of profiles.
#[derive(clap::Args, Clone, Debug)]
struct Files {
    /// Profiles, plain or gzip; `-` is the standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How the result is printed.
    #[arg(short = 'o', long = "format", value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Arguments of verbs that compare two profiles.
#[derive(clap::Args, Clone, Debug)]
struct Pair {
    /// A profile, plain or gzip; `-` is the standard input.
    #[arg(value_name = "A")]
    left: PathBuf,
    /// Another.
    #[arg(value_name = "B")]
    right: PathBuf,
    /// How the result is printed.
    #[arg(short = 'o', long = "format", value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// One JSON object.
    Json,
}

/// What a command found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing to complain about: exit code 0.
    Good,
    /// What was asked for is not so: exit code 1.
    Finding,
}

/// Runs a command on the process's own streams.
pub fn run(args: &Args) -> ExitCode {
    let progress = if io::stderr().is_terminal() {
        Progress::Shown
    } else {
        Progress::Hidden
    };
    let (mut stdin, mut stdout, mut stderr) = (io::stdin().lock(), io::stdout().lock(), io::stderr().lock());
    let mut console = Console::new(&mut stdin, &mut stdout, &mut stderr, progress);
    let code = match run_on(args, &mut console) {
        Ok(Outcome::Good) => 0,
        Ok(Outcome::Finding) => 1,
        // Whoever read has seen enough.
        Err(error) if error.is_closed_pipe() => 0,
        Err(error) => {
            console.complain(&error);
            error.exit_code()
        }
    };
    ExitCode::from(code)
}

/// Runs a command on given streams.
pub fn run_on(args: &Args, console: &mut Console<'_>) -> Result<Outcome, Error> {
    let outcome = match &args.verb {
        Verb::Check(args) => check::run(args, console),
        Verb::Merge(args) => merge::run(args, console),
        Verb::Stat(args) => stat::run(args, console),
        Verb::Top(args) => top::run(args, console),
        Verb::Diff(args) => diff::run(args, console),
        Verb::Overlap(args) => overlap::run(args, console),
        Verb::Relevance(args) => relevance::run(args, console),
        Verb::Synth(args) => synth::run(args, console),
    };
    console.clear();
    outcome
}

/// Bounds for files on the user's own machine: those of a merge, far above those of a single tenant's upload.
fn limits(unknown_keys: UnknownKeys) -> Limits {
    Limits {
        unknown_keys,
        ..Limits::for_intermediate()
    }
}
