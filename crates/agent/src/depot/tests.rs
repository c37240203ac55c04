use anneal_protocol::{
    agent::{Resolve, Source, Work},
    depot::{Confirmation, GrantRequest, LossCause, Readable},
    handler::HandlerRequest,
    problem::ProblemCode,
};
use reqwest::StatusCode;

use super::{Error, by_status};
use crate::testing::{Backend, Fault, PACE, Pod};

pub(crate) fn some_work() -> Work {
    let source = Source::ConfigMap {
        key: "app.jar".to_owned(),
        sha256: None,
    };
    Work::Resolve(Resolve {
        source,
        handler: HandlerRequest::default(),
    })
}

fn request() -> GrantRequest {
    GrantRequest::Get {
        object: Readable::Jar { sha256: "00".to_owned() },
    }
}

fn lost() -> Confirmation {
    Confirmation::Lost {
        build_key: "k".to_owned(),
        window: 0,
        cause: LossCause::Killed,
    }
}

#[tokio::test]
async fn the_token_is_read_anew_for_every_call() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let depot = pod.transfer().depot().clone();
    depot.grant(&request()).await.unwrap();
    std::fs::write(&pod.settings.token_file, "second").unwrap();
    depot.confirm(&lost()).await.unwrap();
    assert_eq!(backend.facts().tokens, ["Bearer first", "Bearer second"]);
}

#[tokio::test]
async fn a_depot_that_is_away_for_a_moment_is_asked_again() {
    let backend = Backend::start().await;
    let depot = Pod::new(&backend, some_work()).transfer().depot().clone();
    let codes = [ProblemCode::Unavailable, ProblemCode::Unauthenticated];
    backend.facts().confirm_faults.extend(codes.map(Fault::Refuse));
    // The pod's folder is gone by now, and with it the token: that is a passing fault as well.
    assert!(depot.confirm(&lost()).await.unwrap_err().is_passing());

    let pod = Pod::new(&backend, some_work());
    pod.transfer().depot().confirm(&lost()).await.unwrap();
    assert_eq!(backend.facts().confirmations, [lost()]);
    assert_eq!(backend.facts().tokens.len(), 3);
}

#[tokio::test]
async fn tries_are_bounded() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let faults = std::iter::repeat_n(Fault::Refuse(ProblemCode::Unavailable), 100);
    backend.facts().grant_faults.extend(faults);
    let error = pod.transfer().depot().grant(&request()).await.unwrap_err();
    assert!(error.is_passing());
    assert_eq!(backend.facts().grants.len(), usize::try_from(PACE.tries).unwrap());
}

#[tokio::test]
async fn a_refusal_is_final() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    for code in [ProblemCode::Gone, ProblemCode::Forbidden, ProblemCode::Conflict] {
        backend.facts().grant_faults.push_back(Fault::Refuse(code));
        let error = pod.transfer().depot().grant(&request()).await.unwrap_err();
        assert!(matches!(error, Error::Refuse { code: found, .. } if found == code));
        assert_eq!(error.is_gone(), code == ProblemCode::Gone);
        assert_eq!(error.is_conflict(), code == ProblemCode::Conflict);
    }
    assert_eq!(backend.facts().grants.len(), 3);
}

#[tokio::test]
async fn nobody_at_the_address_is_a_passing_fault() {
    let backend = Backend::start().await;
    let mut pod = Pod::new(&backend, some_work());
    // Port 9 of this host is closed wherever the tests run.
    "http://127.0.0.1:9".clone_into(&mut pod.settings.config.depot);
    let error = pod.transfer().depot().grant(&request()).await.unwrap_err();
    assert!(matches!(error, Error::Call { .. }), "{error}");
    assert!(error.is_passing());
}

#[test]
fn an_answer_without_a_problem_is_read_by_its_status() {
    for (status, code) in [
        (401, ProblemCode::Unauthenticated),
        (404, ProblemCode::NotFound),
        (410, ProblemCode::Gone),
        (412, ProblemCode::Conflict),
        (418, ProblemCode::Invalid),
        (429, ProblemCode::Unavailable),
        (302, ProblemCode::Unavailable),
        (500, ProblemCode::Unavailable),
        (504, ProblemCode::Unavailable),
    ] {
        assert_eq!(by_status(StatusCode::from_u16(status).unwrap()), code, "{status}");
    }
}
