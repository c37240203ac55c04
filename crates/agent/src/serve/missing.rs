//! Passes on what an executable prints, and stores what it says that it lacks: the metadata of its jar is to have it.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, PipeReader, Read, Write},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anneal_protocol::{
    agent::{MissingRegistrations, Program, Serve},
    depot::{Confirmation, FIRST_MISSING_DOCUMENT, MISSING_DOCUMENTS},
};
use serde_json::{Map, Value};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{ledger::Ledger, outbox::Outbox};
use crate::{
    digest::Digester,
    missing::{Entry, Scanner},
};

/// Between two documents of one pod.
const PAUSE: Duration = Duration::from_secs(5);
/// Entries that one pod reports, each once.
const ENTRIES: usize = 1024;
/// Entries that wait for being written down; more at a time are lost.
const WAITING: usize = 256;
/// How long the last entries are waited for when the pod goes.
const LAST: Duration = Duration::from_secs(2);

/// Listens to the executables of a pod.
#[derive(Clone)]
pub(crate) struct Listener {
    entries: mpsc::Sender<Entry>,
    seen: Arc<Mutex<BTreeSet<String>>>,
}

/// Writes down what listeners hear.
pub(crate) struct Reporter {
    heard: mpsc::Receiver<Entry>,
    jar: String,
    ledger: Arc<Ledger>,
    outbox: Outbox,
}

/// What an executable that was built with exact metadata is listened to with; nothing for other programs.
pub(crate) fn listen(serve: &Serve, ledger: &Arc<Ledger>, outbox: &Outbox) -> Option<(Listener, Reporter)> {
    let Program::Binary {
        missing: Some(MissingRegistrations { jar, .. }),
        ..
    } = &serve.program
    else {
        return None;
    };
    let (entries, heard) = mpsc::channel(WAITING);
    let listener = Listener {
        entries,
        seen: Arc::default(),
    };
    let reporter = Reporter {
        heard,
        jar: jar.clone(),
        ledger: Arc::clone(ledger),
        outbox: outbox.clone(),
    };
    Some((listener, reporter))
}

impl Listener {
    /// Has a program that is about to be started heard.
    pub(crate) fn attach(&self, command: &mut Command) -> io::Result<()> {
        // Errors are thrown and printed on one stream; warnings of the executable itself are on the other.
        let (output, writer) = io::pipe()?;
        command.stdout(writer);
        let (errors, writer) = io::pipe()?;
        command.stderr(writer);
        self.pass_on(output, io::stdout())?;
        self.pass_on(errors, io::stderr())
    }

    fn pass_on(&self, mut from: PipeReader, mut to: impl Write + Send + 'static) -> io::Result<()> {
        let listener = self.clone();
        let pass = move || {
            let (mut scanner, mut piece) = (Scanner::default(), [0; 8192]);
            loop {
                match from.read(&mut piece) {
                    Ok(0) => return,
                    Ok(count) => {
                        // Whether anybody takes it or not, the executable must never wait.
                        drop(to.write_all(&piece[..count]).and_then(|()| to.flush()));
                        scanner.feed(&piece[..count]).into_iter().for_each(|entry| listener.hear(entry));
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        tracing::warn!(%error, "what the function prints cannot be read any more");
                        return;
                    }
                }
            }
        };
        thread::Builder::new().name("function-output".to_owned()).spawn(pass).map(drop)
    }

    fn hear(&self, entry: Entry) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let text = format!("{} {}", entry.section, Value::Object(entry.value.clone()));
        if seen.len() < ENTRIES && !seen.contains(&text) && self.entries.try_send(entry).is_ok() {
            seen.insert(text);
        }
    }
}

impl Reporter {
    /// Writes documents, as long as the pod lives.
    pub(crate) async fn report(&mut self) {
        let mut entries = Vec::new();
        while self.heard.recv_many(&mut entries, WAITING).await > 0 {
            if let Err(error) = self.post(&mut entries) {
                tracing::error!(%error, "what the executable lacks cannot be written down");
            }
            sleep(PAUSE).await;
        }
    }

    /// Writes down what was heard last.
    pub(crate) async fn finish(mut self) {
        let mut entries = Vec::new();
        // Whoever holds the pipe open may print for ever.
        while let Ok(1..) = timeout(LAST, self.heard.recv_many(&mut entries, WAITING)).await {}
        if !entries.is_empty()
            && let Err(error) = self.post(&mut entries)
        {
            tracing::error!(%error, "what the executable lacked at last cannot be written down");
        }
    }

    fn post(&self, entries: &mut Vec<Entry>) -> io::Result<()> {
        let mut document = Map::new();
        for Entry { section, value } in entries.drain(..) {
            let list = document.entry(section).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(Value::Object(value));
            }
        }
        let number = self.ledger.missing()?;
        if number >= MISSING_DOCUMENTS {
            tracing::warn!("the executable lacks more than one pod reports");
            return Ok(());
        }
        let (text, window) = (
            serde_json::to_vec(&document).map_err(io::Error::other)?,
            FIRST_MISSING_DOCUMENT + number,
        );
        File::create(self.outbox.body(window))?.write_all(&text)?;
        let mut digester = Digester::default();
        digester.update(&text);
        let content = digester.finish();
        tracing::warn!(document = %String::from_utf8_lossy(&text), "the executable met what was not registered when it was built");
        self.outbox.post(
            window,
            &Confirmation::Metadata {
                jar: self.jar.clone(),
                window,
                sha256: content.sha256,
                bytes: content.bytes,
                requests: 0,
            },
        )
    }
}
