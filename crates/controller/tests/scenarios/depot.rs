//! A depot that says what a test lets it say.

use std::sync::{Arc, Mutex};

use anneal_protocol::{
    depot::{Confirmed, FACTS_PATH, JarRecord, PURGES_PATH, PurgeReply, REJECTIONS_PATH},
    facts::{Facts, FactsRequest},
};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};

use crate::scenario::SITE;

/// What the depot knows, and whether it answers.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) facts: Facts,
    pub(crate) down: bool,
    pub(crate) purged: bool,
}

pub(crate) type Shelf = Arc<Mutex<Stored>>;

/// Answers what is on the shelf; where, is returned.
pub(crate) async fn serve(stored: Shelf) -> String {
    let router = Router::new()
        .route(FACTS_PATH, post(facts))
        .route(PURGES_PATH, post(purge))
        .route(REJECTIONS_PATH, post(reject))
        .with_state(stored);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    SITE.serve(listener, router, &["127.0.0.1"]);
    format!("https://{address}")
}

async fn facts(State(stored): State<Shelf>, Json(asked): Json<FactsRequest>) -> Result<Json<Facts>, StatusCode> {
    let stored = stored.lock().expect("no test panics with it");
    if stored.down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let Facts {
        jar,
        builds,
        profiles,
        metadata,
    } = stored.facts.clone();
    let is_asked = |jar: &JarRecord| asked.jar.as_ref().is_some_and(|asked| asked.sha256 == jar.sha256);
    Ok(Json(Facts {
        jar: jar.filter(is_asked),
        builds: builds.into_iter().filter(|(key, _)| asked.builds.contains(key)).collect(),
        profiles: profiles.into_iter().filter(|(key, _)| asked.profiles.contains(key)).collect(),
        metadata: metadata.filter(|_| asked.metadata.is_some()),
    }))
}

async fn purge(State(stored): State<Shelf>) -> Result<Json<PurgeReply>, StatusCode> {
    let mut stored = stored.lock().expect("no test panics with it");
    if stored.down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let first = !std::mem::replace(&mut stored.purged, true);
    Ok(Json(PurgeReply {
        deleted: u64::from(first),
        complete: !first,
    }))
}

async fn reject() -> Json<Confirmed> {
    Json(Confirmed::default())
}
