//! `merge`: many profiles into one, one at a time, so that together they may be larger than memory.
//!
//! A weight is applied once, to the counts as they were read. `--equal` needs to know every profile's events before the
//! first is added, and reads the files twice.

mod arguments;
mod report;

use std::io::Write;

use anneal_iprof::{Intermediate, Limits, Profile, Report, Summary};
use snafu::ResultExt as _;

pub(super) use self::arguments::Args;
use self::arguments::{Member, Weighting};
use self::report::{InputRow, OutputView, View};
use super::console::Console;
use super::error::{ReadProfileSnafu, Result, WeightProfileSnafu, WriteProfileSnafu};
use super::input::Input;
use super::output::{Packing, Target};
use super::{Outcome, limits};

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<Outcome> {
    let limits = limits(args.unknown_keys());
    let members = args.members(&limits, console)?;
    if let [member] = &members[..]
        && args.has_no_options()
        && let Some(view) = copy_unknown(args, &member.input, &limits, console)?
    {
        show(args, console, &view)?;
        return Ok(Outcome::Good);
    }
    let weights = weights(args, &members, &limits, console)?;
    let mut merged = Intermediate::new();
    let mut inputs = Vec::with_capacity(members.len());
    for (step, (member, weight)) in members.iter().zip(weights).enumerate() {
        console.progress(step + 1, members.len(), "merging", &member.input.label);
        let known = merged.len();
        let report = fold(&mut merged, &member.input, weight, &limits)?;
        inputs.push(InputRow::new(&member.input.label, weight, &report, merged.len() - known));
    }
    let mut profile = merged.to_final(args.policy());
    if args.prunes() {
        profile.prune();
    }
    write(&args.target(), &profile, console)?;
    let file = args.target().label();
    let digest = profile.digest().context(WriteProfileSnafu { file: &file })?;
    let output = OutputView::merged(file, &profile, merged.conflicts(), digest);
    show(args, console, &View { inputs, output })?;
    Ok(Outcome::Good)
}

/// The weight of each input. Only a profile whose counts must change has another than 1.
fn weights(args: &Args, members: &[Member], limits: &Limits, console: &mut Console<'_>) -> Result<Vec<f64>> {
    if args.weighting() == Weighting::Given {
        return Ok(members.iter().map(|member| member.weight).collect());
    }
    let mut masses = Vec::with_capacity(members.len());
    for (step, member) in members.iter().enumerate() {
        console.progress(step + 1, members.len(), "weighing", &member.input.label);
        masses.push(check(&member.input, limits)?.event_mass);
    }
    let largest = masses.iter().copied().max().unwrap_or(0);
    Ok(masses.into_iter().map(|mass| equal_weight(largest, mass)).collect())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a weight is an approximation, and a ratio of two masses needs no 64 bits"
)]
fn equal_weight(largest: u64, mass: u64) -> f64 {
    if mass == 0 || mass == largest {
        1.0
    } else {
        largest as f64 / mass as f64
    }
}

fn check(input: &Input, limits: &Limits) -> Result<Summary> {
    anneal_iprof::check(input.reader()?, limits).context(ReadProfileSnafu { file: &input.label })
}

fn fold(merged: &mut Intermediate, input: &Input, weight: f64, limits: &Limits) -> Result<Report> {
    #[expect(clippy::float_cmp, reason = "a weight of exactly 1 changes nothing, any other does")]
    if weight == 1.0 {
        return input.fold_into(merged, limits);
    }
    let file = &input.label;
    let mut single = Intermediate::new();
    let report = input.fold_into(&mut single, limits)?;
    let weighted = Intermediate::merge_weighted([(&single, weight)]).context(WeightProfileSnafu { file })?;
    merged.merge(&weighted).context(ReadProfileSnafu { file })?;
    Ok(report)
}

fn write(target: &Target, profile: &Profile, console: &mut Console<'_>) -> Result<()> {
    target.write(console, |output: &mut dyn Write| {
        let written = match target.packing() {
            Packing::Plain => profile.write_canonical(output),
            Packing::Gzip => profile.write_gzip(output),
        };
        written.context(WriteProfileSnafu { file: target.label() })
    })
}

/// A single profile with keys that the schema does not name is copied: what nobody has to merge, nobody may drop.
fn copy_unknown(args: &Args, input: &Input, limits: &Limits, console: &mut Console<'_>) -> Result<Option<View>> {
    console.progress(1, 1, "checking", &input.label);
    let summary = check(input, limits)?;
    if summary.unknown_sections.is_empty() && summary.unknown_fields == 0 {
        return Ok(None);
    }
    let target = args.target();
    let mut text = input.text()?;
    target.copy(console, &mut text)?;
    Ok(Some(View {
        inputs: vec![InputRow::copied(&input.label, &summary)],
        output: OutputView::copied(target.label(), &summary),
    }))
}

/// The report goes where the profile does not.
fn show(args: &Args, console: &mut Console<'_>, view: &View) -> Result<()> {
    if args.target().is_standard() {
        console.show_aside(args.format(), || view.table(), view)
    } else {
        console.show(args.format(), || view.table(), view)
    }
}
