//! Executors of many tempers, over TCP.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Collected, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinSet,
};

use super::harness::listen;

/// A port at which nobody listens.
pub(crate) async fn refusing() -> SocketAddr {
    listen().await.1
}

/// An executor that answers like `answer` and keeps connections.
pub(crate) async fn executor<F, R>(answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answer = answer(request);
                    async move { Ok::<_, std::convert::Infallible>(answer.await) }
                });
                // A client that goes away is no fault of a test.
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    address
}

/// An executor that can be ended like a process: its socket and all of its connections with it.
pub(crate) struct Ending {
    pub(crate) address: SocketAddr,
    /// Requests that it has not answered.
    pub(crate) busy: Arc<AtomicUsize>,
    /// Dropped, it ends.
    _alive: JoinSet<()>,
}

pub(crate) async fn ending() -> Ending {
    let (listener, address) = listen().await;
    let busy = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&busy);
    let mut alive = JoinSet::new();
    alive.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let busy = Arc::clone(&counted);
            connections.spawn(async move {
                let service = service_fn(move |_| {
                    let busy = Arc::clone(&busy);
                    async move {
                        busy.fetch_add(1, SeqCst);
                        tokio::task::yield_now().await;
                        busy.fetch_sub(1, SeqCst);
                        Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from("answered"))))
                    }
                });
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    Ending {
        address,
        busy,
        _alive: alive,
    }
}

/// An executor that answers its name to every request.
pub(crate) async fn named(name: &'static str) -> SocketAddr {
    executor(move |_| async move { Response::new(Full::from(name)) }).await
}

/// An executor that answers what it was sent: the body, and the head in `x-seen-…`.
pub(crate) async fn echo() -> SocketAddr {
    executor(|request| async move {
        let (head, body) = request.into_parts();
        let mut answer = Response::new(Full::from(body.collect().await.map(Collected::to_bytes).unwrap_or_default()));
        answer
            .headers_mut()
            .insert("x-seen-target", head.uri.to_string().parse().expect("it is a header"));
        answer
            .headers_mut()
            .insert("x-seen-method", head.method.as_str().parse().expect("it is a header"));
        for (name, value) in &head.headers {
            answer.headers_mut().append(
                format!("x-seen-{name}").parse::<http::HeaderName>().expect("it is a name"),
                value.clone(),
            );
        }
        answer
    })
    .await
}

/// An executor that speaks bytes: `script` gets every connection with its number, from 0.
pub(crate) async fn scripted<F, R>(script: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TcpStream, usize) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let (listener, address) = listen().await;
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(script(stream, counted.fetch_add(1, SeqCst)));
        }
    });
    (address, connections)
}

/// Reads up to the end of a head; `false` when the peer closed first.
pub(crate) async fn read_head(stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    let mut byte = [0; 1];
    while !seen.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => seen.push(byte[0]),
            _ => return false,
        }
    }
    true
}

/// Writes a short answer.
pub(crate) async fn write_answer(stream: &mut TcpStream, extra: &str, body: &str) {
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{extra}\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.expect("the gateway reads");
}

/// Requests that executors hold until a test lets them go.
#[derive(Clone, Default)]
pub(crate) struct Hold(Arc<Mutex<Vec<oneshot::Sender<()>>>>);

impl Hold {
    pub(crate) async fn wait(&self) {
        let (release, released) = oneshot::channel();
        self.0.lock().expect("nobody panicked").push(release);
        drop(released.await);
    }

    pub(crate) fn held(&self) -> usize {
        self.0.lock().expect("nobody panicked").len()
    }

    pub(crate) fn release_all(&self) {
        self.0.lock().expect("nobody panicked").clear();
    }
}

/// An executor that answers its name when `hold` lets it.
pub(crate) async fn holding(name: &'static str, hold: Hold) -> SocketAddr {
    executor(move |_| {
        let hold = hold.clone();
        async move {
            hold.wait().await;
            Response::new(Full::from(name))
        }
    })
    .await
}
