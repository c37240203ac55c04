//! An apiserver in memory: objects by path, with uids, resource versions, label selectors, status, scale and finalizers, and a
//! record of every write. Nothing in it runs: a test says what controllers and kubelets would have done.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{Method, Request, StatusCode};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tower::{BoxError, service_fn};

use crate::{
    merge::merge,
    selector,
    watches::{self, Ending, Watches, whole},
};

/// A write that was asked for.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Write {
    /// `POST`, `PATCH`, `PUT` or `DELETE`.
    pub method: String,
    /// Path of the object (of the collection, for `POST`).
    pub path: String,
}

/// What goes wrong, counted in writes from the moment it is set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The n-th write (from 0) and everything after it is not done, and nobody answers: the caller died before it.
    DeadBefore(usize),
    /// The n-th write is done, but neither it nor anything after it is answered: the caller died after it.
    DeadAfter(usize),
    /// The n-th write is done and answered with 504, everything else as usual.
    LostReply(usize),
    /// The n-th write is refused with 409, everything else as usual.
    Conflict(usize),
}

/// The apiserver. Clones are the same one.
#[derive(Clone, Default)]
pub struct Apiserver {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    version: u64,
    writes: Vec<Write>,
    fault: Option<(Fault, usize)>,
    watches: Watches,
}

struct Call<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    apply: bool,
    body: Value,
}

type Answer = Result<(StatusCode, Value), BoxError>;

impl Apiserver {
    /// A client of it.
    pub fn client(&self) -> Client {
        let server = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { server.answer(request).await }
        });
        Client::new(service, "default")
    }

    /// Puts an object there as its owner would have made it; the path ends with its name.
    pub fn put(&self, path: &str, object: Value) {
        let mut state = self.lock();
        state.store(path, object);
    }

    /// Removes an object.
    pub fn remove(&self, path: &str) {
        self.lock().drop_object(path);
    }

    /// Ends all open watches.
    pub fn end_watches(&self, ending: Ending) {
        self.lock().watches.end(ending);
    }

    /// Forgets all that changed: a watch can begin only at what is there now.
    pub fn forget_history(&self) {
        let mut state = self.lock();
        let version = state.version;
        state.watches.forget(version);
    }

    /// The object at a path.
    pub fn get(&self, path: &str) -> Option<Value> {
        self.lock().objects.get(path).cloned()
    }

    /// Changes the object at a path, if there is one.
    pub fn change(&self, path: &str, patch: &Value) {
        let mut state = self.lock();
        if let Some(mut object) = state.objects.get(path).cloned() {
            merge(&mut object, patch);
            state.store(path, object);
        }
    }

    /// All paths below a prefix.
    pub fn paths(&self, prefix: &str) -> Vec<String> {
        self.lock()
            .objects
            .keys()
            .filter(|path| path.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// Writes asked for since the last call.
    pub fn take_writes(&self) -> Vec<Write> {
        std::mem::take(&mut self.lock().writes)
    }

    /// Lets something go wrong, or nothing any more.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.lock().fault = fault.map(|fault| (fault, 0));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Body>) -> Result<watches::Answer, BoxError> {
        let (parts, body) = request.into_parts();
        let bytes = body.collect_bytes().await?;
        let kind = parts
            .headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let call = Call {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            apply: kind.contains("apply-patch"),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        };
        if call.method == Method::GET && parameter(call.query, "watch") == "true" {
            let version = parameter(call.query, "resourceVersion").parse().unwrap_or_default();
            let selector = parameter(call.query, "labelSelector");
            return self.lock().watches.watch(call.path, selector, version);
        }
        let (status, answer) = self.lock().serve(&call)?;
        whole(status, &answer)
    }
}

impl State {
    fn serve(&mut self, call: &Call<'_>) -> Answer {
        let writes = [Method::POST, Method::PATCH, Method::PUT, Method::DELETE].contains(call.method);
        let Some((fault, counted)) = self.fault else {
            return Ok(self.commit(call, writes));
        };
        let number = counted;
        if writes {
            self.fault = Some((fault, counted + 1));
        }
        let died = || Err(BoxError::from("nobody is left to hear the answer"));
        match fault {
            Fault::DeadBefore(at) if number > at || (writes && number == at) => died(),
            Fault::DeadAfter(at) if number > at => died(),
            Fault::DeadAfter(at) if writes && number == at => {
                self.commit(call, writes);
                died()
            }
            Fault::LostReply(at) if writes && number == at => {
                self.commit(call, writes);
                Ok(refusal(StatusCode::GATEWAY_TIMEOUT, "Timeout"))
            }
            Fault::Conflict(at) if writes && number == at => Ok(refusal(StatusCode::CONFLICT, "Conflict")),
            _ => Ok(self.commit(call, writes)),
        }
    }

    fn commit(&mut self, call: &Call<'_>, writes: bool) -> (StatusCode, Value) {
        if writes {
            self.writes.push(Write {
                method: call.method.to_string(),
                path: call.path.to_owned(),
            });
        }
        match call.method.as_str() {
            "POST" => self.create(call),
            "PATCH" => self.patch(call),
            "PUT" => self.replace(call),
            "DELETE" => self.delete(call),
            _ => self.read(call),
        }
    }

