//! Owns the arguments of `merge` and what they mean together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anneal_iprof::{ConflictPolicy, Limits, UnknownKeys};
use clap::ValueEnum;
use snafu::{OptionExt as _, ResultExt as _};

use crate::iprof::Format;
use crate::iprof::console::Console;
use crate::iprof::error::{ReadFileSnafu, RefuseArgumentsSnafu, Result};
use crate::iprof::input::Input;
use crate::iprof::output::Target;

/// Endings of the files that a folder is searched for.
const ENDINGS: [&str; 2] = [".iprof", ".iprof.gz"];

/// Arguments of `merge`.
#[derive(clap::Args, Clone, Debug)]
pub(in crate::iprof) struct Args {
    /// Profiles, plain or gzip; `-` is the standard input.
    #[arg(value_name = "FILE", required_unless_present = "input_dir", conflicts_with = "input_dir")]
    files: Vec<PathBuf>,
    /// Merges all files of a folder that end in .iprof or .iprof.gz; not those of folders below.
    #[arg(long, value_name = "DIR")]
    input_dir: Option<PathBuf>,
    /// Where the merge goes: a file, as gzip if its name ends in .gz, or `-` for the standard output.
    #[arg(long, value_name = "OUT")]
    output: PathBuf,
    /// Multiplies the counts of a file by a positive number. May be repeated; other files have weight 1.
    #[arg(long, value_name = "FILE=W", conflicts_with = "equal")]
    weight: Vec<Weight>,
    /// Gives each file the same sum of events, that of the largest.
    #[arg(long)]
    equal: bool,
    /// What becomes of a branch about whose shape the files disagree.
    #[arg(long, value_enum, value_name = "POLICY")]
    conflicts: Option<Conflicts>,
    /// Drops types and methods to which no counter refers.
    #[arg(long)]
    prune: bool,
    /// Refuses files with keys that the schema does not name, instead of dropping those keys.
    #[arg(long)]
    strict: bool,
    /// How the report is printed.
    #[arg(short = 'o', long = "format", value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Conflicts {
    /// The shape with most events is kept. The default.
    Dominant,
    /// The branch is left out.
    Drop,
}

/// A file's weight, as `FILE=W`.
#[derive(Clone, Debug, PartialEq)]
struct Weight {
    file: PathBuf,
    weight: f64,
}

impl FromStr for Weight {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Names may have the sign; numbers have not.
        let (file, weight) = text.rsplit_once('=').ok_or("must be FILE=W")?;
        let weight: f64 = weight.parse().map_err(|_| "the weight must be a number")?;
        if !(weight.is_finite() && weight > 0.0) {
            return Err("the weight must be a positive number");
        }
        Ok(Self { file: file.into(), weight })
    }
}

/// How weights are found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Weighting {
    /// By arguments; 1 if there are none.
    Given,
    /// So that all files have the same sum of events.
    Equal,
}

/// One file to merge.
pub(super) struct Member {
    pub(super) input: Input,
    /// As given by arguments.
    pub(super) weight: f64,
}

impl Args {
    pub(super) fn unknown_keys(&self) -> UnknownKeys {
        if self.strict { UnknownKeys::Refuse } else { UnknownKeys::Drop }
    }

    pub(super) fn policy(&self) -> ConflictPolicy {
        match self.conflicts {
            None | Some(Conflicts::Dominant) => ConflictPolicy::Dominant,
            Some(Conflicts::Drop) => ConflictPolicy::Drop,
        }
    }

    pub(super) fn weighting(&self) -> Weighting {
        if self.equal { Weighting::Equal } else { Weighting::Given }
    }

    pub(super) fn prunes(&self) -> bool {
        self.prune
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    pub(super) fn target(&self) -> Target {
        Target::new(&self.output)
    }

    /// Whether nothing was asked for that changes what a profile holds.
    pub(super) fn has_no_options(&self) -> bool {
        self.weight.is_empty() && !self.equal && self.conflicts.is_none() && !self.prune && !self.strict
    }

    /// The files, in the order of the arguments, or of their names in a folder.
    pub(super) fn members(&self, limits: &Limits, console: &mut Console<'_>) -> Result<Vec<Member>> {
        let paths = match &self.input_dir {
            Some(folder) => list(folder)?,
            None => self.files.clone(),
        };
        for weight in &self.weight {
            paths.contains(&weight.file).then_some(()).context(RefuseArgumentsSnafu {
                message: format!("--weight names {}, which is not merged", weight.file.display()),
            })?;
            if self.weight.iter().filter(|other| other.file == weight.file).count() > 1 {
                let message = format!("--weight names {} twice", weight.file.display());
                return RefuseArgumentsSnafu { message }.fail();
            }
        }
        let inputs = Input::open_all(&paths, limits, console)?;
        let member = |input: Input| Member {
            weight: self.weight_of(input.path()),
            input,
        };
        Ok(inputs.into_iter().map(member).collect())
    }

    fn weight_of(&self, path: &Path) -> f64 {
        let given = self.weight.iter().find(|weight| weight.file == path);
        given.map_or(1.0, |weight| weight.weight)
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = || -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            if ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes())) && path.is_file() {
                paths.push(path);
            }
        }
        paths.sort_unstable();
        Ok(paths)
    };
    let file = folder.display().to_string();
    let paths = listed().context(ReadFileSnafu { file: &file })?;
    if paths.is_empty() {
        let message = format!("{file} has no file that ends in .iprof or .iprof.gz");
        return RefuseArgumentsSnafu { message }.fail();
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Weight;

    #[test]
    fn a_files_name_may_have_the_sign() {
        let weight: Weight = "a=b.iprof=0.5".parse().unwrap();
        assert_eq!((weight.file.to_str(), weight.weight), (Some("a=b.iprof"), 0.5));
    }

    #[rstest]
    #[case("a.iprof")]
    #[case("a.iprof=")]
    #[case("a.iprof=much")]
    #[case("a.iprof=0")]
    #[case("a.iprof=-1")]
    #[case("a.iprof=inf")]
    #[case("a.iprof=NaN")]
    fn refuses_weights_that_are_no_positive_number(#[case] text: &str) {
        assert!(text.parse::<Weight>().is_err());
    }
}
