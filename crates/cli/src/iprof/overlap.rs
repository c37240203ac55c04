//! `overlap`: how alike two profiles distribute their events, and how much each knows of the other.

use anneal_iprof::{Profile, UnknownKeys, events_per_site, hot_set_stability, new_context_percent, overlap};
use serde::Serialize;

use super::console::Console;
use super::error::Result;
use super::input::read_two;
use super::table::{Table, number, percent, text};
use super::{Outcome, Pair, limits};

/// The hot set carries this share of the events.
const HOT_PERCENT: u8 = 99;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    left: Side,
    right: Side,
    /// Sum of the smaller of both normalised counts, as a share of a hundred.
    overlap_percent: f64,
    /// Share of the contexts that carry 99 % of the events and are the same in both.
    hot_set_percent: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Side {
    file: String,
    event_mass: u64,
    events_per_site: f64,
    /// Share of this profile's contexts that the other does not have.
    new_context_percent: f64,
}

pub(super) fn run(args: &Pair, console: &mut Console<'_>) -> Result<Outcome> {
    let [(left_file, left), (right_file, right)] = read_two(&args.left, &args.right, &limits(UnknownKeys::Drop), console)?;
    let view = View {
        left: side(&left_file, &left, &right),
        right: side(&right_file, &right, &left),
        overlap_percent: overlap(&left, &right) * 100.0,
        hot_set_percent: hot_set_stability(&left, &right, HOT_PERCENT) * 100.0,
    };
    console.show(args.format, || table(&view), &view)?;
    Ok(Outcome::Good)
}

fn side(file: &str, profile: &Profile, other: &Profile) -> Side {
    Side {
        file: file.to_owned(),
        event_mass: profile.event_mass(),
        events_per_site: events_per_site(profile),
        new_context_percent: new_context_percent(other, profile),
    }
}

fn table(view: &View) -> Table {
    let mut table = Table::new(&["FILE", "EVENTS", "PER-SITE", "ONLY-HERE", "OVERLAP", "HOT-SET"]);
    for side in [&view.left, &view.right] {
        table.push([
            text(&side.file),
            number(side.event_mass),
            number(format!("{:.1}", side.events_per_site)),
            percent(side.new_context_percent),
            percent(view.overlap_percent),
            percent(view.hot_set_percent),
        ]);
    }
    table
}
