//! Events, published when something changed and never again: a stage that was reached, a condition that turned bad.

use anneal_api::v1alpha1::{Function, FunctionStatus};
use anneal_core::{
    plan::{Condition, ConditionType, Plan, Truth},
    reason::Reason,
    recovery,
};
use kube::{
    Resource,
    runtime::events::{Event, EventType},
};

use crate::{context::Context, convert};

/// Conditions whose turn to False is worth an Event, with the action it is about.
const WATCHED: [(ConditionType, &str); 4] = [
    (ConditionType::Ready, "Serve"),
    (ConditionType::SourceResolved, "Resolve"),
    (ConditionType::Built, "Build"),
    (ConditionType::ProfilesSufficient, "Collect"),
];

/// Publishes what changed between a status and the plan that replaced it. A lost Event is no fault.
pub async fn publish(ctx: &Context, function: &Function, old: &FunctionStatus, plan: &Plan) {
    let reference = function.object_ref(&());
    for event in events(old, plan) {
        if let Err(error) = ctx.recorder.publish(&event, &reference).await {
            tracing::warn!(%error, reason = event.reason, "an Event could not be published");
        }
    }
}

fn events(old: &FunctionStatus, plan: &Plan) -> Vec<Event> {
    let event = |type_, reason: Reason, note: String, action: &str| Event {
        type_,
        reason: reason.as_str().to_owned(),
        note: Some(note),
        action: action.to_owned(),
        secondary: None,
    };
    let known = convert::state(old);
    let mut events = Vec::new();
    if recovery::is_rebuilt(&known, &plan.state) {
        let note = "The status was lost; it was rebuilt from what the Deployments record.".to_owned();
        events.push(event(EventType::Warning, Reason::StatusRebuilt, note, "Rebuild"));
    } else if let Some(revision) = plan
        .state
        .revision()
        .filter(|revision| known.revision().map(|known| known.number) != Some(revision.number))
    {
        let opened = format!("Revision {} of the jar {} was opened", revision.number, revision.inputs.jar.short());
        events.push(match revision.retrace {
            Some(_) => {
                let note = format!("{opened}: an executable met an element that is not registered, and the function is traced anew.");
                event(EventType::Warning, Reason::MissingRegistration, note, "Open")
            }
            None => event(EventType::Normal, Reason::RevisionOpened, format!("{opened}."), "Open"),
        });
    }
    if plan.state.history.last() != known.history.last()
        && let Some(transition) = plan.state.history.last()
    {
        let note = format!("Revision {} reached {}.", transition.revision, transition.to.as_str());
        // Events of one action are counted as one: each stage has its own.
        events.push(event(EventType::Normal, transition.reason, note, transition.to.as_str()));
    }
    for (kind, action) in WATCHED {
        if let Some(condition) = plan
            .condition(kind)
            .filter(|condition| is_bad(condition) && has_turned(old, condition))
        {
            events.push(event(EventType::Warning, condition.reason, condition.message.clone(), action));
        }
    }
    events
}

/// Waiting is not failing.
fn is_bad(condition: &Condition) -> bool {
    condition.truth == Truth::False && condition.reason.is_a_failure()
}

fn has_turned(old: &FunctionStatus, condition: &Condition) -> bool {
    let kind = convert::condition_type(condition.kind);
    let before = old.conditions.iter().find(|before| before.type_ == kind.as_str());
    before.is_none_or(|before| before.reason != condition.reason.as_str())
}
