//! When a status is written, and what in it moves.

use anneal_core::{
    gates::Finding,
    plan::{ConditionType, Scope, Wake},
    reason::Reason,
    state::State,
};

use super::*;

fn identity() -> Identity {
    Identity {
        namespace: "shop".to_owned(),
        name: "hello".to_owned(),
        uid: "u".to_owned(),
        generation: 3,
    }
}

fn plan(truth: Truth, message: &str) -> Plan {
    let finding = Finding {
        reason: Reason::Collecting,
        message: message.to_owned(),
    };
    Plan {
        state: State::default(),
        scope: Scope::Follow,
        jobs: Vec::new(),
        obsolete_jobs: Vec::new(),
        executors: std::collections::BTreeMap::new(),
        rejections: Vec::new(),
        gates: vec![Report {
            name: "ProfilesSufficient",
            verdict: Verdict::Hold(finding),
        }],
        conditions: vec![Condition {
            kind: ConditionType::Ready,
            truth,
            reason: Reason::Serving,
            message: message.to_owned(),
        }],
        profiles: None,
        next: message.to_owned(),
        wake: Wake::OnChange,
    }
}

fn at(now: i64, old: &FunctionStatus, plan: &Plan) -> FunctionStatus {
    compute(
        old,
        &identity(),
        plan,
        &Observed::default(),
        Moment {
            now,
            cluster_domain: "cluster.local",
        },
    )
}

#[test]
fn the_same_plan_later_is_the_same_status() {
    let plan = plan(Truth::True, "All is well.");
    let first = at(1000, &FunctionStatus::default(), &plan);
    assert_eq!(at(2000, &first, &plan), first);
    assert_eq!(first.url.as_deref(), Some("http://hello.shop.svc.cluster.local"));
    assert_eq!(first.observed_generation, Some(3));
}

#[test]
fn the_time_of_a_condition_moves_only_when_it_turns() {
    let first = at(1000, &FunctionStatus::default(), &plan(Truth::True, "One."));
    let same = at(2000, &first, &plan(Truth::True, "Another sentence."));
    assert_eq!(same.conditions[0].last_transition_time, first.conditions[0].last_transition_time);
    let turned = at(2000, &first, &plan(Truth::False, "One."));
    assert_ne!(turned.conditions[0].last_transition_time, first.conditions[0].last_transition_time);
}

#[test]
fn sentences_alone_are_figures_and_a_turned_condition_is_a_decision() {
    let first = at(1000, &FunctionStatus::default(), &plan(Truth::True, "1 of 5 profiles are merged."));
    let counted = at(2000, &first, &plan(Truth::True, "2 of 5 profiles are merged."));
    assert_ne!(counted, first);
    assert_eq!(significant(&counted), significant(&first));
    let turned = at(2000, &first, &plan(Truth::False, "1 of 5 profiles are merged."));
    assert_ne!(significant(&turned), significant(&first));
}

#[test]
fn a_long_sentence_is_cut_to_what_the_schema_takes() {
    let status = at(1000, &FunctionStatus::default(), &plan(Truth::True, &"ä".repeat(3000)));
    assert_eq!(status.conditions[0].message.chars().count(), MAX_MESSAGE);
    assert_eq!(status.next.map(|next| next.chars().count()), Some(MAX_MESSAGE));
}
