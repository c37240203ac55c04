//! What compiles in a demo or a suite on a cluster: the stand-in or the real compiler, and what differs by it.

use std::path::{Path, PathBuf};

use anneal_suites::STANDIN;

/// What compiles. Its name is that of a toolchain in the values that the operator is installed with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Builder {
    /// The stand-in: all five stages in minutes; it compiles nothing.
    #[default]
    Standin,
    /// GraalVM Community Edition, assembled from packages, with the add-on for profile-guided optimization.
    GraalvmCe,
}

impl Builder {
    /// The toolchain's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Standin => STANDIN,
            Self::GraalvmCe => "graalvm-ce",
        }
    }

    /// The operator's values.
    pub(crate) fn values(self, root: &Path) -> PathBuf {
        root.join(format!("e2e/values/{}.yaml", self.name()))
    }

    /// What a report says of it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Standin => "stand-in, not GraalVM",
            Self::GraalvmCe => "GraalVM Community Edition, assembled from packages, with Anneal's add-on for profile-guided optimization",
        }
    }

    /// What is said when functions are applied.
    pub(crate) const fn notice(self) -> &'static str {
        match self {
            Self::Standin => "the stand-in compiles here, not GraalVM: its figures say nothing of GraalVM's",
            Self::GraalvmCe => {
                "GraalVM Community Edition compiles here, as Java code that the JVM warms up: a released GraalVM takes less time to build"
            }
        }
    }

    /// Minutes after which a demo of all samples gives up.
    pub(crate) const fn minutes(self) -> u64 {
        match self {
            Self::Standin => 15,
            Self::GraalvmCe => 60,
        }
    }

    /// A committed manifest, for this toolchain.
    pub(crate) fn manifest(self, text: &str) -> String {
        match self {
            Self::Standin => text.to_owned(),
            // Two builds leave room for the executors, whose share of a busy machine is what they ask for beside a build.
            Self::GraalvmCe => text
                .replace("toolchain: standin", "toolchain: graalvm-ce")
                .replace(
                    "build: {cpuMillis: 200, memoryMebibytes: 1024}",
                    "build: {cpuMillis: 400, memoryMebibytes: 4096}",
                )
                .replace("resources: {cpuMillis: 50,", "resources: {cpuMillis: 100,"),
        }
    }
}
