//! The server over a real socket.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use prometheus::{IntCounter, Registry};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::serve_on;

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers");
    answer
}

#[tokio::test]
async fn readiness_follows_the_closure_and_metrics_come_from_the_registry() {
    let (registry, ready) = (Registry::new(), Arc::new(AtomicBool::new(false)));
    let counter = IntCounter::new("anneal_test_things_total", "Things.").expect("the name is valid");
    registry.register(Box::new(counter.clone())).expect("it is the first");
    counter.inc_by(3);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let asked = Arc::clone(&ready);
    let server = tokio::spawn(serve_on(listener, registry, move || asked.load(Ordering::SeqCst)));

    assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 503"));
    ready.store(true, Ordering::SeqCst);
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    let metrics = get(address, "/metrics").await;
    assert!(
        metrics.contains("text/plain") && metrics.contains("anneal_test_things_total 3"),
        "{metrics}"
    );
    server.abort();
}

#[test]
fn setting_up_logs_twice_is_harmless() {
    super::init("test");
    super::init("test");
}
