//! `diff`: whether two profiles say the same, and by section where they differ. Names are compared, never ids.

mod correspondence;

use std::collections::HashMap;

use anneal_iprof::{Frame, Profile, Section, UnknownKeys};
use serde::Serialize;

use self::correspondence::Correspondence;
use super::console::Console;
use super::error::Result;
use super::input::read_two;
use super::table::{Table, number, text};
use super::view::section_name;
use super::{Outcome, Pair, limits};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    left: String,
    right: String,
    equal: bool,
    types: Tally,
    methods: Tally,
    sections: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    section: &'static str,
    #[serde(flatten)]
    tally: Tally,
}

/// What two lists have in common.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tally {
    same: u64,
    /// In both, with other counts.
    changed: u64,
    only_left: u64,
    only_right: u64,
}

impl Tally {
    fn is_equal(self) -> bool {
        self.changed + self.only_left + self.only_right == 0
    }

    /// Of two lists of which `same` items are in both.
    fn of_names(left: usize, right: usize, same: u64) -> Self {
        Self {
            same,
            changed: 0,
            only_left: left as u64 - same,
            only_right: right as u64 - same,
        }
    }
}

pub(super) fn run(args: &Pair, console: &mut Console<'_>) -> Result<Outcome> {
    let [(left_file, left), (right_file, right)] = read_two(&args.left, &args.right, &limits(UnknownKeys::Drop), console)?;
    let view = compare(&left_file, &left, &right_file, &right);
    console.show(args.format, || table(&view), &view)?;
    Ok(if view.equal { Outcome::Good } else { Outcome::Finding })
}

fn compare(left_file: &str, left: &Profile, right_file: &str, right: &Profile) -> View {
    let correspondence = Correspondence::new(left, right);
    let types = Tally::of_names(left.types().len(), right.types().len(), correspondence.common_types());
    let methods = Tally::of_names(left.methods().len(), right.methods().len(), correspondence.common_methods());
    let sections: Vec<Row> = Section::ALL
        .into_iter()
        .map(|section| Row {
            section: section_name(section),
            tally: compare_section(section, left, right, &correspondence),
        })
        .collect();
    View {
        left: left_file.to_owned(),
        right: right_file.to_owned(),
        equal: types.is_equal() && methods.is_equal() && sections.iter().all(|row| row.tally.is_equal()),
        types,
        methods,
        sections,
    }
}

fn compare_section(section: Section, left: &Profile, right: &Profile, correspondence: &Correspondence) -> Tally {
    let known: HashMap<&[Frame], &[i64]> = left
        .entries(section)
        .iter()
        .map(|entry| (&*entry.context, &*entry.records))
        .collect();
    let mut tally = Tally::default();
    for entry in right.entries(section) {
        let counterpart = correspondence.context(&entry.context).and_then(|context| known.get(&*context));
        match counterpart {
            None => tally.only_right += 1,
            Some(records) if correspondence.records(section, &entry.records).as_deref() == Some(*records) => tally.same += 1,
            Some(_) => tally.changed += 1,
        }
    }
    tally.only_left = known.len() as u64 - tally.same - tally.changed;
    tally
}

fn table(view: &View) -> Table {
    let mut table = Table::new(&["PART", "SAME", "CHANGED", "ONLY-A", "ONLY-B"]);
    let parts = [("types", view.types), ("methods", view.methods)];
    let sections = view.sections.iter().map(|row| (row.section, row.tally));
    for (part, tally) in parts.into_iter().chain(sections) {
        table.push([
            text(part),
            number(tally.same),
            number(tally.changed),
            number(tally.only_left),
            number(tally.only_right),
        ]);
    }
    table
}
