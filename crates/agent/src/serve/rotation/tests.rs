use std::{fs, sync::Arc};

use anneal_protocol::{
    agent::Collects,
    depot::{Confirmation, LossCause},
};

use super::{Remains, Yield};
use crate::{
    child::{Exit, Stopped},
    serve::{ledger::Ledger, outbox::Outbox},
    state::Figures,
    testing::profile,
    workspace::Workspace,
};

const ENDED: Stopped = Stopped::Ended(Exit::Code(143));

struct Case {
    _folder: tempfile::TempDir,
    remains: Remains,
}

fn case(collects: Collects, stopped: Stopped, requests: u64) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::new(folder.path().to_owned());
    workspace.prepare().unwrap();
    fs::create_dir(workspace.metadata()).unwrap();
    let ledger = Arc::new(Ledger::load(workspace.ledger()).unwrap());
    let outbox = Outbox::open(workspace.outbox(), "key".to_owned(), ledger).unwrap();
    let remains = Remains {
        workspace,
        outbox,
        build_key: "key".to_owned(),
        jar: Some("jar".to_owned()),
        collects,
        window: 4,
        figures: Figures { requests, seconds: 9 },
        stopped,
    };
    Case { _folder: folder, remains }
}

impl Case {
    /// What is posted.
    fn posted(&self) -> Option<Confirmation> {
        let sheet = self.remains.workspace.outbox().join("4.json");
        fs::read(sheet).ok().map(|bytes| serde_json::from_slice(&bytes).unwrap())
    }

    fn with_profile(self, text: &str) -> Self {
        fs::write(self.remains.workspace.profile(4), text).unwrap();
        self
    }

    fn with_metadata(self, text: &str) -> Self {
        fs::write(self.remains.workspace.metadata_file(), text).unwrap();
        self
    }

    fn loses(self, cause: LossCause) {
        assert_eq!(self.remains.collect().unwrap(), Yield::Lost(cause));
        let lost = Confirmation::Lost {
            build_key: "key".to_owned(),
            window: 4,
            cause,
        };
        assert_eq!(self.posted(), Some(lost));
        assert!(!self.remains.workspace.profile(4).exists());
        assert!(!self.remains.workspace.metadata().exists());
    }
}

#[test]
fn a_profile_is_posted_with_how_it_was_taken() {
    let case = case(Collects::Profile, ENDED, 1000).with_profile(&profile(3));
    assert_eq!(case.remains.collect().unwrap(), Yield::Posted);
    let Some(Confirmation::Profile(sidecar)) = case.posted() else {
        panic!()
    };
    assert_eq!((sidecar.window, sidecar.requests, sidecar.seconds), (4, 1000, 9));
    assert_eq!(sidecar.exit, 143);
    let body = fs::metadata(case.remains.outbox.body(4)).unwrap();
    assert_eq!(sidecar.bytes, body.len());
    assert!(!case.remains.workspace.profile(4).exists());
}

#[test]
fn every_loss_of_a_profile_has_its_cause() {
    case(Collects::Profile, ENDED, 1).loses(LossCause::NoProfile);
    case(Collects::Profile, ENDED, 1)
        .with_profile("{\"version\":")
        .loses(LossCause::Invalid);
    let killed = Stopped::Killed(Exit::Signal(9));
    case(Collects::Profile, killed, 1)
        .with_profile(&profile(3))
        .loses(LossCause::Killed);
}

#[test]
fn a_window_that_served_nothing_is_neither_profile_nor_loss() {
    let case = case(Collects::Profile, ENDED, 0).with_profile(&profile(3));
    assert_eq!(case.remains.collect().unwrap(), Yield::Nothing);
    assert_eq!(case.posted(), None);
}

#[test]
fn metadata_is_posted_as_it_is() {
    let case = case(Collects::Metadata, ENDED, 7).with_metadata("{\"reflection\":[]}");
    assert_eq!(case.remains.collect().unwrap(), Yield::Posted);
    let Some(Confirmation::Metadata { jar, window, requests, .. }) = case.posted() else {
        panic!()
    };
    assert_eq!((jar.as_str(), window, requests), ("jar", 4, 7));
    assert_eq!(fs::read(case.remains.outbox.body(4)).unwrap(), b"{\"reflection\":[]}");
}

#[test]
fn older_metadata_is_posted_in_one_document() {
    let case = case(Collects::Metadata, ENDED, 7);
    let file = case.remains.workspace.metadata().join("reflect-config.json");
    fs::write(file, "[]").unwrap();
    assert_eq!(case.remains.collect().unwrap(), Yield::Posted);
    let body = fs::read(case.remains.outbox.body(4)).unwrap();
    assert_eq!(body, b"{\"anneal.dev/files\":{\"reflect-config.json\":[]}}");
    assert!(!case.remains.workspace.metadata().exists());
}

#[test]
fn a_clean_end_without_metadata_is_the_empty_set() {
    for exit in [Exit::Code(0), Exit::Code(143), Exit::Signal(15)] {
        let case = case(Collects::Metadata, Stopped::Ended(exit), 7);
        fs::remove_dir(case.remains.workspace.metadata()).unwrap();
        assert_eq!(case.remains.collect().unwrap(), Yield::Posted, "{exit:?}");
        assert_eq!(fs::read(case.remains.outbox.body(4)).unwrap(), b"{}");
    }
}

#[test]
fn every_loss_of_metadata_has_its_cause() {
    let crashed = Stopped::Ended(Exit::Code(1));
    case(Collects::Metadata, crashed, 7).loses(LossCause::Crashed);
    case(Collects::Metadata, crashed, 7).with_metadata("{}").loses(LossCause::Crashed);
    case(Collects::Metadata, ENDED, 7).with_metadata("[").loses(LossCause::Invalid);
    let killed = Stopped::Killed(Exit::Signal(9));
    case(Collects::Metadata, killed, 7).with_metadata("{}").loses(LossCause::Killed);
}
