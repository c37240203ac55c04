//! A scripted apiserver: objects by path, tokens by name.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use anneal_protocol::FunctionRef;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tower::service_fn;

/// What the apiserver holds.
#[derive(Clone, Default)]
pub(crate) struct FakeCluster(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    /// Audience, user and claims by token.
    tokens: BTreeMap<String, Value>,
    requests: Vec<(Method, String, Value)>,
    down: bool,
}

impl FakeCluster {
    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        let this = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let this = this.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect_bytes().await.unwrap_or_default();
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
                let (status, answer) = this.answer(&parts.method, &target, &body);
                let answer = Body::from(Bytes::from(answer.to_string()));
                Ok::<_, std::convert::Infallible>(Response::builder().status(status).body(answer).unwrap())
            }
        });
        Client::new(service, "default")
    }

    fn answer(&self, method: &Method, target: &str, body: &Value) -> (StatusCode, Value) {
        let mut state = self.0.lock().unwrap();
        state.requests.push((method.clone(), target.to_owned(), body.clone()));
        let path = target.split('?').next().unwrap_or_default();
        if state.down {
            return failure(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable");
        }
        if path.ends_with("/tokenreviews") {
            return (StatusCode::CREATED, review(&state, body));
        }
        if *method == Method::PATCH {
            let Some(object) = state.objects.get_mut(path) else {
                return failure(StatusCode::NOT_FOUND, "NotFound");
            };
            if object["metadata"]["uid"] != body["metadata"]["uid"] {
                return failure(StatusCode::CONFLICT, "Conflict");
            }
            object["metadata"]["annotations"] = body["metadata"]["annotations"].clone();
            return (StatusCode::OK, object.clone());
        }
        if let Some(object) = state.objects.get(path) {
            return (StatusCode::OK, object.clone());
        }
        if path.ends_with("/functions") {
            let items: Vec<_> = state
                .objects
                .iter()
                .filter(|(path, _)| path.contains("/functions/"))
                .map(|(_, object)| object.clone())
                .collect();
            let list = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": items});
            return (StatusCode::OK, list);
        }
        failure(StatusCode::NOT_FOUND, "NotFound")
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.0.lock().unwrap().down = down;
    }

    /// Requests of one method whose path has this part.
    pub(crate) fn requests(&self, method: &Method, part: &str) -> Vec<(String, Value)> {
        let state = self.0.lock().unwrap();
        let matching = state
            .requests
            .iter()
            .filter(|(found, path, _)| found == method && path.contains(part));
        matching.map(|(_, path, body)| (path.clone(), body.clone())).collect()
    }

    pub(crate) fn token(&self, token: &str, audience: &str, user: &str, pod: Option<(&str, &str)>) {
        let extra =
            pod.map(|(name, uid)| json!({"authentication.kubernetes.io/pod-name": [name], "authentication.kubernetes.io/pod-uid": [uid]}));
        let user = json!({"audience": audience, "user": {"username": user, "extra": extra}});
        self.0.lock().unwrap().tokens.insert(token.to_owned(), user);
    }

    pub(crate) fn put(&self, path: &str, metadata: &Value) {
        let object = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata});
        self.0.lock().unwrap().objects.insert(path.to_owned(), object);
    }

    /// An object that is read as a whole.
    pub(crate) fn put_object(&self, path: &str, object: Value) {
        self.0.lock().unwrap().objects.insert(path.to_owned(), object);
    }

    pub(crate) fn edit(&self, path: &str, edit: impl FnOnce(&mut Value)) {
        edit(&mut self.0.lock().unwrap().objects.get_mut(path).unwrap()["metadata"]);
    }

    pub(crate) fn remove(&self, path: &str) {
        self.0.lock().unwrap().objects.remove(path).unwrap();
    }

    pub(crate) fn annotation(&self, path: &str, name: &str) -> Option<String> {
        let state = self.0.lock().unwrap();
        state.objects.get(path)?["metadata"]["annotations"][name]
            .as_str()
            .map(str::to_owned)
    }

    /// A Function.
    pub(crate) fn function(&self, function: &FunctionRef) {
        self.put(
            &function_path(function),
            &metadata(function, &function.name, &function.uid, &Value::Null),
        );
    }

    /// A Job of a Function with one pod and that pod's token. All are named alike.
    pub(crate) fn job(&self, function: &FunctionRef, job: &str) {
        let namespace = &function.namespace;
        let owner = owner("anneal.dev/v1alpha1", "Function", &function.name, &function.uid);
        self.put(
            &format!("/apis/batch/v1/namespaces/{namespace}/jobs/{job}"),
            &metadata(function, job, &uid("job", job), &owner),
        );
        self.pod(function, job, &super::cluster::owner("batch/v1", "Job", job, &uid("job", job)));
    }

    /// A Deployment of a Function with one pod and that pod's token. All are named alike.
    pub(crate) fn executor(&self, function: &FunctionRef, name: &str, build_key: &str) {
        let namespace = &function.namespace;
        let of_function = owner("anneal.dev/v1alpha1", "Function", &function.name, &function.uid);
        let mut deployment = metadata(function, name, &uid("deployment", name), &of_function);
        deployment["annotations"] = json!({"anneal.dev/build-key": build_key});
        self.put(&format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}"), &deployment);
        let of_deployment = owner("apps/v1", "Deployment", name, &uid("deployment", name));
        let set = metadata(function, name, &uid("set", name), &of_deployment);
        self.put(&format!("/apis/apps/v1/namespaces/{namespace}/replicasets/{name}"), &set);
        self.pod(function, name, &owner("apps/v1", "ReplicaSet", name, &uid("set", name)));
    }

    fn pod(&self, function: &FunctionRef, name: &str, owner: &Value) {
        self.put(&pod_path(function, name), &metadata(function, name, &uid("pod", name), owner));
        let user = format!("system:serviceaccount:{}:anneal-{}", function.namespace, function.name);
        self.token(name, anneal_protocol::DEPOT_AUDIENCE, &user, Some((name, &uid("pod", name))));
    }
}

pub(crate) fn pod_path(function: &FunctionRef, name: &str) -> String {
    format!("/api/v1/namespaces/{}/pods/{name}", function.namespace)
}

pub(crate) fn function_path(function: &FunctionRef) -> String {
    format!(
        "/apis/anneal.dev/v1alpha1/namespaces/{}/functions/{}",
        function.namespace, function.name
    )
}

pub(crate) fn uid(kind: &str, name: &str) -> String {
    format!("{kind}-uid-{name}")
}

pub(crate) fn owner(api_version: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!([{"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true}])
}

fn metadata(function: &FunctionRef, name: &str, uid: &str, owners: &Value) -> Value {
    json!({"namespace": function.namespace, "name": name, "uid": uid, "ownerReferences": owners})
}

fn review(state: &State, body: &Value) -> Value {
    let found = body["spec"]["token"].as_str().and_then(|token| state.tokens.get(token));
    let asked = &body["spec"]["audiences"][0];
    let status = match found {
        Some(token) if token["audience"] == *asked => {
            json!({"authenticated": true, "audiences": [asked], "user": token["user"]})
        }
        // What an apiserver without audiences answers.
        Some(token) if token["audience"] == "none" => {
            json!({"authenticated": true, "user": token["user"]})
        }
        _ => json!({"authenticated": false, "error": "no"}),
    };
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "metadata": {}, "spec": {}, "status": status})
}

fn failure(status: StatusCode, reason: &str) -> (StatusCode, Value) {
    let code = status.as_u16();
    (
        status,
        json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": reason, "message": reason, "code": code}),
    )
}
