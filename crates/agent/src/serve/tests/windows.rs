//! Windows for profiles, from their opening to what becomes of them.

use anneal_protocol::{
    agent::{AcceptState, Serve, WarmupRequest, Work},
    depot::{Confirmation, LossCause, Readable},
    problem::ProblemCode,
    termination::Termination,
};

use super::case::{Case, binary, dumping, function, object, profiles};
use crate::testing::{Backend, Fault, Pod, lines};
#[tokio::test]
async fn a_window_is_rotated_and_its_profile_stored() {
    let case = Case::start(binary(&dumping(), profiles()), &dumping()).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    gateway.requests = 5000;
    gateway.sees(AcceptState::Draining, 0).await;
    assert!(case.is_ready().await, "readiness lasts through a rotation");
    gateway.sees(AcceptState::Accepting, 1).await;
    case.started(2).await;
    let confirmations = case.backend.confirmed(1).await;
    let Confirmation::Profile(sidecar) = &confirmations[0] else {
        panic!("{confirmations:?}")
    };
    assert_eq!((sidecar.window, sidecar.requests, sidecar.exit), (0, 5000, 143));
    assert!(case.backend.written(&object(0)).is_some());

    gateway.requests += 7;
    gateway.report().await;
    case.ears.leave();
    gateway.says_goodbye().await;
    let starts = case.starts();
    let (ended, backend, pod) = case.ended().await;
    assert_eq!(ended, Ok(()));
    let Confirmation::Profile(sidecar) = &backend.facts().confirmations[1] else {
        panic!()
    };
    assert_eq!((sidecar.window, sidecar.requests), (1, 7));
    let dump = pod.settings.workspace.profile(0);
    let port = pod.settings.function_port;
    let first = format!("start -XX:ProfilesDumpFile={} port={port} config=", dump.display());
    assert_eq!(starts[0], first);
    assert_eq!(starts.len(), 4, "{starts:?}");
}

#[tokio::test]
async fn a_child_that_leaves_no_profile_costs_its_window() {
    let script = function("exit 0");
    let case = Case::start(binary(&script, profiles()), &script).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    gateway.requests = 5000;
    gateway.sees(AcceptState::Accepting, 1).await;
    let lost = Confirmation::Lost {
        build_key: "key".to_owned(),
        window: 0,
        cause: LossCause::NoProfile,
    };
    assert_eq!(case.backend.confirmed(1).await, [lost]);
}

#[tokio::test]
async fn a_child_that_does_not_end_is_killed() {
    let script = function("true");
    let serve = Serve {
        stop_seconds: 0,
        ..binary(&script, profiles())
    };
    let case = Case::start(serve, &script).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    gateway.requests = 5000;
    gateway.sees(AcceptState::Accepting, 1).await;
    let confirmations = case.backend.confirmed(1).await;
    let is_killed = matches!(
        confirmations[0],
        Confirmation::Lost {
            cause: LossCause::Killed,
            window: 0,
            ..
        }
    );
    assert!(is_killed, "{confirmations:?}");
}

#[tokio::test]
async fn a_crash_ends_the_container_and_loses_the_window() {
    let case = Case::start(binary(&dumping(), profiles()), &dumping()).await;
    case.ready().await;
    case.started(1).await;
    case.ears.forward(rustix::process::Signal::USR1);
    let (ended, backend, pod) = case.ended().await;
    assert_eq!(ended, Err(Termination::ChildExited { exit: 9 }));
    let lost = |window| Confirmation::Lost {
        build_key: "key".to_owned(),
        window,
        cause: LossCause::Crashed,
    };
    assert_eq!(backend.facts().confirmations, [lost(0)]);

    // The next container of the pod needs no store, and goes on with the next window.
    backend.facts().objects.clear();
    let case = Case::start_in(backend, pod).await;
    case.gateway().sees(AcceptState::Accepting, 1).await;
    assert_eq!(case.backend.facts().grants.len(), 1);
}

#[tokio::test]
async fn a_window_the_agent_did_not_see_the_end_of_is_lost() {
    let backend = Backend::start().await;
    let script = dumping();
    let pod = Pod::new(&backend, Work::Serve(binary(&script, profiles())));
    backend.put(
        &Readable::Artifact {
            build_key: "key".to_owned(),
        },
        script.as_bytes(),
    );
    let ledger = "{\"next\": 8, \"open\": 7, \"closed\": false}";
    std::fs::write(pod.settings.workspace.ledger(), ledger).unwrap();
    let case = Case::start_in(backend, pod).await;
    case.gateway().sees(AcceptState::Accepting, 8).await;
    let confirmations = case.backend.confirmed(1).await;
    let is_lost = matches!(
        confirmations[0],
        Confirmation::Lost {
            cause: LossCause::Crashed,
            window: 7,
            ..
        }
    );
    assert!(is_lost, "{confirmations:?}");
}

