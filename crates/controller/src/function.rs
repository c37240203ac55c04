//! One visit of a Function: read, plan, act, say so.

use std::{sync::Arc, time::Duration};

use anneal_api::{names::TRUST_CONFIG_MAP, v1alpha1::Function};
use anneal_core::{
    plan::{self, Fault, Input, Operator, Scope, Wake},
    reason::Reason,
    recovery,
    spec::Identity,
};
use kube::{
    Api, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::controller::Action,
};
use snafu::{ResultExt, Snafu};
use tokio::time::Instant;
use tracing::Instrument;

use crate::{apply, build::Site, context::Context, convert, metrics::Outcome, trust};

pub mod events;
pub mod finalize;
pub mod observe;
pub mod status;

/// A Function is visited at least this often.
const RESYNC: Duration = Duration::from_secs(300);
/// Longest a visit may take; every call in it has its own, shorter deadline.
const DEADLINE: Duration = Duration::from_secs(90);
/// A deletion is looked at this often while pods end.
const FINALIZE: Duration = Duration::from_secs(2);
/// What an earlier Function left is looked at this often while it is removed.
const ENDING: Duration = Duration::from_secs(2);
/// First pause after a fault; doubled with each in a row.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Pause after somebody else wrote the object between our read and our write.
const CONFLICT_PAUSE: Duration = Duration::from_millis(500);

/// Why a visit failed. Waiting is no failure.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The Function cannot be read.
    #[snafu(display("read the Function"))]
    Read {
        /// Why.
        source: Box<kube::Error>,
    },
    /// Something that a plan needs cannot be read.
    #[snafu(display("observe"))]
    Observe {
        /// Why.
        source: observe::Error,
    },
    /// The Function's pods would not know their depot.
    #[snafu(display("tell the namespace whom to trust"))]
    Trust {
        /// Why.
        source: trust::Error,
    },
    /// The cluster does not look as planned.
    #[snafu(display("apply"))]
    Apply {
        /// Why.
        source: apply::Error,
    },
    /// The status cannot be written.
    #[snafu(display("say so"))]
    Status {
        /// Why.
        source: status::Error,
    },
    /// The Function cannot go yet.
    #[snafu(display("finalize"))]
    Finalize {
        /// Why.
        source: finalize::Error,
    },
    /// It took too long.
    #[snafu(display("the visit took too long"))]
    Deadline {
        /// How long.
        source: tokio::time::error::Elapsed,
    },
}

impl Error {
    /// A closed word for the metric.
    const fn category(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Observe { .. } => "observe",
            Self::Trust { .. } => "trust",
            Self::Apply { .. } => "apply",
            Self::Status { .. } => "status",
            Self::Finalize { .. } => "finalize",
            Self::Deadline { .. } => "deadline",
        }
    }

    /// What the Function says of it, if anything.
    fn fault(&self) -> Option<Fault> {
        let (reason, message) = match self {
            Self::Apply { source } => (source.reason(), source.sentence()),
            Self::Trust { source } if source.is_refusal() => {
                (Reason::ChildRefused, format!("The apiserver refuses ConfigMap {TRUST_CONFIG_MAP}."))
            }
            Self::Trust { .. } => (
                Reason::ApiUnavailable,
                format!("The apiserver does not take ConfigMap {TRUST_CONFIG_MAP} at the moment."),
            ),
            _ => return None,
        };
        Some(Fault { reason, message })
    }

    fn is_conflict(&self) -> bool {
        let conflict = |error: &kube::Error| matches!(error, kube::Error::Api(status) if status.code == 409);
        match self {
            Self::Status { source } => conflict(&source.source),
            Self::Finalize {
                source: finalize::Error::Finalizer { source },
            } => conflict(source),
            _ => false,
        }
    }
}

/// Visits a Function.
pub async fn reconcile(object: Arc<PartialObjectMeta<Function>>, ctx: Arc<Context>) -> Result<Action, Error> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let span = tracing::info_span!("reconcile", %namespace, %name, uid = object.uid(), generation = object.metadata.generation);
    let started = Instant::now();
    let visited = tokio::time::timeout(DEADLINE, Box::pin(visit(&ctx, &namespace, &name)))
        .instrument(span)
        .await
        .context(DeadlineSnafu)
        .flatten();
    let outcome = visited.as_ref().map_or(Outcome::Failed, |(_, outcome)| *outcome);
    ctx.metrics.visited(outcome, started.elapsed().as_secs_f64());
    let (action, _) = visited?;
    ctx.failures.reset(&namespace, &name);
    Ok(action)
}

/// When a Function is visited again after a failure.
#[expect(clippy::needless_pass_by_value, reason = "the signature is the controller's")]
pub fn error_policy(object: Arc<PartialObjectMeta<Function>>, error: &Error, ctx: Arc<Context>) -> Action {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    ctx.metrics.failed(error.category());
    if error.is_conflict() {
        return Action::requeue(CONFLICT_PAUSE);
    }
    let failures = ctx.failures.count(&namespace, &name);
    let pause = pause(failures, &name);
    tracing::warn!(
        namespace,
        name,
        failures,
        pause_ms = pause.as_millis(),
        error = report(error),
        "the visit failed and is repeated"
    );
    Action::requeue(pause)
}

fn report(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Doubles with each failure; names spread over a quarter of it, so that an outage does not end in a stampede.
fn pause(failures: u32, name: &str) -> Duration {
    let doubled = FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST_PAUSE);
    let spread = name.bytes().fold(u32::from(failures.is_multiple_of(2)), |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u32::from(byte))
    }) % 256;
    doubled.saturating_sub(doubled / 4 * spread / 256)
}

