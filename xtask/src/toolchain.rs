//! Compilers for the suites, assembled from packages.
//!
//! GraalVM Community Edition is in no registry as a whole; [`home`] puts it together from its jars, the JDK of this
//! machine and C libraries of ours. What each part is and may be used for: `e2e/toolchain/graalvm-ce/README.md`.

mod driver_test;
mod front_end;
mod home;
mod jars;
mod libraries;
mod parts;
mod profiles;
mod prove;
mod relocatable;
mod support;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum Task {
    /// A home of GraalVM Community Edition with `bin/native-image`; the last line printed is its path.
    GraalvmCe(GraalvmCe),
}

#[derive(Args)]
pub(crate) struct GraalvmCe {
    /// Run the tests of the C libraries and of the front end.
    #[arg(long)]
    test: bool,
    /// Compile two programs with the home and ask them for an answer: minutes, and three gigabytes of memory.
    #[arg(long)]
    prove: bool,
    /// Build and run a program with profile-guided optimization, of good and of bad profiles: six builds.
    #[arg(long)]
    pgo: bool,
}

/// The home of GraalVM Community Edition, assembled if it is not there.
pub(crate) fn graalvm_ce() -> Result<PathBuf> {
    home::assemble(&parts::Parts::find()?)
}

/// The tests of its C libraries and of its front end.
pub(crate) fn test() -> Result<()> {
    run(&Task::GraalvmCe(GraalvmCe {
        test: true,
        prove: false,
        pgo: false,
    }))
}

pub(crate) fn run(task: &Task) -> Result<()> {
    let Task::GraalvmCe(arguments) = task;
    let parts = parts::Parts::find()?;
    if arguments.test {
        support::test(&parts)?;
    }
    let home = home::assemble(&parts)?;
    if arguments.test {
        driver_test::run(&home)?;
    }
    if arguments.prove {
        prove::run(&parts, &home)?;
    }
    if arguments.pgo {
        profiles::run(&parts, &home)?;
    }
    println!("{}", home.display());
    Ok(())
}
