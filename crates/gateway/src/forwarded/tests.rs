//! Header tables.

use rstest::rstest;

use super::*;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().expect("a name"),
                HeaderValue::from_str(value).expect("a value"),
            )
        })
        .collect()
}

fn prepared(lines: &[(&str, &str)], trusted: bool) -> HeaderMap {
    let mut headers = headers(lines);
    let origin = Origin {
        peer: [192, 0, 2, 7].into(),
        trusted,
    };
    prepare(&mut headers, "hello.shop", "", origin, || HeaderValue::from_static("fresh"));
    headers
}

#[rstest]
#[case("x-anneal-stage", "Native")]
#[case("x-anneal-anything", "1")]
#[case("connection", "close")]
#[case("keep-alive", "5")]
#[case("te", "trailers")]
#[case("upgrade", "websocket")]
#[case("transfer-encoding", "chunked")]
#[case("proxy-authorization", "secret")]
#[case("expect", "100-continue")]
#[case("forwarded", "for=1.2.3.4")]
fn does_not_pass_on(#[case] name: &str, #[case] value: &str) {
    assert!(!prepared(&[(name, value)], true).contains_key(name));
}

#[test]
fn removes_what_the_connection_header_names_but_never_what_frames_the_message() {
    let headers = prepared(
        &[
            ("connection", "close, X-Secret ,content-length, host"),
            ("x-secret", "1"),
            ("content-length", "3"),
            ("x-kept", "1"),
        ],
        false,
    );
    assert!(!headers.contains_key("x-secret"));
    assert!(headers.contains_key("content-length") && headers.contains_key("x-kept"));
    assert_eq!(headers["host"], "hello.shop");
}

#[test]
fn believes_forwarded_headers_only_of_trusted_proxies() {
    let sent = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "shop.example"),
        ("x-forwarded-port", "443"),
    ];
    let doubted = prepared(&sent, false);
    assert_eq!(
        (
            &doubted["x-forwarded-for"],
            &doubted["x-forwarded-proto"],
            &doubted["x-forwarded-host"]
        ),
        (
            &HeaderValue::from_static("192.0.2.7"),
            &HeaderValue::from_static("http"),
            &HeaderValue::from_static("hello.shop")
        )
    );
    assert!(!doubted.contains_key("x-forwarded-port"));
    let believed = prepared(&sent, true);
    assert_eq!(
        (
            &believed["x-forwarded-for"],
            &believed["x-forwarded-proto"],
            &believed["x-forwarded-host"]
        ),
        (
            &HeaderValue::from_static("203.0.113.9, 192.0.2.7"),
            &HeaderValue::from_static("https"),
            &HeaderValue::from_static("shop.example")
        )
    );
}

#[rstest]
#[case("abc-1.2_3", "abc-1.2_3")]
#[case("", "fresh")]
#[case("a b", "fresh")]
#[case("a\"b", "fresh")]
fn keeps_a_sound_request_id(#[case] sent: &str, #[case] passed: &str) {
    assert_eq!(prepared(&[("x-request-id", sent)], false)["x-request-id"], passed);
}

#[test]
fn passes_the_trace_on_and_joins_cookies() {
    let headers = prepared(&[("traceparent", "00-a-b-01"), ("cookie", "a=1"), ("cookie", "b=2")], false);
    assert_eq!(headers["traceparent"], "00-a-b-01");
    assert_eq!(
        headers.get_all("cookie").iter().collect::<Vec<_>>(),
        [&HeaderValue::from_static("a=1; b=2")]
    );
}

#[rstest]
#[case("/a/b?c=d", 0, "/a/b?c=d")]
#[case("/shop/hello", 11, "/")]
#[case("/shop/hello/", 11, "/")]
#[case("/shop/hello?a=b", 11, "/?a=b")]
#[case("/shop/hello/x/../y?a", 11, "/x/../y?a")]
#[case("http://hello.shop/a?b", 0, "/a?b")]
#[case("http://hello.shop", 0, "/")]
#[case("*", 0, "*")]
fn the_target_is_passed_on_in_origin_form(#[case] uri: &str, #[case] prefix: usize, #[case] passed: &str) {
    let uri: Uri = uri.parse().expect("a uri");
    assert_eq!(target(&uri, prefix).map(|uri| uri.to_string()), Ok(passed.to_owned()));
}

#[rstest]
#[case("/", &[("host", "a.b")], Ok("a.b"))]
#[case("http://c.d:80/", &[("host", "a.b")], Ok("c.d:80"))]
#[case("/", &[], Err(Error::NoHost))]
#[case("/", &[("host", "a.b"), ("host", "a.b")], Err(Error::AmbiguousHost))]
fn a_request_names_one_host(#[case] uri: &str, #[case] lines: &[(&str, &str)], #[case] expected: Result<&str, Error>) {
    assert_eq!(host(&uri.parse().expect("a uri"), &headers(lines)), expected);
}

#[test]
fn lengths_that_differ_in_kind_or_number_are_refused() {
    let (post, uri) = (Method::POST, Uri::from_static("/"));
    for lines in [
        &[("content-length", "3"), ("transfer-encoding", "chunked")][..],
        &[("content-length", "3"), ("content-length", "4")][..],
    ] {
        assert_eq!(check(&post, &uri, &headers(lines)), Err(Error::Length));
    }
    assert_eq!(check(&Method::CONNECT, &uri, &headers(&[])), Err(Error::Target));
    assert_eq!(check(&post, &uri, &headers(&[("content-length", "3")])), Ok(()));
}

#[rstest]
#[case("10.0.0.0/8", "10.200.0.1", true)]
#[case("10.0.0.0/8", "11.0.0.1", false)]
#[case("10.0.0.0/8", "::ffff:10.1.1.1", true)]
#[case("192.0.2.7", "192.0.2.7", true)]
#[case("192.0.2.7", "192.0.2.8", false)]
#[case("fd00::/8", "fd12::1", true)]
#[case("0.0.0.0/0", "1.2.3.4", true)]
#[case("0.0.0.0/0", "fd12::1", false)]
#[case("::/0", "fd12::1", true)]
fn networks_contain(#[case] network: &str, #[case] address: &str, #[case] contained: bool) {
    let network: Network = network.parse().expect("a network");
    assert_eq!(network.contains(address.parse().expect("an address")), contained);
}

#[rstest]
#[case("10.0.0.0/33")]
#[case("ten/8")]
#[case("10.0.0.0/")]
fn networks_are_checked(#[case] text: &str) {
    assert!(text.parse::<Network>().is_err());
}
