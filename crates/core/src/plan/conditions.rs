//! Conditions: every type at every visit, each with one word and one sentence.

use crate::{
    facts::ProfileFact,
    gates::{self, Finding, Report, Verdict, describe, missing},
    plan::{Condition, ConditionType, ProfileReport, Truth, retracing},
    reason::Reason,
    stage::Stage,
    view::{Settling, View},
};

pub(super) fn conditions(view: &View<'_>, reports: &[Report]) -> Vec<Condition> {
    let ready = ready(view);
    let stalled = if ready.truth == Truth::False && ready.reason.is_for_the_user() {
        condition(ConditionType::Stalled, Truth::True, ready.reason, ready.message.clone())
    } else {
        condition(ConditionType::Stalled, Truth::False, Reason::NotStalled, "Nothing needs the user.")
    };
    vec![
        ready,
        source_resolved(view),
        built(view),
        profiles_sufficient(view),
        optimized(view, reports),
        progressing(view, reports),
        stalled,
    ]
}

fn condition(kind: ConditionType, truth: Truth, reason: Reason, message: impl Into<String>) -> Condition {
    Condition {
        kind,
        truth,
        reason,
        message: message.into(),
    }
}

fn of_verdict(kind: ConditionType, verdict: &Verdict) -> Condition {
    let Finding { reason, message } = verdict.finding();
    let truth = match (verdict, reason) {
        (Verdict::Pass(_), _) => Truth::True,
        (_, Reason::StoreUnavailable | Reason::ApiUnavailable) => Truth::Unknown,
        _ => Truth::False,
    };
    condition(kind, truth, *reason, message.clone())
}

fn ready(view: &View<'_>) -> Condition {
    let serving = view
        .state
        .traffic
        .iter()
        .find(|target| view.ready(&target.placement.deployment) > 0);
    if let Some(target) = serving {
        let message = format!("The function is served at {}.", target.placement.stage.as_str());
        return condition(ConditionType::Ready, Truth::True, Reason::Serving, message);
    }
    let Finding { reason, message } = not_ready(view);
    condition(ConditionType::Ready, Truth::False, reason, message)
}

fn not_ready(view: &View<'_>) -> Finding {
    let refused = view.input.spec.is_err();
    if refused || view.revision().is_none() {
        return view.resolution.verdict.finding().clone();
    }
    let routed = view.state.traffic.iter().map(|target| &target.placement).cloned();
    let starting = [Stage::Hotspot, Stage::HotspotAgent]
        .into_iter()
        .filter_map(|stage| view.placement(stage));
    let trouble = routed.chain(starting).find_map(|placement| {
        let trouble = view.trouble(&placement.deployment)?;
        Some(describe(trouble, placement.stage.as_str()))
    });
    trouble.unwrap_or_else(|| {
        let (reason, message) = if view.state.traffic.is_empty() {
            (Reason::Starting, "The first executors are starting.")
        } else {
            (
                Reason::NoReadyExecutor,
                "The executors that get the function's requests are not ready.",
            )
        };
        Finding {
            reason,
            message: message.to_owned(),
        }
    })
}

fn source_resolved(view: &View<'_>) -> Condition {
    of_verdict(ConditionType::SourceResolved, &view.resolution.verdict)
}

fn built(view: &View<'_>) -> Condition {
    let kind = ConditionType::Built;
    let verdict_of = |to: Stage, name: &str| {
        let report = gates::evaluate(view, to).into_iter().find(|report| report.name == name);
        report.map_or_else(
            || condition(kind, Truth::Unknown, Reason::NotStarted, "No build is due yet."),
            |report| of_verdict(kind, &report.verdict),
        )
    };
    let committed = |what: &str| condition(kind, Truth::True, Reason::Committed, format!("The {what} build is in the store."));
    if view.target() < Stage::Native {
        return condition(kind, Truth::False, Reason::NotNeeded, "The target needs no build.");
    }
    let profiled = view.target() == Stage::PgoOptimized && view.has_pgo();
    let frozen = view.revision().is_some_and(|revision| revision.profile.is_some());
    match view.state.stage {
        None | Some(Stage::HotspotAgent) => condition(kind, Truth::False, Reason::NotStarted, "No build is due yet."),
        Some(Stage::Hotspot) => verdict_of(Stage::Native, "NativeBuilt"),
        Some(Stage::Native) if profiled => verdict_of(Stage::PgoInstrumented, "InstrumentedBuilt"),
        Some(Stage::Native) => committed("native"),
        Some(Stage::PgoInstrumented) if profiled && frozen => verdict_of(Stage::PgoOptimized, "OptimizedBuilt"),
        Some(Stage::PgoInstrumented) => committed("instrumented"),
        Some(Stage::PgoOptimized) => committed("optimized"),
    }
}

