//! `relevance`: how much of a profile still exists in a jar.
//!
//! A jar holds the application's classes and not the JDK's, about which it says nothing. A class that the jar does not have
//! counts as the application's, and as gone, if the jar has other classes of its package. Classes made at run time, whose
//! names have a slash, change with every build and are left out.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;

use anneal_classfile::{Jar, JarLimits, MethodIndex};
use anneal_iprof::{Presence, UnknownKeys};
use serde::Serialize;
use snafu::ResultExt as _;

use super::console::Console;
use super::error::{ReadFileSnafu, ReadJarSnafu, Result};
use super::input::Input;
use super::table::{Table, number, percent, text};
use super::{Format, Outcome, limits};

/// Arguments of `relevance`.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Args {
    /// A profile, plain or gzip; `-` is the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The jar, with everything that the application brings along.
    #[arg(long, value_name = "JAR")]
    jar: PathBuf,
    /// How the result is printed.
    #[arg(short = 'o', long = "format", value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    file: String,
    jar: String,
    /// Classes of the jar that could be read.
    classes: u64,
    /// Class files of the jar that could not.
    unreadable_classes: u64,
    /// Share of the application's methods in the profile that the jar has with the same descriptor.
    methods_percent: f64,
    /// Share of the application's events in the profile that belong to such a method.
    mass_percent: f64,
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<Outcome> {
    let limits = limits(UnknownKeys::Drop);
    let input = Input::open(&args.file, &limits, console)?;
    console.progress(1, 2, "reading", &input.label);
    let profile = input.profile(&limits)?;
    let jar = args.jar.display().to_string();
    console.progress(2, 2, "reading", &jar);
    let file = File::open(&args.jar).context(ReadFileSnafu { file: &jar })?;
    let scanned = Jar::from_source(file, &JarLimits::default()).and_then(|mut jar| jar.scan());
    let facts = scanned.context(ReadJarSnafu { file: &jar })?;
    let packages = packages(&facts.index);
    let relevance = anneal_iprof::relevance(&profile, |class, method, descriptor| {
        presence(&facts.index, &packages, class, method, descriptor)
    });
    let view = View {
        file: input.label,
        jar,
        classes: facts.class_count as u64,
        unreadable_classes: facts.unreadable_classes as u64,
        methods_percent: relevance.methods_percent,
        mass_percent: relevance.mass_percent,
    };
    console.show(args.format, || table(&view), &view)?;
    Ok(Outcome::Good)
}

fn packages(index: &MethodIndex) -> HashSet<&str> {
    index.classes().into_iter().map(|(class, _)| package(class)).collect()
}

fn package(class: &str) -> &str {
    class.rsplit_once('.').map_or("", |(package, _)| package)
}

fn presence(index: &MethodIndex, packages: &HashSet<&str>, class: &str, method: &str, descriptor: &str) -> Presence {
    if index.contains(class, method, descriptor) {
        Presence::Present
    } else if class.contains('/') || !packages.contains(package(class)) {
        Presence::Foreign
    } else {
        Presence::Absent
    }
}

fn table(view: &View) -> Table {
    let mut table = Table::new(&["FILE", "JAR", "CLASSES", "UNREADABLE", "METHODS", "EVENTS"]);
    table.push([
        text(&view.file),
        text(&view.jar),
        number(view.classes),
        number(view.unreadable_classes),
        percent(view.methods_percent),
        percent(view.mass_percent),
    ]);
    table
}
