//! The gates of every edge: each a pure function over a [`View`], one constant chain per edge. A new rule is a new function
//! and a table row.

use crate::{
    reason::Reason,
    stage::Stage,
    view::{Settling, View},
};

mod builds;
mod collecting;
mod executors;

pub use builds::failure_sentence;
pub(crate) use collecting::missing;
pub(crate) use executors::describe;

/// What a gate says, with one word for programs and one sentence for people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Open.
    Pass(Finding),
    /// Not yet.
    Hold(Finding),
    /// Never with these inputs.
    Fail(Finding),
}

/// A reason and a sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// One word.
    pub reason: Reason,
    /// One sentence.
    pub message: String,
}

impl Verdict {
    /// Open.
    pub fn pass(reason: Reason, message: impl Into<String>) -> Self {
        Self::Pass(Finding {
            reason,
            message: message.into(),
        })
    }

    /// Not yet.
    pub fn hold(reason: Reason, message: impl Into<String>) -> Self {
        Self::Hold(Finding {
            reason,
            message: message.into(),
        })
    }

    /// Never with these inputs.
    pub fn fail(reason: Reason, message: impl Into<String>) -> Self {
        Self::Fail(Finding {
            reason,
            message: message.into(),
        })
    }

    /// Whether it is open.
    pub const fn is_pass(&self) -> bool {
        matches!(self, Self::Pass(_))
    }

    /// Whether it will never open with these inputs.
    pub const fn is_fail(&self) -> bool {
        matches!(self, Self::Fail(_))
    }

    /// Reason and sentence.
    pub const fn finding(&self) -> &Finding {
        match self {
            Self::Pass(finding) | Self::Hold(finding) | Self::Fail(finding) => finding,
        }
    }
}

/// One rule of an edge.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// As it stands in status.
    pub name: &'static str,
    /// Whether it stays passed within a revision.
    pub keeps: Keeps,
    /// The rule.
    pub check: fn(&View<'_>) -> Verdict,
}

/// Whether a gate that was passed stays passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keeps {
    /// It is recorded in the revision and not asked again.
    Passed,
    /// It is asked each time.
    Nothing,
}

/// What a gate says at one visit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// The gate.
    pub name: &'static str,
    /// What it says.
    pub verdict: Verdict,
}

/// The name under which a resolved source is recorded as passed.
pub const SOURCE_RESOLVED: &str = "SourceResolved";
/// The name under which a frozen metadata digest is recorded as passed.
pub const METADATA_MERGED: &str = "MetadataMerged";
/// The name under which a frozen profile digest is recorded as passed.
pub const PROFILES_SUFFICIENT: &str = "ProfilesSufficient";

const TRAFFIC_SETTLED: Gate = Gate {
    name: "TrafficSettled",
    keeps: Keeps::Nothing,
    check: traffic_settled,
};

/// To HotspotAgent.
pub const TO_HOTSPOT_AGENT: &[Gate] = &[
    Gate {
        name: SOURCE_RESOLVED,
        keeps: Keeps::Passed,
        check: source_resolved,
    },
    Gate {
        name: "FirstExecutorReady",
        keeps: Keeps::Nothing,
        check: executors::first_ready,
    },
];
/// HotspotAgent to Hotspot.
pub const TO_HOTSPOT: &[Gate] = &[
    Gate {
        name: METADATA_MERGED,
        keeps: Keeps::Passed,
        check: collecting::metadata_merged,
    },
    Gate {
        name: "HotspotReady",
        keeps: Keeps::Nothing,
        check: executors::hotspot_ready,
    },
    TRAFFIC_SETTLED,
];
/// Hotspot to Native.
pub const TO_NATIVE: &[Gate] = &[
    Gate {
        name: "NativeBuilt",
        keeps: Keeps::Nothing,
        check: builds::native_built,
    },
    Gate {
        name: "NativeReady",
        keeps: Keeps::Nothing,
        check: executors::native_ready,
    },
    TRAFFIC_SETTLED,
];
/// Native to PgoInstrumented.
pub const TO_PGO_INSTRUMENTED: &[Gate] = &[
    Gate {
        name: "PGOAvailable",
        keeps: Keeps::Nothing,
        check: builds::pgo_available,
    },
    Gate {
        name: "InstrumentedBuilt",
        keeps: Keeps::Nothing,
        check: builds::instrumented_built,
    },
    Gate {
        name: "InstrumentedReady",
        keeps: Keeps::Nothing,
        check: executors::instrumented_ready,
    },
    TRAFFIC_SETTLED,
];
/// PgoInstrumented to PgoOptimized.
pub const TO_PGO_OPTIMIZED: &[Gate] = &[
    Gate {
        name: PROFILES_SUFFICIENT,
        keeps: Keeps::Passed,
        check: collecting::profiles_sufficient,
    },
    Gate {
        name: "OptimizedBuilt",
        keeps: Keeps::Nothing,
        check: builds::optimized_built,
    },
    Gate {
        name: "OptimizedReady",
        keeps: Keeps::Nothing,
        check: executors::optimized_ready,
    },
    TRAFFIC_SETTLED,
];

