use std::{fs, sync::Arc, time::Duration};

use anneal_protocol::{
    depot::{Confirmation, LossCause, ProfileSidecar, Writable},
    problem::ProblemCode,
};

use super::{BODIES, Ledger, Mail, Outbox};
use crate::{
    depot::tests::some_work,
    digest,
    testing::{Backend, DEADLINE, Fault, Pod, soon},
};

struct Case {
    backend: Backend,
    pod: Pod,
    ledger: Arc<Ledger>,
    outbox: Outbox,
}

impl Case {
    async fn new() -> Self {
        let backend = Backend::start().await;
        let pod = Pod::new(&backend, some_work());
        let ledger = Arc::new(Ledger::load(pod.settings.workspace.ledger()).unwrap());
        let outbox = open(&pod, &ledger);
        Self {
            backend,
            pod,
            ledger,
            outbox,
        }
    }

    /// A window that left something.
    fn post(&self) -> u64 {
        let window = self.ledger.open().unwrap();
        let bytes = format!("profile {window}").into_bytes();
        fs::write(self.outbox.body(window), &bytes).unwrap();
        self.outbox.post(window, &sidecar(window, &bytes)).unwrap();
        self.ledger.settle().unwrap();
        window
    }

    fn deliver(&self) {
        tokio::spawn(self.outbox.clone().deliver(self.pod.transfer()));
    }

    async fn flushed(&self) -> Vec<Confirmation> {
        assert_eq!(self.outbox.flush(DEADLINE).await, Mail::Empty);
        let left = fs::read_dir(self.pod.settings.workspace.outbox()).unwrap().count();
        assert_eq!(left, 0, "nothing stays in the folder");
        self.backend.facts().confirmations.clone()
    }
}

fn open(pod: &Pod, ledger: &Arc<Ledger>) -> Outbox {
    let folder = pod.settings.workspace.outbox();
    Outbox::open(folder, "key".to_owned(), Arc::clone(ledger)).unwrap()
}

fn sidecar(window: u64, bytes: &[u8]) -> Confirmation {
    let content = digest::of_bytes(bytes);
    Confirmation::Profile(ProfileSidecar {
        build_key: "key".to_owned(),
        window,
        sha256: content.sha256,
        bytes: content.bytes,
        requests: 5,
        seconds: 1,
        exit: 143,
    })
}

fn profile(window: u64) -> Writable {
    Writable::Profile {
        build_key: "key".to_owned(),
        window,
    }
}

fn lost(window: u64, cause: LossCause) -> Confirmation {
    Confirmation::Lost {
        build_key: "key".to_owned(),
        window,
        cause,
    }
}

#[tokio::test]
async fn windows_are_stored_and_confirmed_in_order() {
    let case = Case::new().await;
    let windows = [case.post(), case.post()];
    case.outbox.post_lost(2, LossCause::Killed).unwrap();
    case.deliver();
    let confirmations = case.flushed().await;
    let expected = [
        sidecar(windows[0], b"profile 0"),
        sidecar(windows[1], b"profile 1"),
        lost(2, LossCause::Killed),
    ];
    assert_eq!(confirmations, expected);
    assert_eq!(case.backend.written(&profile(1)).unwrap(), b"profile 1");
}

#[tokio::test]
async fn what_an_earlier_container_left_is_delivered() {
    let case = Case::new().await;
    case.post();
    let again = Case {
        outbox: open(&case.pod, &case.ledger),
        ..case
    };
    assert!(again.outbox.has(0));
    again.deliver();
    assert_eq!(again.flushed().await, [sidecar(0, b"profile 0")]);
}

#[tokio::test]
async fn a_depot_that_is_away_only_delays() {
    let case = Case::new().await;
    let away = std::iter::repeat_n(Fault::Refuse(ProblemCode::Unavailable), 20);
    case.backend.facts().grant_faults.extend(away);
    case.backend.facts().store_faults.extend([Fault::Status(503), Fault::TakeAndFail]);
    case.backend
        .facts()
        .confirm_faults
        .push_back(Fault::Refuse(ProblemCode::Unavailable));
    case.post();
    case.deliver();
    assert_eq!(case.flushed().await, [sidecar(0, b"profile 0")]);
}

#[tokio::test]
async fn an_object_that_is_there_with_the_same_bytes_is_success() {
    let case = Case::new().await;
    case.backend.facts().store_faults.push_back(Fault::TakeAndFail);
    case.post();
    case.deliver();
    assert_eq!(case.flushed().await, [sidecar(0, b"profile 0")]);
}

#[tokio::test]
async fn a_number_that_is_taken_is_replaced_by_the_next() {
    let case = Case::new().await;
    for route in [0, 1] {
        let conflict = Fault::Refuse(ProblemCode::Conflict);
        let mut facts = case.backend.facts();
        match route {
            0 => facts.grant_faults.push_back(conflict),
            _ => facts.confirm_faults.push_back(conflict),
        }
    }
    case.post();
    let other = case.post();
    case.deliver();
    let confirmations = case.flushed().await;
    // First refused by the grant, then by the confirmation; the other window keeps its number.
    assert_eq!(confirmations, [sidecar(3, b"profile 0"), sidecar(other, b"profile 1")]);
    assert_eq!(case.ledger.open().unwrap(), 4);
}

#[tokio::test]
async fn a_window_that_is_refused_counts_as_lost() {
    let case = Case::new().await;
    case.backend.facts().grant_faults.push_back(Fault::Refuse(ProblemCode::TooLarge));
    case.post();
    case.deliver();
    assert_eq!(case.flushed().await, [lost(0, LossCause::Upload)]);
}

#[tokio::test]
async fn a_loss_that_nobody_wants_to_hear_of_is_dropped() {
    let case = Case::new().await;
    case.backend.facts().confirm_faults.push_back(Fault::Refuse(ProblemCode::Forbidden));
    case.outbox.post_lost(0, LossCause::Crashed).unwrap();
    case.deliver();
    assert_eq!(case.flushed().await, []);
}

#[tokio::test]
async fn too_many_windows_lose_the_oldest_that_is_not_under_way() {
    let case = Case::new().await;
    for _ in 0..BODIES + 2 {
        case.post();
    }
    case.deliver();
    let confirmations = case.flushed().await;
    let is_lost = |confirmation: &Confirmation| {
        let number = confirmations.iter().position(|other| other == confirmation).unwrap() as u64;
        *confirmation == lost(number, LossCause::Upload)
    };
    let losses: Vec<bool> = confirmations.iter().map(is_lost).collect();
    assert_eq!(losses, [false, true, true, false, false, false]);
}

#[tokio::test]
async fn a_function_that_is_being_deleted_gets_nothing() {
    let case = Case::new().await;
    case.backend.facts().grant_faults.push_back(Fault::Refuse(ProblemCode::Gone));
    case.post();
    case.deliver();
    soon(case.outbox.gone()).await;
    assert_eq!(case.outbox.flush(DEADLINE).await, Mail::Gone);
    assert!(case.backend.facts().confirmations.is_empty());
}

#[tokio::test]
async fn a_flush_ends_at_its_deadline() {
    let case = Case::new().await;
    case.post();
    assert_eq!(case.outbox.flush(Duration::from_millis(1)).await, Mail::Waiting);
}