async fn visit(ctx: &Context, namespace: &str, name: &str) -> Result<(Action, Outcome), Error> {
    // A fresh read: no decision is taken on what a watch has shown some time ago.
    let api: Api<DeserializeGuard<Function>> = Api::namespaced(ctx.client.clone(), namespace);
    let Some(found) = api.get_opt(name).await.map_err(Box::new).context(ReadSnafu)? else {
        return Ok((Action::await_change(), Outcome::Gone));
    };
    let function = match found.0 {
        Ok(function) => function,
        Err(error) => {
            tracing::error!(%error, "the Function does not have the form of this operator's version and is left alone");
            return Ok((Action::await_change(), Outcome::Failed));
        }
    };
    let identity = identity(&function);
    if function.metadata.deletion_timestamp.is_some() {
        let progress = finalize::finalize(ctx, &function, &identity).await.context(FinalizeSnafu)?;
        let action = if progress == finalize::Progress::Done {
            Action::await_change()
        } else {
            Action::requeue(FINALIZE)
        };
        return Ok((action, Outcome::Deleting));
    }
    let function = finalize::ensure(ctx, &function).await.context(FinalizeSnafu)?.unwrap_or(function);
    follow(ctx, &function, &identity).await.map(|action| (action, Outcome::Applied))
}

/// The pipeline of a Function that lives.
async fn follow(ctx: &Context, function: &Function, identity: &Identity) -> Result<Action, Error> {
    let config_map = function.spec.source.config_map.as_ref().map(|source| source.name.as_str());
    ctx.sources.note(&identity.namespace, &identity.name, config_map);
    let old = function.status.clone().unwrap_or_default();
    let spec = convert::wanted(&function.spec, |name| ctx.config.toolchain(name));
    let state = convert::state(&old);
    let observe::Seen { observed, children } = observe::observe(ctx, identity, &spec, &state).await.context(ObserveSnafu)?;
    let ledger = &ctx.gateways.registry.ledger;
    ledger.visit(&identity.uid, observed.executors.keys(), Instant::now());
    let operator = Operator {
        launcher: ctx.launcher.clone(),
        agent_image: ctx.config.image.clone(),
    };
    let input = Input {
        now: ctx.clock.now(),
        identity: identity.clone(),
        spec,
        operator,
        state,
        observed,
    };
    let plan = plan::plan(&input);

    let applied = act(ctx, &input, &plan, &children).await;
    let plan = match applied.as_ref().err().and_then(Error::fault) {
        None => plan,
        Some(fault) => plan.with_fault(&fault),
    };
    // Also when apply failed: the failure stands in a condition.
    let written = status::write(ctx, function, identity, &plan, &input.observed)
        .await
        .context(StatusSnafu)?;
    if written == status::Written::Written {
        announce(ctx, function, &old, &plan).await;
    }
    match applied {
        // Waiting is no failure. Not every kind of child is watched.
        Err(Error::Apply {
            source: apply::Error::Ending { .. },
        }) => Ok(Action::requeue(ENDING)),
        applied => {
            applied?;
            Ok(again(plan.wake, written))
        }
    }
}

/// Makes the cluster look as planned.
async fn act(ctx: &Context, input: &Input, plan: &plan::Plan, children: &apply::Present) -> Result<(), Error> {
    let identity = &input.identity;
    // Pods mount it, also those of a Function whose spec is refused by now.
    if plan.scope != Scope::LeaveAlone || !input.observed.executors.is_empty() {
        ctx.certificates.trust.ensure(&identity.namespace).await.context(TrustSnafu)?;
    }
    let Ok(wanted) = &input.spec else { return Ok(()) };
    let site = Site {
        config: &ctx.config,
        function: identity,
    };
    let applier = apply::Applier {
        client: &ctx.client,
        depot: &ctx.depot,
        site,
    };
    applier.apply(wanted, plan, children).await.context(ApplySnafu)
}

async fn announce(ctx: &Context, function: &Function, old: &anneal_api::v1alpha1::FunctionStatus, plan: &plan::Plan) {
    let is_news = !recovery::is_rebuilt(&convert::state(old), &plan.state);
    let stage = plan
        .state
        .stage
        .filter(|stage| is_news && old.stage != Some(convert::stage_to_api(*stage)));
    if let Some(stage) = stage {
        ctx.metrics.reached(stage);
        tracing::info!(
            stage = stage.as_str(),
            revision = plan.state.revision().map(|revision| revision.number),
            "reached a stage"
        );
    }
    events::publish(ctx, function, old, plan).await;
}

fn again(wake: Wake, written: status::Written) -> Action {
    let wanted = match wake {
        Wake::Now => Duration::ZERO,
        Wake::After(seconds) => Duration::from_secs(seconds),
        Wake::OnChange => RESYNC,
    };
    match written {
        status::Written::Later(seconds) => Action::requeue(wanted.min(Duration::from_secs(seconds))),
        status::Written::Unchanged | status::Written::Written => Action::requeue(wanted),
    }
}

fn identity(function: &Function) -> Identity {
    Identity {
        namespace: function.namespace().unwrap_or_default(),
        name: function.name_any(),
        uid: function.uid().unwrap_or_default(),
        generation: function.metadata.generation.unwrap_or_default(),
    }
}