/// The gates of the edge to a stage.
pub const fn chain(to: Stage) -> &'static [Gate] {
    match to {
        Stage::HotspotAgent => TO_HOTSPOT_AGENT,
        Stage::Hotspot => TO_HOTSPOT,
        Stage::Native => TO_NATIVE,
        Stage::PgoInstrumented => TO_PGO_INSTRUMENTED,
        Stage::PgoOptimized => TO_PGO_OPTIMIZED,
    }
}

/// The edge that is climbed next: none at the target or above it.
pub fn next_edge(stage: Option<Stage>, target: Stage) -> Option<Stage> {
    let next = match stage {
        None => Some(Stage::HotspotAgent),
        Some(stage) => stage.next(),
    };
    next.filter(|next| *next <= target)
}

/// Asks every gate of the edge to a stage.
pub fn evaluate(view: &View<'_>, to: Stage) -> Vec<Report> {
    chain(to)
        .iter()
        .map(|gate| Report {
            name: gate.name,
            verdict: ask(view, gate),
        })
        .collect()
}

fn ask(view: &View<'_>, gate: &Gate) -> Verdict {
    let passed = gate.keeps == Keeps::Passed && view.revision().is_some_and(|revision| revision.passed.contains(gate.name));
    if passed { recorded(gate.name) } else { (gate.check)(view) }
}

fn recorded(name: &str) -> Verdict {
    match name {
        METADATA_MERGED => Verdict::pass(Reason::MetadataMerged, "The reachability metadata is merged."),
        PROFILES_SUFFICIENT => Verdict::pass(Reason::ProfilesSufficient, "There are enough profiles."),
        _ => Verdict::pass(Reason::Resolved, "The jar is stored and its handler is known."),
    }
}

fn source_resolved(view: &View<'_>) -> Verdict {
    if view.revision().is_some() {
        recorded(SOURCE_RESOLVED)
    } else {
        view.resolution.verdict.clone()
    }
}

fn traffic_settled(view: &View<'_>) -> Verdict {
    let generation = view.input.state.route_generation;
    let Some(main) = view.main() else {
        return Verdict::hold(Reason::TrafficSettling, "Nothing carries the function's requests yet.");
    };
    match view.settling() {
        Settling::Unknown => Verdict::hold(Reason::ApiUnavailable, "It is not known which gateways there are."),
        Settling::Waiting(names) => Verdict::hold(Reason::TrafficSettling, waiting_sentence(&names, generation)),
        Settling::Settled if view.state.stable.as_ref() == Some(&main) => {
            Verdict::pass(Reason::TrafficSettled, "Every gateway follows the present routes.")
        }
        Settling::Settled => Verdict::hold(
            Reason::TrafficSettling,
            format!("The {} executors do not carry the function's requests yet.", main.stage.as_str()),
        ),
    }
}

/// Which gateways are waited for.
pub fn waiting_sentence(names: &[String], generation: i64) -> String {
    match names {
        [one] => format!("Gateway {one} does not follow route generation {generation} yet."),
        [first, rest @ ..] => format!(
            "Gateway {first} and {} more do not follow route generation {generation} yet.",
            rest.len()
        ),
        [] => "Every gateway follows the present routes.".to_owned(),
    }
}
