//! Who is served, by whom a certificate is believed, and for how long.

use std::{net::SocketAddr, sync::atomic::AtomicI64, sync::atomic::Ordering::SeqCst};

use axum::routing::get;
use rstest::rstest;
use rustls::{
    pki_types::{CertificateDer, UnixTime},
    time_provider::TimeProvider,
};
use tokio::{io::AsyncReadExt, net::TcpSocket, sync::Notify};

use super::*;
use crate::{
    Authorities, Authority, Certificate, ClientConfig, LEAF_SECONDS, Leaf, OVERLAP_SECONDS, PrivateKey, RENEW_SECONDS, RETIRE_SECONDS,
    SUCCESSION_SECONDS, client,
};

const START: i64 = 1_800_000_000;
const NAME: &str = "depot.anneal.svc";

/// The time as a test holds it.
#[derive(Debug)]
struct Hands(AtomicI64);

impl TimeProvider for Hands {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.load(SeqCst)).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

fn trusting(bundle: &str, now: i64) -> Arc<ClientConfig> {
    client::config_at(bundle, Arc::new(Hands(AtomicI64::new(now)))).unwrap()
}

const BOUNDS: Bounds = Bounds {
    connections: 8,
    headers: Duration::from_secs(30),
    life: Duration::from_secs(600),
    drain: Duration::from_secs(30),
};

struct Port {
    address: SocketAddr,
    stop: CancellationToken,
}

async fn port(identity: &Identity, routes: Router) -> Port {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, routes, identity.clone(), BOUNDS, stop.clone()));
    Port { address, stop }
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

fn names() -> Vec<String> {
    vec![NAME.to_owned()]
}

/// One call; the end of the answer, and the certificate that was shown.
async fn call(address: SocketAddr, name: &str, config: Arc<ClientConfig>) -> crate::Result<(String, CertificateDer<'static>)> {
    let mut stream = client::connect(address, name, config).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
    Ok((answer, shown))
}

#[tokio::test]
async fn a_server_is_believed_by_its_name_and_its_authority_alone() {
    let (authorities, other) = (Authorities::mint(START).unwrap(), Authorities::mint(START).unwrap());
    let identity = Identity::default();
    identity.show(authorities.signer(START).issue(&names(), START).unwrap());
    let port = port(&identity, hello()).await;
    let (answer, _) = call(port.address, NAME, trusting(&authorities.bundle(), START)).await.unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    let wrong_name = call(port.address, "another.anneal.svc", trusting(&authorities.bundle(), START)).await;
    assert!(wrong_name.is_err());
    let wrong_authority = call(port.address, NAME, trusting(&other.bundle(), START)).await;
    assert!(wrong_authority.is_err());
    let too_late = call(port.address, NAME, trusting(&authorities.bundle(), START + LEAF_SECONDS + 1)).await;
    assert!(too_late.is_err(), "a certificate is good for a day");
}

#[tokio::test]
async fn a_stranger_s_key_is_signed_for_the_names_that_are_given_and_fits_no_other_key() {
    let authority = Authority::mint(START, START).unwrap();
    let key = PrivateKey::generate().unwrap();
    let chain = authority.sign(&key.public(), &names(), START).unwrap();
    let identity = Identity::default();
    identity.show(Certificate::new(&key, &chain).unwrap());
    let port = port(&identity, hello()).await;
    assert!(call(port.address, NAME, trusting(authority.certificate(), START)).await.is_ok());
    assert!(Certificate::new(&PrivateKey::generate().unwrap(), &chain).is_err());
}

#[tokio::test]
async fn without_a_certificate_nobody_is_answered_and_with_the_first_one_everybody_is() {
    let authorities = Authorities::mint(START).unwrap();
    let identity = Identity::default();
    let port = port(&identity, hello()).await;
    let config = trusting(&authorities.bundle(), START);
    assert!(call(port.address, NAME, Arc::clone(&config)).await.is_err());
    Leaf::new(identity, names()).renew(&authorities, START).unwrap();
    assert!(call(port.address, NAME, config).await.is_ok());
}

