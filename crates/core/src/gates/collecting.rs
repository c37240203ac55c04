//! Gates that wait for what executors collect: reachability metadata and profiles.

use crate::{
    facts::{Known, ProfileFact},
    gates::Verdict,
    reason::Reason,
    revision::Revision,
    spec::{ProfileNeeds, Tracing},
    stage::Stage,
    view::View,
};

pub(super) fn metadata_merged(view: &View<'_>) -> Verdict {
    let jar = |revision: Option<&Revision>| revision.map(|revision| revision.inputs.jar.clone());
    if jar(view.revision()) != jar(view.input.state.revision()) {
        return Verdict::hold(Reason::Tracing, "The revision is being opened.");
    }
    let retrace = view.revision().and_then(|revision| revision.retrace);
    let before = retrace.map_or(0, |retrace| retrace.windows);
    match &view.observed().metadata {
        Known::Unknown => Verdict::hold(
            Reason::StoreUnavailable,
            "The depot does not say whether the reachability metadata is merged.",
        ),
        Known::Known(Some(metadata)) if metadata.windows > before => {
            Verdict::pass(Reason::MetadataMerged, "The reachability metadata is merged.")
        }
        Known::Known(_) if retrace.is_some() => Verdict::hold(
            Reason::MissingRegistration,
            "An executable met an element that is not registered, and the function is traced anew until the traced executor has \
             finished its window and uploaded its metadata.",
        ),
        Known::Known(_) => Verdict::hold(Reason::Tracing, tracing_sentence(view)),
    }
}

/// How far the window is, if that was counted.
fn tracing_sentence(view: &View<'_>) -> String {
    let (Known::Known(counted), Some(wanted)) = (&view.observed().requests, view.wanted()) else {
        return "The traced executor has not finished its window and uploaded its metadata.".to_owned();
    };
    let traced = view.placement(Stage::HotspotAgent).map(|placement| placement.deployment);
    let answered = traced.and_then(|traced| counted.get(&traced)).copied().unwrap_or_default();
    let Tracing { requests, seconds } = wanted.tracing;
    format!(
        "The traced executor has not uploaded its metadata: it answered {answered} requests, and its window ends at {requests} or after \
         {seconds} seconds."
    )
}

pub(super) fn profiles_sufficient(view: &View<'_>) -> Verdict {
    let (Some(key), Some(wanted)) = (view.key(Stage::PgoInstrumented), view.wanted()) else {
        return Verdict::hold(Reason::NotStarted, "Profiles are collected when the instrumented executors serve.");
    };
    let Some(profile) = view.observed().profiles.get(&key) else {
        return Verdict::hold(Reason::StoreUnavailable, "The depot does not say how many profiles are merged.");
    };
    match missing(profile, wanted.profiles) {
        None => Verdict::pass(Reason::ProfilesSufficient, "There are enough profiles."),
        Some(missing) => Verdict::hold(shortage(profile, wanted.profiles), missing),
    }
}

/// What is missing, as a sentence; nothing when there is enough.
pub(crate) fn missing(profile: &ProfileFact, needs: ProfileNeeds) -> Option<String> {
    let sufficient =
        profile.digest.is_some() && profile.count >= needs.min && (profile.events >= needs.min_events || profile.count >= needs.max);
    if sufficient {
        return None;
    }
    let merged = if profile.count < needs.min || profile.digest.is_none() {
        format!("{} of {} profiles are merged", profile.count, needs.min)
    } else {
        format!(
            "{} profiles are merged and hold {} of {} events; at {} profiles that is enough in any case",
            profile.count, profile.events, needs.min_events, needs.max
        )
    };
    let rejected = (profile.rejected > 0).then(|| match &profile.rejected_reason {
        Some(reason) => format!("{} rejected (the last: {reason})", profile.rejected),
        None => format!("{} rejected", profile.rejected),
    });
    let lost = (profile.lost > 0).then(|| format!("{} windows yielded none", profile.lost));
    let parts: Vec<String> = [Some(merged), rejected, lost].into_iter().flatten().collect();
    Some(format!("{}.", parts.join("; ")))
}

fn shortage(profile: &ProfileFact, needs: ProfileNeeds) -> Reason {
    if profile.count >= needs.min {
        Reason::Collecting
    } else if profile.rejected > 0 {
        Reason::ProfilesRejected
    } else if profile.lost > 0 {
        Reason::ProfilesLost
    } else {
        Reason::Collecting
    }
}
