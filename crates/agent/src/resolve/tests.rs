use anneal_protocol::{
    agent::{Resolve, Source, Work},
    depot::{Confirmation, Readable, Writable},
    handler::{Contract, HandlerRequest, RequestedContract},
    problem::ProblemCode,
    termination::Termination,
};

use super::resolve;
use crate::testing::{Backend, Fault, Pod, jar, map_class, sha256};

struct Case {
    backend: Backend,
    pod: Pod,
    work: Resolve,
}

impl Case {
    /// A jar among the user's uploads.
    async fn new(jar: &[u8], handler: HandlerRequest) -> Self {
        let source = Source::S3 {
            key: "app.jar".to_owned(),
            sha256: sha256(jar),
        };
        let work = Resolve { source, handler };
        let backend = Backend::start().await;
        let pod = Pod::new(&backend, Work::Resolve(work.clone()));
        backend.put(&Readable::Upload { key: "app.jar".to_owned() }, jar);
        Self { backend, pod, work }
    }

    async fn run(&self) -> Result<(), Termination> {
        let resolved = resolve(&self.pod.settings, &self.work, &self.pod.transfer()).await;
        resolved.map_err(|error| error.termination())
    }
}

fn filehash() -> Vec<u8> {
    jar(&[("shop/FileHash.class", &map_class("shop/FileHash"))])
}

#[tokio::test]
async fn jar_and_entry_are_stored_and_confirmed() {
    let case = Case::new(&filehash(), HandlerRequest::default()).await;
    // A second run of the same pod finds its objects there.
    for _ in 0..2 {
        case.run().await.unwrap();
    }
    assert_eq!(case.backend.written(&Writable::Jar).unwrap(), filehash());
    let entry = case.backend.written(&Writable::Entry).unwrap();
    let confirmations = case.backend.confirmed(2).await;
    let Confirmation::Jar(record) = &confirmations[0] else {
        panic!("{confirmations:?}")
    };
    assert_eq!(record.sha256, sha256(&filehash()));
    assert_eq!(record.bytes, filehash().len() as u64);
    assert_eq!(record.entry, Some(sha256(&entry)));
    assert_eq!(record.requested, HandlerRequest::default());
    assert_eq!(record.handler.class, "shop.FileHash");
    assert_eq!(record.handler.method, "main");
    assert_eq!(record.handler.contract, Contract::Map);
    assert_eq!(confirmations[0], confirmations[1]);
}

#[tokio::test]
async fn a_program_with_its_own_server_has_no_entry() {
    // A generated entry is such a program.
    let program = Case::new(&filehash(), HandlerRequest::default()).await;
    program.run().await.unwrap();
    let program = program.backend.written(&Writable::Entry).unwrap();
    let request = HandlerRequest {
        class: Some("anneal.Entry".to_owned()),
        contract: Some(RequestedContract::Http),
        ..HandlerRequest::default()
    };
    let case = Case::new(&program, request).await;
    case.run().await.unwrap();
    let Confirmation::Jar(record) = case.backend.confirmed(1).await.remove(0) else {
        panic!()
    };
    assert!(record.is_http() && record.entry.is_none());
    assert_eq!(case.backend.written(&Writable::Entry), None);
}

#[tokio::test]
async fn every_fault_of_a_jar_has_its_word() {
    let named = |class: &str| HandlerRequest {
        class: Some(class.to_owned()),
        ..HandlerRequest::default()
    };
    let two = jar(&[("A.class", &map_class("A")), ("b/B.class", &map_class("b/B"))]);
    let candidates = ["A#main (Map)", "b.B#main (Map)"].map(str::to_owned).to_vec();
    for (bytes, request, expected) in [
        (b"not a jar".to_vec(), HandlerRequest::default(), Termination::JarInvalid),
        (jar(&[("../x", b"")]), HandlerRequest::default(), Termination::JarInvalid),
        (jar(&[("x.txt", b"")]), HandlerRequest::default(), Termination::NoHandler),
        (two, HandlerRequest::default(), Termination::AmbiguousHandler { candidates }),
        (filehash(), named("shop.Other"), Termination::HandlerNotFound),
    ] {
        let case = Case::new(&bytes, request).await;
        assert_eq!(case.run().await, Err(expected));
        assert!(case.backend.facts().confirmations.is_empty());
    }
}

#[tokio::test]
async fn every_fault_outside_has_its_word() {
    let case = Case::new(&filehash(), HandlerRequest::default()).await;
    let refuse = |code| {
        case.backend.facts().grant_faults.push_back(Fault::Refuse(code));
    };
    refuse(ProblemCode::Gone);
    assert_eq!(case.run().await, Err(Termination::Gone));
    refuse(ProblemCode::NotFound);
    assert_eq!(case.run().await, Err(Termination::SourceUnavailable));
    for _ in 0..10 {
        refuse(ProblemCode::Unavailable);
    }
    assert_eq!(case.run().await, Err(Termination::DepotUnavailable));
    case.backend.facts().grant_faults.clear();
    case.backend.facts().confirm_faults.push_back(Fault::Refuse(ProblemCode::Conflict));
    assert_eq!(case.run().await, Err(Termination::DepotUnavailable));

    case.backend.put(&Readable::Upload { key: "app.jar".to_owned() }, b"other bytes");
    std::fs::remove_file(case.pod.settings.workspace.jar()).unwrap();
    assert_eq!(case.run().await, Err(Termination::DigestMismatch));
}