fn profiles_sufficient(view: &View<'_>) -> Condition {
    let kind = ConditionType::ProfilesSufficient;
    let frozen = view.revision().is_some_and(|revision| revision.profile.is_some());
    if frozen {
        return condition(kind, Truth::True, Reason::ProfilesSufficient, "There are enough profiles.");
    }
    if view.target() < Stage::PgoOptimized {
        return condition(kind, Truth::False, Reason::NotNeeded, "The target needs no profiles.");
    }
    if view.input.spec.is_ok() && !view.has_pgo() {
        return condition(
            kind,
            Truth::False,
            Reason::PGOUnavailable,
            "The toolchain's edition has no profile-guided optimization.",
        );
    }
    if view.state.stage < Some(Stage::PgoInstrumented) {
        return condition(
            kind,
            Truth::False,
            Reason::NotStarted,
            "Profiles are collected when the instrumented executors serve.",
        );
    }
    let report = gates::evaluate(view, Stage::PgoOptimized)
        .into_iter()
        .find(|report| report.name == gates::PROFILES_SUFFICIENT);
    report.map_or_else(
        || condition(kind, Truth::Unknown, Reason::NotStarted, "Profiles are not collected yet."),
        |report| of_verdict(kind, &report.verdict),
    )
}

fn is_reached(view: &View<'_>) -> bool {
    view.input.spec.is_ok() && view.revision().is_some() && gates::next_edge(view.state.stage, view.target()).is_none()
}

/// What keeps the next edge closed: a gate that will never open before one that is only waited for.
fn obstacle(reports: &[Report]) -> Option<&Verdict> {
    let closed = || reports.iter().map(|report| &report.verdict).filter(|verdict| !verdict.is_pass());
    closed().find(|verdict| verdict.is_fail()).or_else(|| closed().next())
}

fn optimized(view: &View<'_>, reports: &[Report]) -> Condition {
    let kind = ConditionType::Optimized;
    if is_reached(view) {
        let message = format!("The target {} is reached.", view.target().as_str());
        return condition(kind, Truth::True, Reason::TargetReached, message);
    }
    if view.input.spec.is_err() {
        let Finding { reason, message } = view.resolution.verdict.finding();
        return condition(kind, Truth::False, *reason, message.clone());
    }
    match obstacle(reports) {
        Some(verdict) => condition(kind, Truth::False, verdict.finding().reason, verdict.finding().message.clone()),
        None => condition(kind, Truth::False, Reason::Climbing, "The next stage is taken at the next visit."),
    }
}

fn progressing(view: &View<'_>, reports: &[Report]) -> Condition {
    let kind = ConditionType::Progressing;
    if view.resolution.verdict.is_fail() {
        let Finding { reason, message } = view.resolution.verdict.finding();
        return condition(kind, Truth::False, *reason, message.clone());
    }
    if let Some(verdict) = obstacle(reports) {
        let truth = if verdict.is_fail() { Truth::False } else { Truth::True };
        return condition(kind, truth, verdict.finding().reason, verdict.finding().message.clone());
    }
    if !is_reached(view) {
        return condition(kind, Truth::True, Reason::Climbing, "Work towards the target goes on.");
    }
    if let Some(sentence) = retracing::pause_sentence(view.state, view.input) {
        return condition(kind, Truth::True, Reason::MissingRegistration, sentence);
    }
    match view.settling() {
        Settling::Settled if view.main() == view.state.stable => {
            condition(kind, Truth::False, Reason::TargetReached, "Nothing is left to do.")
        }
        Settling::Unknown => condition(
            kind,
            Truth::True,
            Reason::ApiUnavailable,
            "It is not known which gateways there are.",
        ),
        Settling::Settled | Settling::Waiting(_) => condition(
            kind,
            Truth::True,
            Reason::TrafficSettling,
            "The gateways are taking over the present routes.",
        ),
    }
}

/// What is collected, once instrumented executors serve.
pub(super) fn profiles(view: &View<'_>) -> Option<ProfileReport> {
    let key = view
        .key(Stage::PgoInstrumented)
        .filter(|_| view.state.stage >= Some(Stage::PgoInstrumented))?;
    let (fact, needs) = (view.observed().profiles.get(&key)?, view.wanted()?.profiles);
    let ProfileFact {
        digest,
        count,
        events,
        overlap_percent,
        new_context_percent,
        rejected,
        rejected_reason: _,
        lost,
    } = fact.clone();
    let frozen = view.revision().and_then(|revision| revision.profile.clone());
    let missing = if frozen.is_some() { None } else { missing(fact, needs) };
    Some(ProfileReport {
        count,
        rejected,
        lost,
        digest: frozen.or(digest),
        events,
        overlap_percent,
        new_context_percent,
        missing,
    })
}
