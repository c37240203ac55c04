//! Watches: everything that changed since a version, and then what changes, until a test ends them.

use std::convert::Infallible;

use futures::{StreamExt, channel::mpsc};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};
use serde_json::{Value, json};
use tower::BoxError;

use crate::selector;

/// An answer, at once or in parts.
pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// An answer at once.
pub(crate) fn whole(status: StatusCode, body: &Value) -> Result<Answer, BoxError> {
    let body = Full::new(Bytes::from(body.to_string())).boxed_unsync();
    let answer = Response::builder().status(status).header("content-type", "application/json");
    Ok(answer.body(body)?)
}

/// How open watches come to their end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// As after their time: they can be taken up where they were.
    Closed,
    /// With the word that the history is lost.
    Gone,
    /// Not at all: they stay open, and nothing more is said.
    Silent,
}

/// What changed, and who is told of it.
#[derive(Default)]
pub(crate) struct Watches {
    history: Vec<Change>,
    /// Versions before it are forgotten.
    oldest: u64,
    open: Vec<Open>,
    /// Kept open, and told nothing.
    silent: Vec<Open>,
}

#[derive(Clone)]
struct Change {
    version: u64,
    path: String,
    event: Value,
    object: Value,
}

struct Open {
    prefix: String,
    selector: String,
    sender: mpsc::UnboundedSender<Value>,
}

impl Open {
    fn tell(&self, change: &Change) -> bool {
        let concerns = change.path.starts_with(&self.prefix) && selector::matches(&change.object, &self.selector);
        !concerns || self.sender.unbounded_send(change.event.clone()).is_ok()
    }
}

impl Watches {
    /// Tells whoever watches of a change.
    pub(crate) fn record(&mut self, kind: &str, version: u64, path: &str, object: &Value) {
        let mut object = object.clone();
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let change = Change {
            version,
            path: path.to_owned(),
            event: json!({"type": kind, "object": object}),
            object,
        };
        self.open.retain(|open| open.tell(&change));
        self.history.push(change);
    }

    /// A new watch of what is below a path, from a version on.
    pub(crate) fn watch(&mut self, path: &str, selector: String, version: u64) -> Result<Answer, BoxError> {
        if version < self.oldest {
            return whole(StatusCode::GONE, &gone());
        }
        let (sender, events) = mpsc::unbounded();
        let open = Open {
            prefix: format!("{path}/"),
            selector,
            sender,
        };
        for change in self.history.iter().filter(|change| change.version > version) {
            open.tell(change);
        }
        self.open.push(open);
        let lines = events.map(|event| Ok::<_, Infallible>(Frame::data(Bytes::from(format!("{event}\n")))));
        Ok(Response::new(StreamBody::new(lines).boxed_unsync()))
    }

    /// Ends all open watches.
    pub(crate) fn end(&mut self, ending: Ending) {
        let open = std::mem::take(&mut self.open);
        match ending {
            Ending::Closed => {}
            Ending::Gone => {
                let event = json!({"type": "ERROR", "object": gone()});
                for open in &open {
                    drop(open.sender.unbounded_send(event.clone()));
                }
            }
            Ending::Silent => self.silent.extend(open),
        }
    }

    /// Forgets what changed up to a version.
    pub(crate) fn forget(&mut self, version: u64) {
        self.history.clear();
        self.oldest = version;
    }
}

fn gone() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Expired", "message": "too old", "code": 410})
}