#[tokio::test]
async fn a_pod_without_windows_ends_its_child_and_itself() {
    let script = function("exit 143");
    let serve = Serve {
        drain_seconds: 0,
        ..binary(&script, None)
    };
    let case = Case::start(serve, &script).await;
    case.ready().await;
    case.started(1).await;
    case.ears.leave();
    let file = case.starts_file();
    let (ended, backend, _pod) = case.ended().await;
    assert_eq!(ended, Ok(()));
    assert!(backend.facts().confirmations.is_empty());
    assert_eq!(lines(&file).last().unwrap(), "end");
}

#[tokio::test]
async fn a_deleted_function_ends_the_pod_at_once() {
    let case = Case::start(binary(&dumping(), profiles()), &dumping()).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    case.backend.facts().grant_faults.push_back(Fault::Refuse(ProblemCode::Gone));
    gateway.requests = 5000;
    gateway.says_goodbye().await;
    let (ended, backend, _pod) = case.ended().await;
    assert_eq!(ended, Err(Termination::Gone));
    assert!(backend.facts().confirmations.is_empty());
}

#[tokio::test]
async fn the_first_child_is_warmed_up_and_no_other() {
    let requests = [("/a?x=1", None), ("/b", Some("{}")), ("c", Some("text"))];
    let warmup = requests.map(|(path, body)| WarmupRequest {
        path: path.to_owned(),
        body: body.map(str::to_owned),
    });
    let serve = Serve {
        warmup: warmup.to_vec(),
        health_path: Some("/up".to_owned()),
        ..binary(&dumping(), profiles())
    };
    let case = Case::start(serve, &dumping()).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    let asked = ["GET /up ", "GET /a?x=1 ", "POST /b {}", "POST /c text"];
    assert_eq!(*case.asked.lock().await, asked);
    gateway.requests = 5000;
    gateway.sees(AcceptState::Accepting, 1).await;
    assert_eq!(case.asked.lock().await[4..], ["GET /up "]);
}

#[tokio::test]
async fn a_start_that_fails_has_its_word() {
    let bad = WarmupRequest {
        path: "/bad".to_owned(),
        body: None,
    };
    let script = function("exit 0");
    let whole = binary(&script, profiles());
    for (serve, expected) in [
        (
            Serve {
                warmup: vec![bad],
                ..whole.clone()
            },
            Termination::SmokeFailed,
        ),
        (
            Serve {
                health_path: Some("/bad".to_owned()),
                start_seconds: 0,
                ..whole.clone()
            },
            Termination::NotHealthy,
        ),
    ] {
        let case = Case::start(serve, &script).await;
        let (ended, backend, _pod) = case.ended().await;
        assert_eq!(ended, Err(expected));
        assert!(backend.facts().confirmations.is_empty(), "a window that never opened is not lost");
    }

    let crashing = "#!/bin/sh\nexit 5\n";
    let serve = Serve {
        health_path: Some("/bad".to_owned()),
        ..binary(crashing, profiles())
    };
    let (ended, _backend, _pod) = Case::start(serve, crashing).await.ended().await;
    assert_eq!(ended, Err(Termination::ChildExited { exit: 5 }));

    let other = binary("other", profiles());
    let (ended, _backend, _pod) = Case::start(other, &script).await.ended().await;
    assert_eq!(ended, Err(Termination::InputUnavailable));
}

#[tokio::test]
async fn a_pod_may_go_while_its_child_starts() {
    let script = function("exit 0");
    let serve = Serve {
        health_path: Some("/bad".to_owned()),
        ..binary(&script, profiles())
    };
    let case = Case::start(serve, &script).await;
    case.started(1).await;
    case.ears.leave();
    let (ended, backend, _pod) = case.ended().await;
    assert_eq!(ended, Ok(()));
    assert!(backend.facts().confirmations.is_empty());
}

#[tokio::test]
async fn an_absent_store_does_not_hold_the_next_window() {
    let case = Case::start(binary(&dumping(), profiles()), &dumping()).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    let away = std::iter::repeat_n(Fault::Status(503), 1_000_000);
    case.backend.facts().store_faults.extend(away);
    for window in 0..2 {
        case.started(usize::try_from(window).unwrap() + 1).await;
        gateway.requests += 5000;
        gateway.sees(AcceptState::Accepting, window + 1).await;
    }
    assert!(case.backend.facts().confirmations.is_empty());
    case.backend.facts().store_faults.clear();
    case.backend.confirmed(2).await;
}
