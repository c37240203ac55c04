//! The page that says what is the same and what is not.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{differences::Differences, programs::Program};

/// The page, written anew from what was just seen.
pub(crate) fn page(programs: &[Program], known: &Differences, arguments: &[&str]) -> String {
    let mut groups: BTreeMap<&str, Vec<&Program>> = BTreeMap::new();
    for program in programs {
        groups.entry(&program.group).or_default().push(program);
    }
    let mut page = format!(
        "# What native executables do differently\n\n\
         {} small programs ([sources](../../e2e/differential)) run on the JVM and as a native executable of GraalVM Community Edition 25.0.2,\n\
         assembled from packages, built with the metadata that [the tracer](../../java/tracer/README.md) recorded of them and\n\
         `{}`.\n\
         Standard output and the way they end must be the same; `cargo xtask differential` fails on a difference that is not listed here,\n\
         and on a listed one that is gone. Written by `cargo xtask differential --write`.\n\n\
         | what | programs | the same | different |\n|---|---:|---:|---|\n",
        programs.len(),
        arguments.join(" ")
    );
    for (group, members) in &groups {
        let different: Vec<&str> = members
            .iter()
            .filter(|program| known.of(&program.name).is_some())
            .map(|program| program.name.as_str())
            .collect();
        let _infallible = writeln!(
            page,
            "| {group} | {} | {} | {} |",
            members.len(),
            members.len() - different.len(),
            different.join(", ")
        );
    }
    page.push_str("\n## The differences\n\n| program | why | what to do |\n|---|---|---|\n");
    for program in programs {
        if let Some(difference) = known.of(&program.name) {
            let _infallible = writeln!(page, "| {} | {} | {} |", program.name, difference.reason, difference.advice);
        }
    }
    page
}
