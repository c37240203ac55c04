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
        self.profile_refused |=
            has(&["error:", "exception"]) && has(&[".iprof", "pgo profile", "profile file", "profiling data", "profile data"]);
    }
}

/// What was observed of a run.
#[expect(clippy::struct_excessive_bools, reason = "each is an observation of its own")]
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
        hints: Hints {
            out_of_memory: false,
            pgo_unavailable: false,
            profile_refused: false,
        },
        has_artifact: true,
        has_report: true,
        has_applied_profile: true,
    };

    fn hints(line: &str) -> Hints {
        let mut hints = Hints::default();
        hints.look(line);
        hints
    }

    type Change = fn(&mut Evidence);

    fn changed(mut evidence: Evidence, change: Change) -> Evidence {
        change(&mut evidence);
        evidence
    }

    #[test]
    fn every_failure_has_its_word() {
        let failed = changed(GOOD, |it| (it.exit, it.has_artifact) = (Exit::Code(1), false));
        let memory = Termination::BuildOutOfMemory;
        let cases: [(Change, Termination); 8] = [
            (|it| it.timed_out = true, Termination::BuildTimeout),
            (|it| it.exit = Exit::Signal(9), memory.clone()),
            (|it| it.exit = Exit::Code(137), memory.clone()),
            (|it| it.oom_killed = true, memory.clone()),
            (|it| it.hints.out_of_memory = true, memory),
            (|it| it.hints.profile_refused = true, Termination::ProfileRefused),
            (|_| {}, Termination::BuildFailed { exit: 1 }),
            (|it| it.exit = Exit::Signal(11), Termination::BuildFailed { exit: 139 }),
        ];
        for (change, expected) in cases {
            let evidence = changed(failed, change);
            assert_eq!(verdict(&evidence), Err(expected), "{evidence:?}");
        }
    }

    #[test]
    fn only_builds_with_pgo_can_lack_it() {
        let mut failed = changed(GOOD, |it| (it.exit, it.has_artifact) = (Exit::Code(1), false));
        failed.hints = hints("Error: Could not find option 'PGOInstrument'.");
        for kind in [BuildKind::Instrumented, BuildKind::Optimized] {
            let verdict = verdict(&Evidence { kind, ..failed });
            assert_eq!(verdict, Err(Termination::PgoUnavailable));
        }
        let native = changed(failed, |it| it.kind = BuildKind::Native);
        assert_eq!(verdict(&native), Err(Termination::BuildFailed { exit: 1 }));
        failed.hints = hints("Error: Cannot parse PGO profile /var/lib/anneal/work/profile.iprof");
        let instrumented = changed(failed, |it| it.kind = BuildKind::Instrumented);
        assert_eq!(verdict(&instrumented), Err(Termination::BuildFailed { exit: 1 }));
    }

    #[test]
    fn a_good_exit_alone_is_no_success() {
        let cases: [(Change, Termination); 3] = [
            (|it| it.has_artifact = false, Termination::BuildNoArtifact),
            (|it| it.has_report = false, Termination::BuildFailed { exit: 0 }),
            (|it| it.has_applied_profile = false, Termination::PgoNotApplied),
        ];
        for (change, expected) in cases {
            assert_eq!(verdict(&changed(GOOD, change)), Err(expected));
        }
    }

    #[test]
    fn success_needs_the_profile_only_where_one_was_given() {
        assert_eq!(verdict(&GOOD), Ok(()));
        for kind in [BuildKind::Native, BuildKind::Instrumented] {
            assert_eq!(
                verdict(&Evidence {
                    kind,
                    has_applied_profile: false,
                    ..GOOD
                }),
                Ok(())
            );
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
