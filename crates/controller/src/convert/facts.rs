//! The depot's answers as the plan takes them.

use anneal_core::{
    digest::{BuildKey, Digest},
    facts::{BuildFact, CommittedBuild, JarFact, Known, MetadataFact, Observed, ProfileFact, Questions},
    references::References,
    revision::{Contract, Handler},
    spec::{HandlerRequest, Identity, RequestedContract},
};
use anneal_protocol::{
    FunctionRef,
    depot::JarRecord,
    facts::{BuildFact as WireBuild, BuildRecord, Facts, FactsRequest, JarQuery, ProfileFacts, References as WireReferences},
    handler::{Contract as WireContract, HandlerRequest as WireRequest, RequestedContract as WireRequested},
};

/// A Function as other components name it.
pub fn function_ref(identity: &Identity) -> FunctionRef {
    FunctionRef {
        namespace: identity.namespace.clone(),
        name: identity.name.clone(),
        uid: identity.uid.clone(),
    }
}

/// What the spec says of the handler, as agents and depot take it.
pub fn handler_request(request: &HandlerRequest) -> WireRequest {
    let contract = request.contract.map(|contract| match contract {
        RequestedContract::Function => WireRequested::Function,
        RequestedContract::Map => WireRequested::Map,
        RequestedContract::Http => WireRequested::Http,
    });
    WireRequest {
        class: request.class.clone(),
        method: request.method.clone(),
        contract,
    }
}

/// The plan's questions as a request to the depot, with what must stay stored.
pub fn questions(identity: &Identity, questions: &Questions, references: Option<&References>) -> FactsRequest {
    let keys = |keys: &[BuildKey]| keys.iter().map(|key| key.as_str().to_owned()).collect();
    FactsRequest {
        function: function_ref(identity),
        jar: questions.jar.as_ref().map(|(jar, handler)| JarQuery {
            sha256: jar.as_str().to_owned(),
            handler: handler_request(handler),
        }),
        builds: keys(&questions.builds),
        profiles: keys(&questions.profiles),
        metadata: questions.metadata.as_ref().map(|jar| jar.as_str().to_owned()),
        references: references.map(wire_references),
    }
}

fn wire_references(references: &References) -> WireReferences {
    let References { jars, builds, merged } = references;
    WireReferences {
        jars: jars.iter().map(ToString::to_string).collect(),
        builds: builds.iter().map(ToString::to_string).collect(),
        merged: merged.iter().map(ToString::to_string).collect(),
    }
}

/// Puts what the depot answered into what is observed. What was not asked stays unknown, and so does what makes no sense.
pub fn take_facts(observed: &mut Observed, asked: &Questions, facts: &Facts) {
    if asked.jar.is_some() {
        observed.jar = facts.jar.as_ref().map_or(Known::Known(None), |record| {
            jar(record).map_or(Known::Unknown, |fact| Known::Known(Some(fact)))
        });
    }
    if asked.metadata.is_some() {
        observed.metadata = facts.metadata.as_ref().map_or(Known::Known(None), |found| {
            found.digest.parse().map_or(Known::Unknown, |digest| {
                Known::Known(Some(MetadataFact {
                    digest,
                    windows: found.windows,
                    missing: found.missing,
                }))
            })
        });
    }
    for key in &asked.builds {
        match facts.builds.get(key.as_str()) {
            None => drop(observed.builds.insert(key.clone(), None)),
            Some(fact) => {
                if let Some(fact) = build(fact) {
                    observed.builds.insert(key.clone(), Some(fact));
                }
            }
        }
    }
    for key in &asked.profiles {
        let found = facts.profiles.get(key.as_str()).map(profile).unwrap_or_default();
        observed.profiles.insert(key.clone(), found);
    }
}

fn jar(record: &JarRecord) -> Option<JarFact> {
    let contract = match record.handler.contract {
        WireContract::Map => Contract::Map,
        WireContract::FunctionMap => Contract::FunctionMap,
        WireContract::FunctionString => Contract::FunctionString,
        WireContract::FunctionBytes => Contract::FunctionBytes,
        WireContract::Http => Contract::Http,
    };
    let entry = record.entry.as_deref().map(str::parse::<Digest>).transpose().ok()?;
    let handler = Handler {
        class: record.handler.class.clone(),
        method: record.handler.method.clone(),
        contract,
    };
    Some(JarFact {
        jar: record.sha256.parse().ok()?,
        entry,
        handler,
    })
}

fn build(fact: &WireBuild) -> Option<BuildFact> {
    match fact {
        WireBuild::Committed(record) => committed(record).map(BuildFact::Committed),
        WireBuild::Rejected { reason } => Some(BuildFact::Rejected { reason: reason.clone() }),
    }
}

fn committed(record: &BuildRecord) -> Option<CommittedBuild> {
    Some(CommittedBuild {
        digest: record.sha256.parse().ok()?,
        bytes: record.bytes,
        seconds: record.seconds,
        peak_memory_bytes: record.peak_memory_bytes,
        pgo: (!record.pgo.is_empty()).then(|| record.pgo.join(",")),
        applicability_basis_points: record.applicability_percent.map(basis_points),
        relevance_basis_points: record.relevance_percent.map(basis_points),
    })
}

fn profile(facts: &ProfileFacts) -> ProfileFact {
    ProfileFact {
        digest: facts.digest.parse().ok(),
        count: facts.inputs.len() as u64,
        events: facts.events,
        overlap_percent: facts.overlap_percent.map(whole_percent),
        new_context_percent: facts.new_context_percent.map(whole_percent),
        rejected: facts.rejected,
        rejected_reason: facts.rejected_reason.clone(),
        lost: facts.lost,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
fn whole_percent(percent: f64) -> u64 {
    percent.clamp(0.0, 100.0) as u64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10000")]
fn basis_points(percent: f64) -> u64 {
    (percent.clamp(0.0, 100.0) * 100.0).round() as u64
}
