//! `status`: computed from the plan alone, written once and only when it changed.
//!
//! The write carries the resource version that the plan was made from: a plan made from an old object never lands. Figures
//! (counts, ready replicas, gates and the sentences that name them) are written at most once a minute unless a decision is written.

use anneal_api::{
    names::MANAGER_STATUS,
    reason::ConditionType as ApiConditionType,
    v1alpha1::{Function, FunctionStatus, Gate, GateVerdict, ProfileStatus},
};
use anneal_core::{
    facts::Observed,
    gates::{Report, Verdict},
    plan::{Condition, Plan, ProfileReport, Truth},
    spec::Identity,
    stage::Stage,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition as ApiCondition, Time};
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;
use snafu::{ResultExt, Snafu};

use crate::{context::Context, convert};

/// Longest sentence that is written.
const MAX_MESSAGE: usize = 1024;

/// The status could not be written.
#[derive(Debug, Snafu)]
#[snafu(display("write the status"))]
pub struct Error {
    /// Why.
    pub source: Box<kube::Error>,
}

/// What came of a status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Written {
    /// It is as it shall be.
    Unchanged,
    /// It was written.
    Written,
    /// Only figures changed; they are written after so many seconds.
    Later(u64),
}

/// Computes the status and writes it if it changed.
pub async fn write(ctx: &Context, function: &Function, identity: &Identity, plan: &Plan, observed: &Observed) -> Result<Written, Error> {
    let old = function.status.clone().unwrap_or_default();
    let now = ctx.clock.now();
    let new = compute(
        &old,
        identity,
        plan,
        observed,
        Moment {
            now,
            cluster_domain: &ctx.config.cluster_domain,
        },
    );
    if new == old {
        return Ok(Written::Unchanged);
    }
    let decided = significant(&new) != significant(&old);
    if !decided {
        let wait = ctx.pace.wait(&identity.uid, now);
        if wait > 0 {
            return Ok(Written::Later(wait));
        }
    }
    let body = json!({
        "apiVersion": "anneal.dev/v1alpha1",
        "kind": "Function",
        "metadata": {"name": identity.name, "namespace": identity.namespace, "uid": identity.uid, "resourceVersion": function.resource_version()},
        "status": new,
    });
    let api: Api<Function> = Api::namespaced(ctx.client.clone(), &identity.namespace);
    let parameters = PatchParams::apply(MANAGER_STATUS).force();
    api.patch_status(&identity.name, &parameters, &Patch::Apply(&body))
        .await
        .map_err(Box::new)
        .context(Snafu)?;
    ctx.pace.wrote(&identity.uid, now);
    ctx.metrics.wrote_status(if decided { "decision" } else { "figures" });
    Ok(Written::Written)
}

/// When and where a status is computed.
#[derive(Clone, Copy)]
struct Moment<'a> {
    now: i64,
    cluster_domain: &'a str,
}

fn compute(old: &FunctionStatus, identity: &Identity, plan: &Plan, observed: &Observed, moment: Moment<'_>) -> FunctionStatus {
    let mut status = FunctionStatus::default();
    convert::write_state(&plan.state, &mut status, |deployment| {
        observed.executors.get(deployment).map_or(0, |executor| executor.ready)
    });
    status.observed_generation = Some(identity.generation);
    status.conditions = plan
        .conditions
        .iter()
        .map(|wanted| condition(wanted, old, identity.generation, moment.now))
        .collect();
    status.gates = plan.gates.iter().map(gate).collect();
    // While the depot does not answer the last figures stand.
    let collecting = plan.state.stage >= Some(Stage::PgoInstrumented);
    status.profiles = plan
        .profiles
        .as_ref()
        .map(profiles)
        .or_else(|| old.profiles.clone().filter(|_| collecting));
    status.url = Some(format!(
        "http://{}.{}.svc.{}",
        identity.name, identity.namespace, moment.cluster_domain
    ));
    status.next = Some(cut(&plan.next));
    status
}

fn condition(wanted: &Condition, old: &FunctionStatus, generation: i64, now: i64) -> ApiCondition {
    let kind: ApiConditionType = convert::condition_type(wanted.kind);
    let truth = match wanted.truth {
        Truth::True => "True",
        Truth::False => "False",
        Truth::Unknown => "Unknown",
    };
    let before = old
        .conditions
        .iter()
        .find(|before| before.type_ == kind.as_str() && before.status == truth);
    let since = before.map_or_else(
        || Time(jiff::Timestamp::from_second(now).unwrap_or_default()),
        |before| before.last_transition_time.clone(),
    );
    ApiCondition {
        type_: kind.as_str().to_owned(),
        status: truth.to_owned(),
        reason: wanted.reason.as_str().to_owned(),
        message: cut(&wanted.message),
        observed_generation: Some(generation),
        last_transition_time: since,
    }
}

fn gate(report: &Report) -> Gate {
    let verdict = match report.verdict {
        Verdict::Pass(_) => GateVerdict::Pass,
        Verdict::Hold(_) => GateVerdict::Hold,
        Verdict::Fail(_) => GateVerdict::Fail,
    };
    let finding = report.verdict.finding();
    Gate {
        name: report.name.to_owned(),
        verdict,
        reason: finding.reason.as_str().to_owned(),
        message: cut(&finding.message),
    }
}

fn profiles(report: &ProfileReport) -> ProfileStatus {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let ProfileReport {
        count,
        rejected,
        lost,
        digest,
        events,
        overlap_percent,
        new_context_percent,
        missing,
    } = report;
    ProfileStatus {
        count: signed(*count),
        rejected: signed(*rejected),
        lost: signed(*lost),
        digest: digest.as_ref().map(ToString::to_string),
        events: signed(*events),
        overlap_percent: overlap_percent.map(signed),
        new_context_percent: new_context_percent.map(signed),
        missing: missing.as_deref().map(cut),
    }
}

fn cut(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).collect()
}

/// A status without its figures, gates and sentences: what is written at once when it changes.
fn significant(status: &FunctionStatus) -> FunctionStatus {
    let mut status = status.clone();
    status.traffic.iter_mut().for_each(|target| target.ready_replicas = 0);
    status.gates.clear();
    for condition in &mut status.conditions {
        condition.message.clear();
        // It names the gate that is waited for, and several open with every stage.
        if condition.type_ == ApiConditionType::Progressing.as_str() {
            condition.reason.clear();
        }
    }
    status.profiles = None;
    status.next = None;
    status
}

#[cfg(test)]
mod tests;
