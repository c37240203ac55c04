use anneal_protocol::{agent::Source, depot::Readable};
use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;
use url::Url;

use super::{Error, Rules, fetch};
use crate::{
    depot::tests::some_work,
    digest::Content,
    testing::{Backend, Pod, sha256},
};

/// What happens to a URL before anything is connected to.
async fn judge(url: &str, hosts: &[String], networks: &[&str]) -> Result<(), Error> {
    let networks: Vec<String> = networks.iter().map(|&network| network.to_owned()).collect();
    let rules = Rules::new(hosts, &networks)?;
    let url = Url::parse(url).map_err(|source| Error::ParseUrl { source })?;
    let host = rules.check(&url)?;
    rules.addresses(&host, url.port_or_known_default().unwrap_or(0)).await.map(drop)
}

#[tokio::test]
async fn no_form_of_a_private_address_passes() {
    for url in [
        // Loopback: dotted, short, decimal, octal, hex, mixed, with leading zeros, with a dot.
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://0177.0.0.0x1/",
        "https://127.0.0.1./",
        "https://127.255.0.9/",
        "https://0/",
        "https://0.0.0.0/",
        "https://00000000/",
        "https://0x0/",
        // The metadata services.
        "https://169.254.169.254/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://0251.0376.0251.0376/",
        "https://0xa9.254.0xa9.254/",
        "https://169.254.43518/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:a9fe:a9fe]/",
        // Private and shared networks.
        "https://10.0.0.1/",
        "https://10.1/",
        "https://167772161/",
        "https://012.0.0.1/",
        "https://192.168.1.1/",
        "https://3232235777/",
        "https://0xc0a80101/",
        "https://172.16.0.1/",
        "https://100.64.0.1/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        // IPv6: loopback, mapped, compatible, NAT64, 6to4, Teredo, local.
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b::169.254.169.254]/",
        "https://[2002:7f00:1::]/",
        "https://[2001::1]/",
        "https://[fc00::1]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[ff02::1]/",
        // Digits of other scripts that mean the same.
        "https://１２７.0.0.1/",
        "https://①②⑦.⓪.⓪.①/",
        // A name for it.
        "https://localhost/",
        "https://LOCALHOST/",
    ] {
        let error = judge(url, &[], &[]).await.expect_err(url);
        let is_refused = matches!(error, Error::Forbid { .. } | Error::ParseUrl { .. });
        assert!(is_refused, "{url}: {error}");
    }
}

#[tokio::test]
async fn no_other_scheme_or_form_passes() {
    for url in [
        "http://93.184.216.34/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "data:,x",
        "gopher://93.184.216.34/",
        "https://user@93.184.216.34/",
        "https://:secret@93.184.216.34/",
        "https://127.0.0.1@93.184.216.34/",
        "ws://93.184.216.34/",
        "unix:/var/run/x.sock",
        "https://",
        "//93.184.216.34/",
        "93.184.216.34",
    ] {
        assert!(judge(url, &[], &[]).await.is_err(), "{url}");
    }
    assert!(judge("https://93.184.216.34/app.jar", &[], &[]).await.is_ok());
    assert!(judge("https://[2606:2800:220:1::1]:8443/app.jar", &[], &[]).await.is_ok());
}

#[tokio::test]
async fn a_list_of_hosts_is_a_list() {
    let hosts = ["93.184.216.34", "*.Repo.example", "repo.internal"].map(str::to_owned);
    let rules = Rules::new(&hosts, &[]).unwrap();
    let passes = |url: &str| rules.check(&Url::parse(url).unwrap()).is_ok();
    for url in [
        "https://93.184.216.34/",
        "http://93.184.216.34/",
        "https://a.repo.example/",
        "https://a.b.REPO.example/",
        "https://repo.internal:8443/x",
        "https://repo.internal./x",
    ] {
        assert!(passes(url), "{url}");
    }
    for url in [
        "https://93.184.216.35/",
        "https://repo.example/",
        "https://evilrepo.example/",
        "https://.repo.example/",
        "https://repo.internal.evil.example/",
        "https://xrepo.internal/",
        "https://a.repo.example.evil.example/",
    ] {
        assert!(!passes(url), "{url}");
    }
}

#[tokio::test]
async fn an_allowed_host_at_a_private_address_needs_an_allowed_network() {
    let hosts = ["10.0.0.1".to_owned()];
    assert!(judge("https://10.0.0.1/", &hosts, &[]).await.is_err());
    assert!(judge("https://10.0.0.1/", &hosts, &["10.0.0.0/8"]).await.is_ok());
    let error = judge("https://10.0.0.1/", &hosts, &["ten"]).await.unwrap_err();
    assert!(matches!(error, Error::ParseAllowed { .. }), "{error}");
}

