//! Requests that could be read in two ways never reach an executor in the second.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Collected, Full};
use rstest::rstest;

use super::{
    executors::executor,
    harness::{Stack, raw},
};

async fn counted() -> (Stack, Arc<AtomicUsize>) {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let executor = executor(move |request| {
        let seen = Arc::clone(&counted);
        async move {
            seen.fetch_add(1, SeqCst);
            let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
            Response::new(Full::from(Bytes::from([b"body:", body.as_ref()].concat())))
        }
    })
    .await;
    let mut stack = Stack::start().await;
    stack.list("hello-1", &[executor]);
    stack.route(1, &[("hello-1", 100, false)]);
    (stack, seen)
}

#[rstest]
#[case::two_lengths("POST / HTTP/1.1\r\nhost: hello.shop\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd")]
#[case::bad_length("POST / HTTP/1.1\r\nhost: hello.shop\r\ncontent-length: +3\r\n\r\nabc")]
#[case::listed_lengths("POST / HTTP/1.1\r\nhost: hello.shop\r\ncontent-length: 3, 4\r\n\r\nabcd")]
#[case::chunked_is_not_last("POST / HTTP/1.1\r\nhost: hello.shop\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
#[case::odd_encoding("POST / HTTP/1.1\r\nhost: hello.shop\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n")]
#[case::chunked_in_http_1_0("POST / HTTP/1.0\r\nhost: hello.shop\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")]
#[case::folded("GET / HTTP/1.1\r\nhost: hello.shop\r\nx-a: b\r\n c\r\n\r\n")]
#[case::space_before_colon("POST / HTTP/1.1\r\nhost: hello.shop\r\ncontent-length : 3\r\n\r\nabc")]
#[case::bare_newline_in_a_name("GET / HTTP/1.1\r\nhost: hello.shop\r\nx\na: b\r\n\r\n")]
#[case::nul("GET / HTTP/1.1\r\nhost: hello.shop\r\nx-a: b\0c\r\n\r\n")]
#[case::two_hosts("GET / HTTP/1.1\r\nhost: hello.shop\r\nhost: other.shop\r\n\r\n")]
#[case::no_host("GET / HTTP/1.1\r\nconnection: close\r\n\r\n")]
#[case::connect("CONNECT hello.shop:80 HTTP/1.1\r\nhost: hello.shop\r\n\r\n")]
#[case::bad_method("GE T / HTTP/1.1\r\nhost: hello.shop\r\n\r\n")]
#[case::bad_version("GET / HTTP/9.9\r\nhost: hello.shop\r\n\r\n")]
#[tokio::test]
async fn is_refused_and_reaches_nobody(#[case] request: &str) {
    let (stack, seen) = counted().await;
    let request = request.replacen(
        "\r\n\r\n",
        "\r\nconnection: close\r\n\r\n",
        usize::from(request.contains("HTTP/1.1\r\nhost")),
    );
    let answer = raw(stack.address, request.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.0 400") || answer.starts_with("HTTP/1.1 505"),
        "{answer:?}"
    );
    assert_eq!(seen.load(SeqCst), 0);
}

#[tokio::test]
async fn a_length_beside_chunks_is_never_passed_on() {
    let (stack, seen) = counted().await;
    let smuggled = "POST / HTTP/1.1\r\nhost: hello.shop\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n1\r\na\r\n0\r\n\r\n";
    let answer = raw(stack.address, smuggled.as_bytes()).await;
    // Either it is refused, or the chunks alone count (RFC 9112, 6.3): never the length.
    assert!(answer.starts_with("HTTP/1.1 400") || answer.ends_with("body:a"), "{answer}");
    assert!(seen.load(SeqCst) <= 1);
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let (stack, seen) = counted().await;
    let request = format!("GET / HTTP/1.1\r\nhost: hello.shop\r\nx-long: {}\r\n\r\n", "a".repeat(70_000));
    let answer = raw(stack.address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
    assert_eq!(seen.load(SeqCst), 0);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (stack, seen) = counted().await;
    let request = |body: &str, extra: &str| {
        format!(
            "POST / HTTP/1.1\r\nhost: hello.shop\r\n{extra}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let both = format!("{}{}", request("one", ""), request("second", "connection: close\r\n"));
    let answer = raw(stack.address, both.as_bytes()).await;
    let (first, second) = (answer.find("body:one"), answer.find("body:second"));
    assert!(first.is_some() && first < second, "{answer}");
    assert_eq!(seen.load(SeqCst), 2);
}

#[tokio::test]
async fn a_get_may_have_a_body_however_it_is_framed() {
    let (stack, _seen) = counted().await;
    for framed in [
        "content-length: 4\r\n\r\nbody",
        "transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    ] {
        let answer = raw(
            stack.address,
            format!("GET / HTTP/1.1\r\nhost: hello.shop\r\nconnection: close\r\n{framed}").as_bytes(),
        )
        .await;
        assert!(answer.ends_with("body:body"), "{answer}");
    }
}
