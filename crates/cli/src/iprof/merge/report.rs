//! Owns what a merge tells: what each file brought and what came of it.

use anneal_iprof::{Digest, Profile, Report, Summary};
use serde::Serialize;

use crate::iprof::table::{Table, number, percent, text};
use crate::iprof::view::{Entries, warnings};

#[derive(Serialize)]
pub(super) struct View {
    pub(super) inputs: Vec<InputRow>,
    pub(super) output: OutputView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InputRow {
    file: String,
    weight: f64,
    event_mass: u64,
    contexts: u64,
    new_contexts: u64,
    new_context_percent: f64,
    repeated_contexts: u64,
    warnings: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutputView {
    file: String,
    /// Whether the single input was copied as it is.
    copied: bool,
    version: &'static str,
    /// Sha256 of the canonical bytes; a copy need not be canonical and has none.
    digest: Option<String>,
    types: u64,
    methods: u64,
    entries: Entries,
    event_mass: u64,
    /// Branches about whose shape the files disagreed.
    conflicts: u64,
}

impl InputRow {
    pub(super) fn new(file: &str, weight: f64, report: &Report, new_contexts: usize) -> Self {
        let new_contexts = new_contexts as u64;
        Self {
            file: file.to_owned(),
            weight,
            event_mass: report.summary.event_mass,
            contexts: report.contexts,
            new_contexts,
            new_context_percent: share(new_contexts, report.contexts),
            repeated_contexts: report.repeated_contexts,
            warnings: warnings(&report.summary),
        }
    }

    pub(super) fn copied(file: &str, summary: &Summary) -> Self {
        let contexts = summary.entries.total();
        Self {
            file: file.to_owned(),
            weight: 1.0,
            event_mass: summary.event_mass,
            contexts,
            new_contexts: contexts,
            new_context_percent: share(contexts, contexts),
            repeated_contexts: 0,
            // Nothing is dropped from a copy.
            warnings: Vec::new(),
        }
    }
}

impl OutputView {
    pub(super) fn merged(file: String, profile: &Profile, conflicts: usize, digest: Digest) -> Self {
        Self {
            file,
            copied: false,
            version: profile.version().as_str(),
            digest: Some(digest.to_string()),
            types: profile.types().len() as u64,
            methods: profile.methods().len() as u64,
            entries: profile.into(),
            event_mass: profile.event_mass(),
            conflicts: conflicts as u64,
        }
    }

    pub(super) fn copied(file: String, summary: &Summary) -> Self {
        Self {
            file,
            copied: true,
            version: summary.version.as_str(),
            digest: None,
            types: summary.types,
            methods: summary.methods,
            entries: (&summary.entries).into(),
            event_mass: summary.event_mass,
            conflicts: 0,
        }
    }
}

impl View {
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(&["FILE", "WEIGHT", "EVENTS", "CONTEXTS", "NEW", "NEW%", "NOTE"]);
        for row in &self.inputs {
            table.push([
                text(&row.file),
                number(format!("{:.3}", row.weight)),
                number(row.event_mass),
                number(row.contexts),
                number(row.new_contexts),
                percent(row.new_context_percent),
                text(row.warnings.join("; ")),
            ]);
        }
        let output = &self.output;
        let note = match (&output.digest, output.conflicts) {
            (None, _) => "copied as it is, for keys that a merge would drop".to_owned(),
            (Some(digest), 0) => format!("sha256 {digest}"),
            (Some(digest), conflicts) => format!("sha256 {digest}; {conflicts} branches of disputed shape"),
        };
        table.push([
            text(&output.file),
            number("="),
            number(output.event_mass),
            number(output.entries.total()),
            number(""),
            number(""),
            text(note),
        ]);
        table
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share shown in percent")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}