/// A web server of somebody, and a URL on it.
async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let to = |location: &'static str| (StatusCode::FOUND, [(header::LOCATION, location)]);
    let elsewhere = base.replace("127.0.0.1", "127.0.0.2");
    let routes = Router::new()
        .route("/app.jar", get(async || "a jar"))
        .route("/moved", get(async move || to("/app.jar")))
        .route("/loop", get(async move || to("loop")))
        .route(
            "/away",
            get(async move || (StatusCode::FOUND, [(header::LOCATION, elsewhere)]).into_response()),
        )
        .route("/error", get(async || StatusCode::BAD_GATEWAY));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    base
}

async fn fetch_from(url: String, digest: &str) -> (Result<Content, Error>, Pod, Backend) {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let source = Source::Http {
        url,
        sha256: digest.to_owned(),
        allowed_hosts: vec!["127.0.0.1".to_owned(), "127.0.0.2".to_owned()],
        allowed_networks: vec!["127.0.0.0/8".to_owned()],
    };
    let fetched = fetch(&source, &pod.settings, &pod.transfer()).await;
    (fetched, pod, backend)
}

#[tokio::test]
async fn a_url_is_fetched_through_redirects_of_its_own_origin() {
    let base = server().await;
    for path in ["app.jar", "moved"] {
        let url = format!("{base}/{path}");
        let (fetched, pod, _backend) = fetch_from(url, &sha256(b"a jar").to_uppercase()).await;
        assert_eq!(fetched.unwrap().bytes, 5);
        assert_eq!(std::fs::read(pod.settings.workspace.jar()).unwrap(), b"a jar");
    }
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    let base = server().await;
    for path in ["away", "loop"] {
        let (fetched, _pod, _backend) = fetch_from(format!("{base}/{path}"), "00").await;
        assert!(matches!(fetched, Err(Error::Forbid { .. })), "{path}: {fetched:?}");
    }
}

#[tokio::test]
async fn what_a_server_says_instead_is_told_apart() {
    let base = server().await;
    for (path, status) in [("nothing", 404), ("error", 502)] {
        let (fetched, _pod, _backend) = fetch_from(format!("{base}/{path}"), "00").await;
        let is_expected = matches!(fetched, Err(Error::Status { status: found }) if found == status);
        assert!(is_expected, "{path}: {fetched:?}");
    }
    let (fetched, _pod, _backend) = fetch_from(format!("{base}/app.jar"), "00").await;
    assert!(matches!(fetched, Err(Error::Mismatch { .. })), "{fetched:?}");
}

#[tokio::test]
async fn a_name_is_connected_to_at_the_checked_address_only() {
    let base = server().await;
    let port = base.rsplit(':').next().unwrap();
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let source = |networks: &[&str]| Source::Http {
        url: format!("http://localhost:{port}/app.jar"),
        sha256: sha256(b"a jar"),
        allowed_hosts: vec!["localhost".to_owned()],
        allowed_networks: networks.iter().map(|&network| network.to_owned()).collect(),
    };
    let transfer = pod.transfer();
    let refused = fetch(&source(&[]), &pod.settings, &transfer).await;
    assert!(matches!(refused, Err(Error::Forbid { .. })), "{refused:?}");
    fetch(&source(&["127.0.0.0/8"]), &pod.settings, &transfer).await.unwrap();
}

#[tokio::test]
async fn a_mounted_config_map_is_copied() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    std::fs::create_dir(&pod.settings.source_dir).unwrap();
    std::fs::write(pod.settings.source_dir.join("..data"), b"a jar").unwrap();
    let link = pod.settings.source_dir.join("app.jar");
    std::os::unix::fs::symlink("..data", link).unwrap();
    let source = |key: &str, sha256: Option<String>| Source::ConfigMap {
        key: key.to_owned(),
        sha256,
    };
    let transfer = pod.transfer();
    let fetch = async |source| fetch(&source, &pod.settings, &transfer).await;
    for digest in [None, Some(sha256(b"a jar"))] {
        assert_eq!(fetch(source("app.jar", digest)).await.unwrap().bytes, 5);
    }
    let other = fetch(source("app.jar", Some("00".to_owned()))).await;
    assert!(matches!(other, Err(Error::Mismatch { .. })), "{other:?}");
    let none = fetch(source("none.jar", None)).await;
    assert!(matches!(none, Err(Error::ReadMount { .. })), "{none:?}");
    for key in ["", ".", "..", "../token", "a/b", "/etc/passwd", "app.jar/"] {
        let malformed = fetch(source(key, None)).await;
        assert!(matches!(malformed, Err(Error::MalformedKey { .. })), "{key:?}: {malformed:?}");
    }
}

#[tokio::test]
async fn an_upload_is_fetched_by_grant() {
    let backend = Backend::start().await;
    let source = Source::S3 {
        key: "app.jar".to_owned(),
        sha256: sha256(b"a jar"),
    };
    let pod = Pod::new(&backend, some_work());
    backend.put(&Readable::Upload { key: "app.jar".to_owned() }, b"a jar");
    fetch(&source, &pod.settings, &pod.transfer()).await.unwrap();
    assert_eq!(std::fs::read(pod.settings.workspace.jar()).unwrap(), b"a jar");
}
