//! `check`: whether files are valid profiles. Reads each once and keeps nothing of it.

use anneal_iprof::{Summary, UnknownKeys};
use serde::Serialize;
use snafu::ResultExt as _;

use super::console::{Console, chain};
use super::error::{ReadProfileSnafu, Result};
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
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Contents>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    version: &'static str,
    bytes: u64,
    types: u64,
    methods: u64,
    entries: Entries,
    event_mass: u64,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Fault {
    category: &'static str,
    message: String,
}

pub(super) fn run(args: &Files, console: &mut Console<'_>) -> Result<Outcome> {
    let limits = limits(UnknownKeys::Drop);
    let inputs = Input::open_all(&args.files, &limits, console)?;
    let mut files = Vec::new();
    for (step, input) in inputs.iter().enumerate() {
        console.progress(step + 1, inputs.len(), "checking", &input.label);
        let checked = anneal_iprof::check(input.reader()?, &limits);
        files.push(match checked {
            Ok(summary) => valid(&input.label, &summary),
            Err(error) => invalid(&input.label, error),
        });
    }
    let view = View { files };
    console.show(args.format, || table(&view), &view)?;
    let is_good = view.files.iter().all(|row| row.valid);
    Ok(if is_good { Outcome::Good } else { Outcome::Finding })
}

fn valid(file: &str, summary: &Summary) -> Row {
    Row {
        file: file.to_owned(),
        valid: true,
        profile: Some(Contents {
            version: summary.version.as_str(),
            bytes: summary.bytes,
            types: summary.types,
            methods: summary.methods,
            entries: (&summary.entries).into(),
            event_mass: summary.event_mass,
            warnings: warnings(summary),
        }),
        fault: None,
    }
}

fn invalid(file: &str, error: anneal_iprof::Error) -> Row {
    let category = error.category();
    let refused = Err::<(), _>(error).context(ReadProfileSnafu { file });
    Row {
        file: file.to_owned(),
        valid: false,
        profile: None,
        fault: Some(Fault {
            category,
            message: refused.err().as_ref().map(chain).unwrap_or_default(),
        }),
    }
}

fn table(view: &View) -> Table {
    let mut table = Table::new(&["FILE", "RESULT", "VERSION", "METHODS", "ENTRIES", "EVENTS", "NOTE"]);
    for row in &view.files {
        match (&row.profile, &row.fault) {
            (Some(profile), _) => table.push([
                text(&row.file),
                text("valid"),
                text(profile.version),
                number(profile.methods),
                number(profile.entries.total()),
                number(profile.event_mass),
                text(profile.warnings.join("; ")),
            ]),
            (None, fault) => table.push([
                text(&row.file),
                text("invalid"),
                text("-"),
                number("-"),
                number("-"),
                number("-"),
                text(fault.as_ref().map_or("", |fault| &fault.message)),
            ]),
        }
    }
    table
}
