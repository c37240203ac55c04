//! Whom the registry listens to, and what it makes of what it hears.

use anneal_protocol::gateway::FunctionReport;

use super::*;

fn function() -> FunctionRef {
    FunctionRef {
        namespace: "n".to_owned(),
        name: "f".to_owned(),
        uid: "u".to_owned(),
    }
}

fn report(gateway: &str, boot: &str, generation: i64, requests: u64) -> GatewayReport {
    let counts = Counts {
        requests,
        ..Counts::default()
    };
    let deployments = BTreeMap::from([("d".to_owned(), counts)]);
    let functions = vec![FunctionReport {
        function: function(),
        generation,
        deployments,
        unroutable: 0,
    }];
    GatewayReport {
        gateway: gateway.to_owned(),
        boot: boot.to_owned(),
        functions,
    }
}

#[test]
fn tells_only_of_functions_whose_generation_moved() {
    let (registry, now) = (Registry::default(), Instant::now());
    assert_eq!(registry.take(report("a", "1", 1, 5), now), [function()]);
    assert!(registry.take(report("a", "1", 1, 6), now).is_empty());
    assert_eq!(registry.take(report("a", "1", 2, 6), now), [function()]);
    assert_eq!(
        registry.take(report("a", "2", 2, 0), now),
        [function()],
        "a new process says it anew"
    );
    assert_eq!(
        (registry.generation("a", &function()), registry.generation("b", &function())),
        (Some(2), None)
    );
}

#[test]
fn adds_up_what_the_gateways_counted() {
    let (registry, now) = (Registry::default(), Instant::now());
    registry.take(report("a", "1", 1, 5), now);
    registry.take(report("b", "1", 1, 7), now);
    registry.take(report("a", "1", 1, 6), now);
    assert_eq!(registry.counts(&function())["d"].requests, 13);
}

/// A server whose apiserver knows one token, and its address.
async fn server(leads: bool) -> (Registry, String) {
    let apiserver = tower::service_fn(async |request: http::Request<kube::client::Body>| {
        let review: TokenReview = serde_json::from_slice(&request.into_body().collect_bytes().await?)?;
        let (user, audience) = match review.spec.token.as_deref() {
            Some("gateway") => ("system:serviceaccount:anneal:gateway", CONTROLLER_AUDIENCE),
            Some("tenant") => ("system:serviceaccount:shop:hello", CONTROLLER_AUDIENCE),
            _ => ("system:serviceaccount:anneal:gateway", "another"),
        };
        let status = serde_json::json!({"authenticated": true, "audiences": [audience], "user": {"username": user}});
        let answer = serde_json::json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {}, "status": status});
        Ok::<_, tower::BoxError>(http::Response::new(kube::client::Body::from(answer.to_string().into_bytes())))
    });
    let (registry, (_, leading)) = (Registry::default(), watch::channel(leads));
    let gateway = "system:serviceaccount:anneal:gateway".to_owned();
    let server = Server::new(
        registry.clone(),
        Client::new(apiserver, "default"),
        gateway,
        leading,
        broadcast::channel(8).0,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, server.router()).await });
    (registry, format!("http://{address}{REPORTS_PATH}"))
}

async fn post_report(url: &str, token: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let call = client.post(url).bearer_auth(token).json(&report("a", "1", 7, 5));
    call.send().await.expect("the server answers").status().as_u16()
}

#[tokio::test]
async fn only_a_gateways_own_token_is_listened_to() {
    let (registry, url) = server(true).await;
    assert_eq!(
        (post_report(&url, "tenant").await, post_report(&url, "other audience").await),
        (401, 401)
    );
    assert_eq!(registry.generation("a", &function()), None);
    assert_eq!(post_report(&url, "gateway").await, 200);
    assert_eq!(registry.generation("a", &function()), Some(7));
}

#[tokio::test]
async fn a_controller_that_does_not_lead_sends_the_gateway_on() {
    let (registry, url) = server(false).await;
    assert_eq!(post_report(&url, "gateway").await, 421);
    assert_eq!(registry.generation("a", &function()), None);
}
