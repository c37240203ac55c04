//! Serves connections within bounds: whoever opens many, or says nothing, must not make the pod look unready.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anneal_tls::{Bounds, Identity};
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Some gateways and a kubelet.
const BOUNDS: Bounds = Bounds {
    connections: 256,
    headers: Duration::from_secs(15),
    life: Duration::from_secs(600),
    drain: Duration::ZERO,
};

/// Opens the port for both families, or for IPv4 alone where there is no other.
pub(crate) async fn listen(port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).await,
    }
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, routes: Router, identity: Identity) {
    anneal_tls::serve(listener, routes, identity, BOUNDS, CancellationToken::new()).await;
}
