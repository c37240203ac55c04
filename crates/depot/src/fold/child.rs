//! The process that folds: holds one merge, reads tenants' uploads, and has nothing that they could want.
//!
//! It bounds its own memory and files before it reads a byte, has an empty environment, and speaks with the depot that
//! started it alone. It ends when its input does.

use std::io::{self, BufReader, BufWriter, Read, Write};

use clap::ValueEnum;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{
    FoldLimits, Merge, Rejection,
    wire::{self, Kind, Summary},
};
use crate::{metadata::MetadataMerge, profiles::ProfileMerge};

/// Flags of the process that folds. The depot alone gives them.
#[derive(clap::Args)]
pub struct FoldArgs {
    /// What is merged.
    #[arg(long, value_enum)]
    pub(super) subject: SubjectKind,
    /// Memory beside the program's own, in bytes.
    #[arg(long)]
    pub(super) memory: u64,
    /// The largest profile, as stored.
    #[arg(long)]
    pub(super) raw: u64,
    /// The largest profile, after decompression.
    #[arg(long)]
    pub(super) inflated: u64,
    /// The largest metadata of one pod.
    #[arg(long)]
    pub(super) metadata: u64,
    /// The largest merge, as stored.
    #[arg(long)]
    pub(super) state: u64,
}

/// What is merged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SubjectKind {
    /// Profiles.
    Profile,
    /// Reachability metadata.
    Metadata,
}

/// Folds what the depot sends until it sends no more.
pub fn fold(args: &FoldArgs) -> io::Result<()> {
    let budget = Budget::confine(args.memory)?;
    let limits = FoldLimits {
        raw: args.raw,
        inflated: args.inflated,
        metadata: args.metadata,
        state: args.state,
    };
    let (input, output) = (BufReader::new(io::stdin().lock()), BufWriter::new(io::stdout().lock()));
    match args.subject {
        SubjectKind::Profile => serve::<ProfileMerge>(input, output, &limits, &budget),
        SubjectKind::Metadata => serve::<MetadataMerge>(input, output, &limits, &budget),
    }
}

/// How much address space the process may have.
struct Budget {
    /// What the program itself takes.
    program: u64,
    memory: u64,
}

impl Budget {
    /// No file, socket or core dump, and so much memory. A program that asks for more of it is ended by its allocator.
    fn confine(memory: u64) -> io::Result<Self> {
        let budget = Self {
            program: mapped()?,
            memory,
        };
        // Standard input, output and error: there is no fourth.
        for (resource, most) in [
            (Resource::As, budget.program.saturating_add(memory)),
            (Resource::Core, 0),
            (Resource::Nofile, 3),
        ] {
            limit(resource, most, most)?;
        }
        Ok(budget)
    }

    /// A state is read with all the memory, and uploads are taken in with three quarters: what was taken in can be read back.
    fn allow(&self, kind: Kind) -> io::Result<()> {
        let part = if kind == Kind::Resume { self.memory } else { self.memory / 4 * 3 };
        limit(
            Resource::As,
            self.program.saturating_add(part),
            self.program.saturating_add(self.memory),
        )
    }
}

fn limit(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(current),
        maximum: Some(maximum),
    };
    Ok(setrlimit(resource, limit)?)
}

/// Bytes of address space in use.
fn mapped() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes
        .map(|kibibytes| kibibytes << 10)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "/proc/self/status names no VmSize"))
}

fn serve<M: Merge>(mut input: impl Read, mut output: impl Write, limits: &FoldLimits, budget: &Budget) -> io::Result<()> {
    let mut merge = M::default();
    let largest = limits.state.max(M::raw_limit(limits));
    while let Some((kind, body)) = wire::read(&mut input, largest)? {
        budget.allow(kind)?;
        match kind {
            Kind::Begin => {
                merge = M::default();
                answer(&mut output, Ok(()))?;
            }
            Kind::Resume => {
                // The old one goes first: there is no room for both.
                merge = M::default();
                let read = M::read(&body, limits).map(|read| merge = read);
                answer(&mut output, read)?;
            }
            Kind::Fold => answer(&mut output, merge.fold(&body, limits))?,
            Kind::Finish => finish(&mut output, &merge, limits)?,
            Kind::Done | Kind::Refused | Kind::Merged | Kind::Bytes => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a question is none"));
            }
        }
        output.flush()?;
    }
    Ok(())
}

fn answer<T: serde::Serialize>(output: &mut impl Write, result: Result<T, Rejection>) -> io::Result<()> {
    match result {
        Ok(done) => wire::write(output, Kind::Done, &serde_json::to_vec(&done)?),
        Err(rejection) => wire::write(output, Kind::Refused, &serde_json::to_vec(&rejection)?),
    }
}

fn finish<M: Merge>(output: &mut impl Write, merge: &M, limits: &FoldLimits) -> io::Result<()> {
    let merged = match merge.finish() {
        Ok(merged) => merged,
        Err(rejection) => return answer::<()>(output, Err(rejection)),
    };
    let largest = merged.published.len().max(merged.state.as_ref().map_or(0, Vec::len)) as u64;
    if largest > limits.state {
        let message = format!("the merge would have {largest} bytes, more than {}", limits.state);
        return answer::<()>(output, Err(Rejection::new("TooLarge", message)));
    }
    let summary = Summary {
        digest: merged.digest,
        events: merged.events,
        state: merged.state.is_some(),
    };
    wire::write(output, Kind::Merged, &serde_json::to_vec(&summary)?)?;
    wire::write(output, Kind::Bytes, &merged.published)?;
    match merged.state {
        Some(state) => wire::write(output, Kind::Bytes, &state),
        None => Ok(()),
    }
}
