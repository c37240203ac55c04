//! The ordinary way: routing, headers, bodies, refusals, waiting.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::{
    executors::echo,
    harness::{Stack, client, eventually},
};

async fn echoing() -> Stack {
    let mut stack = Stack::start().await;
    let executor = echo().await;
    stack.list("hello-1", &[executor]);
    stack.route(1, &[("hello-1", 100, false)]);
    stack
}

#[tokio::test]
async fn a_request_reaches_its_function_by_host_and_by_path() {
    let stack = echoing().await;
    for (host, path, seen) in [
        ("hello.shop", "/a/b?c=d", "/a/b?c=d"),
        ("hello.shop.svc.cluster.local:80", "/", "/"),
        ("localhost", "/shop/hello/a?b", "/a?b"),
        ("127.0.0.1:8080", "/shop/hello", "/"),
    ] {
        let answer = client()
            .post(stack.url(path))
            .header("host", host)
            .body("x")
            .send()
            .await
            .expect("it is answered");
        assert_eq!(answer.status(), StatusCode::OK, "{host}{path}");
        assert_eq!(answer.headers()["x-seen-target"], seen);
        assert_eq!(answer.headers()["x-seen-host"], host);
        assert_eq!(
            (&answer.headers()["x-anneal-stage"], &answer.headers()["x-anneal-build"]),
            (
                &http::HeaderValue::from_static("Native"),
                &http::HeaderValue::from_static("0123456789")
            )
        );
        assert!(!answer.headers().contains_key("x-anneal-retries"));
    }
}

#[tokio::test]
async fn the_gateways_own_headers_cannot_be_forged_and_the_request_gets_an_id() {
    let stack = echoing().await;
    let request = stack
        .get(&client())
        .header("x-anneal-stage", "PgoOptimized")
        .header("x-forwarded-for", "6.6.6.6")
        .header("traceparent", "00-1-2-01");
    let answer = request.send().await.expect("it is answered");
    let headers = answer.headers();
    assert!(!headers.contains_key("x-seen-x-anneal-stage"));
    assert_eq!(headers["x-seen-x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["x-seen-traceparent"], "00-1-2-01");
    assert_eq!(headers["x-seen-x-request-id"], headers["x-request-id"]);
}

#[tokio::test]
async fn bodies_pass_in_both_directions_whatever_frames_them() {
    let stack = echoing().await;
    let large = Bytes::from(vec![7_u8; 700_000]);
    let known = stack
        .get(&client())
        .body(large.clone())
        .send()
        .await
        .expect("it is answered")
        .bytes()
        .await
        .expect("it is whole");
    assert!(known == large, "{} bytes came back", known.len());
    let chunked = stack
        .post_chunked(&client(), &large)
        .send()
        .await
        .expect("it is answered")
        .bytes()
        .await
        .expect("it is whole");
    assert!(chunked == large, "{} bytes came back", chunked.len());
    let head = client()
        .head(stack.url("/"))
        .header("host", "hello.shop")
        .send()
        .await
        .expect("it is answered");
    assert_eq!(head.headers()["x-seen-method"], "HEAD");
    assert_eq!(stack.counts("hello-1").classes, [0, 3, 0, 0, 0]);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_and_without_a_length() {
    let stack = echoing().await;
    let large = Bytes::from(vec![7_u8; (1 << 20) + 1]);
    let known = stack.get(&client()).body(large.clone()).send().await.expect("it is answered");
    assert_eq!(
        (known.status(), &known.headers()["x-anneal-reason"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &http::HeaderValue::from_static("TooLarge"))
    );
    let streamed = stack.post_chunked(&client(), &large).send().await.expect("it is answered");
    assert_eq!(streamed.status(), StatusCode::PAYLOAD_TOO_LARGE);
    eventually("the request is over", || stack.counts("hello-1").in_flight == 0).await;
    assert_eq!((stack.counts("hello-1").failures, stack.counts("hello-1").cancelled), (0, 1));
}

#[tokio::test]
async fn what_cannot_be_routed_is_told_why() {
    let stack = echoing().await;
    for (host, path, status, reason, word) in [
        ("hello", "/", 421, "Misdirected", "hello.NAMESPACE.svc.cluster.local"),
        ("www.example.com", "/", 421, "Misdirected", "NAME.NAMESPACE.svc"),
        ("other.shop", "/", 404, "NotFound", "no Function"),
        ("localhost", "/", 404, "NotFound", "/NAMESPACE/NAME"),
        ("localhost", "/shop/other/x", 404, "NotFound", "no Function"),
    ] {
        let answer = client()
            .get(stack.url(path))
            .header("host", host)
            .send()
            .await
            .expect("it is answered");
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["x-anneal-reason"].to_str().ok()),
            (status, Some(reason)),
            "{host}{path}"
        );
        let sentence = answer.text().await.expect("it is whole");
        assert!(sentence.contains(word), "{sentence}");
    }
}

#[tokio::test]
async fn http_2_without_tls_is_served() {
    let stack = echoing().await;
    let stream = TcpStream::connect(stack.address).await.expect("the gateway listens");
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .expect("it speaks HTTP/2");
    tokio::spawn(connection);
    let request = Request::post("http://hello.shop/a")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(Full::new(Bytes::from("body")))
        .expect("it is a request");
    let answer = sender.send_request(request).await.expect("it is answered");
    assert_eq!(
        (
            answer.status(),
            &answer.headers()["x-seen-host"],
            &answer.headers()["x-seen-cookie"]
        ),
        (
            StatusCode::OK,
            &http::HeaderValue::from_static("hello.shop"),
            &http::HeaderValue::from_static("a=1; b=2")
        )
    );
    assert_eq!(answer.into_body().collect().await.expect("it is whole").to_bytes(), "body");
}
