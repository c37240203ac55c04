//! Says what came of a compiler's run. Pure: looks at what was observed and at nothing else.

use anneal_protocol::{agent::BuildKind, termination::Termination};

use crate::child::Exit;

/// 128 + SIGKILL; also what the compiler itself answers when its memory runs out.
const KILLED: i32 = 137;

/// What the compiler's output says of a failure.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Hints {
    pub(crate) out_of_memory: bool,
    pub(crate) pgo_unavailable: bool,
    pub(crate) profile_refused: bool,
}

impl Hints {
    /// Looks at one line.
    pub(crate) fn look(&mut self, line: &str) {
        let line = line.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
        self.out_of_memory |= has(&[
            "outofmemoryerror",
            "ran out of memory",
            "gc overhead limit exceeded",
            "there is insufficient memory for the java runtime",
        ]);
        // Community builders know neither option: the driver or the builder says so in its own words.
        self.pgo_unavailable |= line.contains("pgo")
            && has(&[
                "could not find option",
                "unrecognized option",
                "unknown option",
                "not available in",
                "only available in",
                "not supported in",
                "only supported in",
                "requires oracle graalvm",
            ]);
        self.profile_refused |= has(&["error:", "exception"])
            && has(&[".iprof", "pgo profile", "profile file", "profiling data", "profile data"]);
    }
}

/// What was observed of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    pub(crate) kind: BuildKind,
    pub(crate) exit: Exit,
    /// It was killed because its time was over.
    pub(crate) timed_out: bool,
    /// The kernel has ended a process of the container since the start.
    pub(crate) oom_killed: bool,
    pub(crate) hints: Hints,
    /// There is an executable.
    pub(crate) has_artifact: bool,
    /// There is a report.
    pub(crate) has_report: bool,
    /// The report says that the profile was used.
    pub(crate) has_applied_profile: bool,
}

/// Whether there is an artifact, or else why not.
pub(crate) fn verdict(evidence: &Evidence) -> Result<(), Termination> {
    let Evidence { kind, hints, .. } = *evidence;
    let exit = evidence.exit.code();
    let with_pgo = kind != BuildKind::Native;
    if evidence.timed_out {
        return Err(Termination::BuildTimeout);
    }
    if exit != 0 {
        return Err(if exit == KILLED || evidence.oom_killed || hints.out_of_memory {
            Termination::BuildOutOfMemory
        } else if with_pgo && hints.pgo_unavailable {
            Termination::PgoUnavailable
        } else if kind == BuildKind::Optimized && hints.profile_refused {
            Termination::ProfileRefused
        } else {
            Termination::BuildFailed { exit }
        });
    }
    if !evidence.has_artifact {
        return Err(Termination::BuildNoArtifact);
    }
    // Without the report nobody could say what was built; every supported compiler writes one.
    if !evidence.has_report {
        return Err(Termination::BuildFailed { exit });
    }
    if kind == BuildKind::Optimized && !evidence.has_applied_profile {
        return Err(Termination::PgoNotApplied);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Evidence = Evidence {
        kind: BuildKind::Optimized,
        exit: Exit::Code(0),
        timed_out: false,
        oom_killed: false,
        hints: Hints { out_of_memory: false, pgo_unavailable: false, profile_refused: false },
        has_artifact: true,
        has_report: true,
        has_applied_profile: true,
    };

    fn hints(line: &str) -> Hints {
        let mut hints = Hints::default();
        hints.look(line);
        hints
    }

    #[test]
    fn every_outcome_has_its_word() {
        let failed = Evidence { exit: Exit::Code(1), has_artifact: false, ..GOOD };
        let memory = hints("java.lang.OutOfMemoryError: Java heap space");
        let edition = hints("Error: Could not find option 'PGOInstrument'. Use -H:PrintFlags=");
        let profile = hints("Error: Cannot parse PGO profile /anneal/work/profile.iprof");
        let instrumented = BuildKind::Instrumented;
        for (evidence, expected) in [
            (Evidence { timed_out: true, ..failed }, Termination::BuildTimeout),
            (Evidence { exit: Exit::Signal(9), ..failed }, Termination::BuildOutOfMemory),
            (Evidence { exit: Exit::Code(137), ..failed }, Termination::BuildOutOfMemory),
            (Evidence { oom_killed: true, ..failed }, Termination::BuildOutOfMemory),
            (Evidence { hints: memory, ..failed }, Termination::BuildOutOfMemory),
            (Evidence { hints: edition, ..failed }, Termination::PgoUnavailable),
            (
                Evidence { hints: edition, kind: instrumented, ..failed },
                Termination::PgoUnavailable,
            ),
            (
                Evidence { hints: edition, kind: BuildKind::Native, ..failed },
                Termination::BuildFailed { exit: 1 },
            ),
            (Evidence { hints: profile, ..failed }, Termination::ProfileRefused),
            (
                Evidence { hints: profile, kind: instrumented, ..failed },
                Termination::BuildFailed { exit: 1 },
            ),
            (failed, Termination::BuildFailed { exit: 1 }),
            (Evidence { exit: Exit::Signal(11), ..failed }, Termination::BuildFailed { exit: 139 }),
            (Evidence { has_artifact: false, ..GOOD }, Termination::BuildNoArtifact),
            (Evidence { has_report: false, ..GOOD }, Termination::BuildFailed { exit: 0 }),
            (Evidence { has_applied_profile: false, ..GOOD }, Termination::PgoNotApplied),
        ] {
            assert_eq!(verdict(&evidence), Err(expected), "{evidence:?}");
        }
    }

    #[test]
    fn success_needs_the_profile_only_where_one_was_given() {
        assert_eq!(verdict(&GOOD), Ok(()));
        for kind in [BuildKind::Native, BuildKind::Instrumented] {
            assert_eq!(verdict(&Evidence { kind, has_applied_profile: false, ..GOOD }), Ok(()));
        }
    }

    #[test]
    fn an_ordinary_line_is_no_hint() {
        for line in [
            " Graal compiler: optimization level: 2, target machine: x86-64-v3, PGO: user-provided",
            "Info: PGO: Profile applicability is 21.74%. Profile relevance is 72.71%.",
            "[2/8] Performing analysis...  [******]  (12.5s @ 0.48GB)",
            "Warning: option -H:X is experimental",
        ] {
            assert_eq!(hints(line), Hints::default(), "{line}");
        }
    }

    #[test]
    fn editions_without_pgo_are_recognised_by_driver_and_builder() {
        for line in [
            "Error: Unrecognized option(s): '--pgo-instrument'",
            "Error: Could not find option 'PGO'. Use -H:PrintFlags= to list all available options.",
            "Error: The option --pgo is only available in Oracle GraalVM",
        ] {
            assert!(hints(line).pgo_unavailable, "{line}");
        }
    }
}
