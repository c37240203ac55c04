//! `stat`: what profiles hold, and the figures by which they are judged.

use anneal_iprof::{ConflictPolicy, Intermediate, UnknownKeys, events_per_site};
use serde::Serialize;
use snafu::ResultExt as _;

use super::console::Console;
use super::error::{Result, WriteProfileSnafu};
use super::input::Input;
use super::table::{Table, number, text};
use super::view::{Entries, warnings};
use super::{Files, Outcome, limits};

#[derive(Serialize)]
struct View {
    files: Vec<Row>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    file: String,
    version: &'static str,
    /// Sha256 of the canonical bytes: equal profiles have equal digests, however their files are written.
    digest: String,
    bytes: u64,
    types: u64,
    methods: u64,
    entries: Entries,
    event_mass: u64,
    events_per_site: f64,
    /// Entries whose context the file had listed before.
    repeated_contexts: u64,
    /// Branches about whose shape the file disagrees with itself.
    conflicts: u64,
    warnings: Vec<String>,
}

pub(super) fn run(args: &Files, console: &mut Console<'_>) -> Result<Outcome> {
    let limits = limits(UnknownKeys::Drop);
    let inputs = Input::open_all(&args.files, &limits, console)?;
    let mut files = Vec::new();
    for (step, input) in inputs.iter().enumerate() {
        let file = &input.label;
        console.progress(step + 1, inputs.len(), "reading", file);
        let mut single = Intermediate::new();
        let report = input.fold_into(&mut single, &limits)?;
        let profile = single.to_final(ConflictPolicy::Dominant);
        files.push(Row {
            file: file.clone(),
            version: profile.version().as_str(),
            digest: profile.digest().context(WriteProfileSnafu { file })?.to_string(),
            bytes: report.summary.bytes,
            types: report.summary.types,
            methods: report.summary.methods,
            entries: (&profile).into(),
            event_mass: report.summary.event_mass,
            events_per_site: events_per_site(&profile),
            repeated_contexts: report.repeated_contexts,
            conflicts: single.conflicts() as u64,
            warnings: warnings(&report.summary),
        });
    }
    let view = View { files };
    console.show(args.format, || table(&view), &view)?;
    Ok(Outcome::Good)
}

fn table(view: &View) -> Table {
    let mut table = Table::new(&[
        "FILE", "VERSION", "TYPES", "METHODS", "ENTRIES", "EVENTS", "PER-SITE", "DIGEST", "NOTE",
    ]);
    for row in &view.files {
        table.push([
            text(&row.file),
            text(row.version),
            number(row.types),
            number(row.methods),
            number(row.entries.total()),
            number(row.event_mass),
            number(format!("{:.1}", row.events_per_site)),
            text(row.digest.get(..12).unwrap_or_default()),
            text(row.warnings.join("; ")),
        ]);
    }
    table
}
