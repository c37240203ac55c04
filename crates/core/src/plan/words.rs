//! `next`: what is waited for and what happens then, in one sentence.

use crate::{
    gates::{self, Report, waiting_sentence},
    plan::retracing,
    view::{Settling, View},
};

/// The sentence.
pub(super) fn next(view: &View<'_>, reports: &[Report]) -> String {
    if view.resolution.verdict.is_fail() {
        return view.resolution.verdict.finding().message.clone();
    }
    if let Some(report) = reports.iter().find(|report| !report.verdict.is_pass()) {
        let message = &report.verdict.finding().message;
        let sentence = match (report.verdict.is_fail(), gates::next_edge(view.state.stage, view.target())) {
            (false, Some(to)) => format!("{message} Then comes {}.", to.as_str()),
            _ => message.clone(),
        };
        // Who holds a shrink is always named.
        return match late(view) {
            Some(late) if late != *message => format!("{sentence} {late}"),
            _ => sentence,
        };
    }
    if let Some(late) = late(view) {
        return late;
    }
    if let Some(pause) = retracing::pause_sentence(view.state, view.input) {
        return pause;
    }
    match view.state.stage {
        Some(stage) => format!("Nothing: the target is reached and the function is served at {}.", stage.as_str()),
        None => "The first executors are starting.".to_owned(),
    }
}

fn late(view: &View<'_>) -> Option<String> {
    match view.settling() {
        Settling::Waiting(names) => Some(waiting_sentence(&names, view.input.state.route_generation)),
        Settling::Settled | Settling::Unknown => None,
    }
}
