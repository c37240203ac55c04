//! `top`: the methods in which most events happened. An event belongs to the innermost method of its context.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::PathBuf;

use anneal_iprof::{Profile, Section, UnknownKeys};
use serde::Serialize;

use super::console::Console;
use super::error::Result;
use super::input::Input;
use super::table::{Table, number, percent, text};
use super::view::{events, method_name};
use super::{Format, Outcome, limits};

/// Arguments of `top`.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Args {
    /// A profile, plain or gzip; `-` is the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many methods are shown.
    #[arg(short = 'n', value_name = "N", default_value_t = 10)]
    number: usize,
    /// How the result is printed.
    #[arg(short = 'o', long = "format", value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    file: String,
    /// Events of all methods, shown or not.
    event_mass: u64,
    methods: Vec<Row>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    method: String,
    events: u64,
    percent: f64,
    call_counts: u64,
    conditionals: u64,
    instance_of: u64,
    virtual_invokes: u64,
}

/// Events of one method, by section.
#[derive(Clone, Copy, Default)]
struct Tally {
    calls: u128,
    conditionals: u128,
    instance_of: u128,
    virtual_invokes: u128,
}

impl Tally {
    fn total(self) -> u128 {
        self.calls + self.conditionals + self.instance_of + self.virtual_invokes
    }
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<Outcome> {
    let limits = limits(UnknownKeys::Drop);
    let input = Input::open(&args.file, &limits, console)?;
    console.progress(1, 1, "reading", &input.label);
    let profile = input.profile(&limits)?;
    let view = view(input.label, &profile, args.number);
    console.show(args.format, || table(&view), &view)?;
    Ok(Outcome::Good)
}

fn view(file: String, profile: &Profile, number: usize) -> View {
    let mut tallies: HashMap<u32, Tally> = HashMap::new();
    for section in Section::ALL.into_iter().filter(|section| section.has_events()) {
        for entry in profile.entries(section) {
            let Some(innermost) = entry.context.first() else {
                continue;
            };
            let tally = tallies.entry(innermost.method).or_default();
            let count = match section {
                Section::CallCounts => &mut tally.calls,
                Section::Conditionals => &mut tally.conditionals,
                Section::InstanceOf => &mut tally.instance_of,
                Section::VirtualInvokes => &mut tally.virtual_invokes,
                Section::Monitors | Section::Samples => continue,
            };
            *count += events(section, &entry.records);
        }
    }
    let all: u128 = tallies.values().map(|tally| tally.total()).sum();
    let mut ranked: Vec<(u32, Tally)> = tallies.into_iter().filter(|(_, tally)| tally.total() > 0).collect();
    // Ids follow the methods' names, so equal counts have one order.
    ranked.sort_unstable_by_key(|(id, tally)| (Reverse(tally.total()), *id));
    let row = |(id, tally): (u32, Tally)| Row {
        method: method_name(profile, id),
        events: narrow(tally.total()),
        percent: share(tally.total(), all),
        call_counts: narrow(tally.calls),
        conditionals: narrow(tally.conditionals),
        instance_of: narrow(tally.instance_of),
        virtual_invokes: narrow(tally.virtual_invokes),
    };
    View {
        file,
        event_mass: profile.event_mass(),
        methods: ranked.into_iter().take(number).map(row).collect(),
    }
}

/// Sums saturate, as they do in a merge.
fn narrow(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX).min(i64::MAX.unsigned_abs())
}

#[expect(clippy::cast_precision_loss, reason = "a share shown in percent")]
fn share(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

fn table(view: &View) -> Table {
    let mut table = Table::new(&["EVENTS", "SHARE", "CALLS", "BRANCHES", "INSTANCEOF", "VIRTUAL", "METHOD"]);
    for row in &view.methods {
        table.push([
            number(row.events),
            percent(row.percent),
            number(row.call_counts),
            number(row.conditionals),
            number(row.instance_of),
            number(row.virtual_invokes),
            text(&row.method),
        ]);
    }
    table
}