#[tokio::test]
async fn a_certificate_is_renewed_at_two_thirds_of_its_life_on_the_same_listener() {
    let authorities = Authorities::mint(START).unwrap();
    let identity = Identity::default();
    let mut leaf = Leaf::new(identity.clone(), names());
    let port = port(&identity, hello()).await;
    let mut shown = Vec::new();
    for now in [START, START + RENEW_SECONDS - 1, START + RENEW_SECONDS] {
        leaf.renew(&authorities, now).unwrap();
        let (_, certificate) = call(port.address, NAME, trusting(&authorities.bundle(), now)).await.unwrap();
        shown.push(certificate);
    }
    assert!(shown[0] == shown[1] && shown[1] != shown[2]);
}

#[tokio::test]
async fn a_rotation_is_noticed_by_nobody_and_ends_the_old_authority() {
    let first = Authorities::mint(START).unwrap();
    let next = START + crate::AUTHORITY_SECONDS - SUCCESSION_SECONDS + 1;
    let both = first.turned(next).unwrap().unwrap();
    let identity = Identity::default();
    let mut leaf = Leaf::new(identity.clone(), names());
    let port = port(&identity, hello()).await;

    leaf.renew(&both, next).unwrap();
    let reads = |bundle: String, now| call(port.address, NAME, trusting(&bundle, now));
    let (_, old) = reads(first.bundle(), next).await.expect("who has not read the new one is served");
    let signs = next + OVERLAP_SECONDS;
    let before_renewal = reads(both.bundle(), signs).await.expect("the old certificate is still good");
    assert_eq!(before_renewal.1, old);
    leaf.renew(&both, signs).unwrap();
    let (_, new) = reads(both.bundle(), signs).await.expect("the new authority is known");
    assert_ne!(new, old);
    assert!(reads(first.bundle(), signs).await.is_err(), "the new authority signs now");

    let retired = signs + RETIRE_SECONDS;
    let last = both.turned(retired).unwrap().unwrap();
    identity.show(first.signer(next).issue(&names(), retired).unwrap());
    assert!(reads(last.bundle(), retired).await.is_err(), "the old authority is over");
    leaf.renew(&last, retired).unwrap();
    assert!(reads(last.bundle(), retired).await.is_ok());
}

#[tokio::test]
async fn whoever_comes_without_tls_is_told_so() {
    let port = port(&Identity::default(), hello()).await;
    let answer = plain_answer(TcpStream::connect(port.address).await.unwrap()).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("\r\n\r\nThis port speaks TLS only.\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn one_address_leaves_places_for_others() {
    let port = port(&Identity::default(), hello()).await;
    let mut held = Vec::new();
    for _ in 0..BOUNDS.connections / PEER_PART {
        held.push(TcpStream::connect(port.address).await.unwrap());
    }
    assert_eq!(plain_answer(TcpStream::connect(port.address).await.unwrap()).await, "");
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    assert_ne!(plain_answer(other.connect(port.address).await.unwrap()).await, "");
}

/// What whoever comes without TLS is told: nothing if the connection is not taken on.
async fn plain_answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    // What is refused is reset, sooner or later.
    drop(stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await);
    drop(stream.read_to_string(&mut answer).await);
    answer
}

#[rstest]
#[case(b"")]
#[case(&[HANDSHAKE_RECORD])]
#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_go_on_is_ended(#[case] beginning: &[u8]) {
    let port = port(&Identity::default(), hello()).await;
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    stream.write_all(beginning).await.unwrap();
    let ended = stream.read(&mut [0; 1]).await;
    assert!(matches!(ended, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_call_in_flight_ends_before_the_server_does() {
    let authorities = Authorities::mint(START).unwrap();
    let identity = Identity::default();
    Leaf::new(identity.clone(), names()).renew(&authorities, START).unwrap();
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arriving, going_on) = (Arc::clone(&arrived), Arc::clone(&go_on));
    let slow = move || {
        let (arrived, go_on) = (Arc::clone(&arriving), Arc::clone(&going_on));
        async move {
            arrived.notify_one();
            go_on.notified().await;
            "done"
        }
    };
    let port = port(&identity, Router::new().route("/", get(slow))).await;
    let config = trusting(&authorities.bundle(), START);
    let asked = tokio::spawn(call(port.address, NAME, config));
    arrived.notified().await;
    port.stop.cancel();
    go_on.notify_one();
    let (answer, _) = asked.await.unwrap().unwrap();
    assert!(answer.ends_with("done"), "{answer}");
}