    fn read(&self, call: &Call<'_>) -> (StatusCode, Value) {
        if let Some(object) = self.objects.get(call.path) {
            return (StatusCode::OK, object.clone());
        }
        if !is_collection(call.path) {
            return refusal(StatusCode::NOT_FOUND, "NotFound");
        }
        let selector = parameter(call.query, "labelSelector");
        let prefix = format!("{}/", call.path);
        let fits = |path: &str, object: &Value| path.starts_with(&prefix) && selector::matches(object, &selector);
        let found = self.objects.iter().filter(|(path, object)| fits(path, object));
        // As in a real list, items do not say what they are.
        let items: Vec<Value> = found.map(|(_, object)| without_types(object)).collect();
        let metadata = json!({"resourceVersion": self.version.to_string()});
        (
            StatusCode::OK,
            json!({"apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items}),
        )
    }

    fn create(&mut self, call: &Call<'_>) -> (StatusCode, Value) {
        let name = call.body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let path = format!("{}/{name}", call.path);
        if self.objects.contains_key(&path) {
            return refusal(StatusCode::CONFLICT, "AlreadyExists");
        }
        let mut object = call.body.clone();
        object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        object["metadata"]["generation"] = json!(1);
        (StatusCode::CREATED, self.store(&path, object))
    }

    fn patch(&mut self, call: &Call<'_>) -> (StatusCode, Value) {
        let (path, part) = ["/status", "/scale"]
            .into_iter()
            .find_map(|part| call.path.strip_suffix(part).map(|path| (path, part)))
            .unwrap_or((call.path, ""));
        let Some(mut object) = self.objects.get(path).cloned() else {
            // An apply makes what is not there, unless it is meant for one object alone.
            let makes = call.apply && part.is_empty() && call.body["metadata"].get("uid").is_none();
            return if makes {
                (StatusCode::CREATED, self.store(path, call.body.clone()))
            } else {
                refusal(StatusCode::NOT_FOUND, "NotFound")
            };
        };
        for field in ["uid", "resourceVersion"] {
            let wanted = call.body["metadata"].get(field);
            if wanted.is_some_and(|wanted| *wanted != object["metadata"][field]) {
                return refusal(StatusCode::CONFLICT, "Conflict");
            }
        }
        let before = object.clone();
        match part {
            // An apply of a status by the one manager that writes it takes away what it does not name.
            "/status" if call.apply => object["status"] = call.body["status"].clone(),
            // The same of a map of data.
            "" if call.apply && call.body.get("data").is_some() => {
                object["data"] = call.body["data"].clone();
                merge(&mut object, &call.body);
            }
            "/status" => merge(&mut object["status"], &call.body["status"]),
            "/scale" => object["spec"]["replicas"] = call.body["spec"]["replicas"].clone(),
            _ => merge(&mut object, &call.body),
        }
        let going = object["metadata"].get("deletionTimestamp").is_some();
        let held = object["metadata"]["finalizers"]
            .as_array()
            .is_some_and(|finalizers| !finalizers.is_empty());
        if going && !held {
            self.drop_object(path);
            return (StatusCode::OK, object);
        }
        if object != before {
            object = self.store(path, object);
        }
        if part == "/scale" {
            let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": object["metadata"]["name"]}, "spec": {"replicas": object["spec"]["replicas"]}});
            return (StatusCode::OK, scale);
        }
        (StatusCode::OK, object)
    }

    fn replace(&mut self, call: &Call<'_>) -> (StatusCode, Value) {
        let Some(object) = self.objects.get(call.path) else {
            return refusal(StatusCode::NOT_FOUND, "NotFound");
        };
        let version = &call.body["metadata"]["resourceVersion"];
        if !version.is_null() && *version != object["metadata"]["resourceVersion"] {
            return refusal(StatusCode::CONFLICT, "Conflict");
        }
        (StatusCode::OK, self.store(call.path, call.body.clone()))
    }

    fn delete(&mut self, call: &Call<'_>) -> (StatusCode, Value) {
        let Some(mut object) = self.objects.get(call.path).cloned() else {
            return refusal(StatusCode::NOT_FOUND, "NotFound");
        };
        let wanted = call.body.pointer("/preconditions/uid");
        if wanted.is_some_and(|wanted| *wanted != object["metadata"]["uid"]) {
            return refusal(StatusCode::CONFLICT, "Conflict");
        }
        let held = object["metadata"]["finalizers"]
            .as_array()
            .is_some_and(|finalizers| !finalizers.is_empty());
        if held {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            return (StatusCode::OK, self.store(call.path, object));
        }
        self.drop_object(call.path);
        (
            StatusCode::OK,
            json!({"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}),
        )
    }

    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        if object["metadata"].get("uid").is_none() {
            object["metadata"]["uid"] = json!(format!("uid-{}", self.version));
        }
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let before = self.objects.insert(path.to_owned(), object.clone());
        let kind = if before.is_some() { "MODIFIED" } else { "ADDED" };
        self.watches.record(kind, self.version, path, &object);
        object
    }

    fn drop_object(&mut self, path: &str) {
        if let Some(object) = self.objects.remove(path) {
            self.version += 1;
            self.watches.record("DELETED", self.version, path, &object);
        }
    }
}

fn without_types(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("kind");
    }
    object
}

/// `/api/v1/namespaces/n/pods` and `/apis/apps/v1/namespaces/n/deployments`, not what is in them.
fn is_collection(path: &str) -> bool {
    let below = path.split_once("/namespaces/").map_or("", |(_, below)| below);
    below.split('/').count() == 2
}

fn refusal(code: StatusCode, reason: &str) -> (StatusCode, Value) {
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason, "reason": reason, "code": code.as_u16()});
    (code, status)
}

/// A query parameter with the escapes that label selectors have.
fn parameter(query: &str, name: &str) -> String {
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_default();
    value.replace("%3D", "=").replace("%2C", ",").replace("%2F", "/").replace('+', " ")
}
