//! What a profile says of one program, in a form that can be written down beforehand.

use std::fmt::Write;

use anneal_iprof::{Entry, Profile, Section};
use anyhow::{Context, Result, ensure};

/// Records of the program's own methods: what and where, and the counts.
#[derive(Debug)]
pub(super) struct Counts(Vec<(String, Vec<i64>)>);

impl Counts {
    /// Branches are told by the order of their targets in the bytecode, types by their names.
    pub(super) fn of(profile: &Profile, program: &str) -> Self {
        let mut counts = Vec::new();
        for (section, word) in [
            (Section::CallCounts, "calls"),
            (Section::Conditionals, "branches"),
            (Section::VirtualInvokes, "receivers"),
            (Section::InstanceOf, "instances"),
        ] {
            for entry in profile.entries(section) {
                let place = place(profile, entry);
                if !place.starts_with(program) {
                    continue;
                }
                match section {
                    Section::CallCounts => counts.push((format!("{word} {place}"), entry.records.to_vec())),
                    Section::Conditionals => counts.push((format!("{word} {place}"), by_target(&entry.records))),
                    _ => counts.extend(types(profile, entry).map(|(name, count)| (format!("{word} {place} {name}"), vec![count]))),
                }
            }
        }
        for entry in profile.entries(Section::Monitors) {
            let own = types(profile, entry).filter(|(name, _)| name.contains(program));
            counts.extend(own.map(|(name, count)| (format!("monitors {name}"), vec![count])));
        }
        counts.sort();
        Self(counts)
    }

    /// What `prove/Profiled.java` does.
    pub(super) fn expected(rounds: i64, threads: i64) -> Self {
        Self::listed(rounds * threads, threads, true)
    }

    /// The same of a run that has not ended.
    pub(super) fn expected_while_waiting(rounds: i64, threads: i64) -> Self {
        Self::listed(rounds * threads, threads, false)
    }

    fn listed(all: i64, threads: i64, has_ended: bool) -> Self {
        let mut counts: Vec<(String, Vec<i64>)> = [
            ("calls Profiled.main", vec![1]),
            ("calls Profiled.lambda$main$0", vec![threads]),
            ("calls Profiled$$Lambda.run", vec![threads]),
            ("calls Profiled.work", vec![threads]),
            ("calls Profiled$Square.area", vec![all / 2 + all / 20 * 19]),
            ("calls Profiled$Strip.area", vec![all / 4]),
            ("calls Profiled$Dot.area", vec![all / 4 + all / 20]),
            // Two loops, and whether to wait.
            ("branches Profiled.main", vec![threads, 1]),
            ("branches Profiled.main", vec![threads, 1]),
            ("branches Profiled.main", vec![i64::from(!has_ended), i64::from(has_ended)]),
            ("branches Profiled.work", vec![all, threads]),
            ("branches Profiled.work", vec![all / 10, all - all / 10]),
            ("branches Profiled.third < Profiled.work", vec![all / 3, all - all / 3]),
            // The shared target of two keys, that of one, that of none, the default.
            ("branches Profiled.letter < Profiled.work", vec![all * 3 / 5, all * 2 / 5, 0, 0]),
            ("branches Profiled.kind < Profiled.work", vec![all * 2 / 5, all * 3 / 5]),
            ("branches Profiled.not < Profiled.work", vec![all / 4, all - all / 4]),
            ("receivers Profiled.area < Profiled.work Profiled$Square", vec![all / 2]),
            ("receivers Profiled.area < Profiled.work Profiled$Strip", vec![all / 4]),
            ("receivers Profiled.area < Profiled.work Profiled$Dot", vec![all / 4]),
            ("receivers Profiled.usual < Profiled.work Profiled$Square", vec![all / 20 * 19]),
            ("receivers Profiled.usual < Profiled.work Profiled$Dot", vec![all / 20]),
            ("instances Profiled.main java.lang.Thread", vec![threads]),
            ("instances Profiled.kind < Profiled.work Profiled$Square", vec![all * 2 / 5]),
            ("instances Profiled.kind < Profiled.work Profiled$Strip", vec![all / 2]),
            ("monitors [LProfiled$Shape;", vec![all]),
        ]
        .map(|(label, counts)| (label.to_owned(), counts))
        .to_vec();
        counts.sort();
        Self(counts)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn equal(&self, expected: &Self) -> Result<()> {
        let only_here: Vec<_> = self.0.iter().filter(|record| !expected.0.contains(record)).collect();
        let missing: Vec<_> = expected.0.iter().filter(|record| !self.0.contains(record)).collect();
        ensure!(
            self.0 == expected.0,
            "the profile has {only_here:?}, and should have {missing:?}, of {} records",
            expected.len()
        );
        Ok(())
    }

    /// The smallest share that a record has of what it should have; above 1 if any has more.
    pub(super) fn least_share_of(&self, expected: &Self) -> Result<f64> {
        let (labels, known): (Vec<_>, Vec<_>) = (self.0.iter().map(|(label, _)| label).collect(), expected.labels());
        ensure!(labels == known, "the profile has records of {labels:?}, not of {known:?}");
        let mut shares = Vec::new();
        for ((label, counts), (_, expected)) in self.0.iter().zip(&expected.0) {
            ensure!(counts.len() == expected.len(), "{label} has {counts:?}, not {expected:?}");
            for (count, expected) in counts.iter().zip(expected) {
                ensure!(count <= expected, "{label} has {counts:?}: more than happened");
                if *expected > 0 {
                    shares.push(f64::from(i32::try_from(*count)?) / f64::from(i32::try_from(*expected)?));
                }
            }
        }
        shares.into_iter().reduce(f64::min).context("there are no records")
    }

    fn labels(&self) -> Vec<&String> {
        self.0.iter().map(|(label, _)| label).collect()
    }
}

/// `Class.method`, then its callers.
fn place(profile: &Profile, entry: &Entry) -> String {
    let mut text = String::new();
    for frame in &entry.context {
        let method = &profile.methods()[frame.method as usize];
        let class = &profile.types()[method.signature[0] as usize];
        // A lambda's class is numbered.
        let class = class.split('/').next().unwrap_or(class);
        let separator = if text.is_empty() { "" } else { " < " };
        // Writing to a string does not fail.
        let _written = write!(text, "{separator}{class}.{}", method.name);
    }
    text
}

/// The counts in the order of the targets; a key that shares a target has none of its own.
fn by_target(records: &[i64]) -> Vec<i64> {
    let mut targets: Vec<(i64, i64)> = Vec::new();
    for record in records.chunks_exact(3).filter(|record| record[0] != -5) {
        targets.push((record[0], record[2]));
    }
    targets.sort_unstable();
    targets.into_iter().map(|(_, count)| count).collect()
}

fn types<'a>(profile: &'a Profile, entry: &'a Entry) -> impl Iterator<Item = (&'a str, i64)> {
    entry.records.chunks_exact(2).filter_map(|pair| {
        let id = usize::try_from(pair[0]).ok()?;
        Some((&*profile.types()[id], pair[1]))
    })
}
