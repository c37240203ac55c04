//! Keeps what windows left until the depot has it: on disk, so that neither a restarted container nor an absent depot
//! loses it, and bounded, so that an absent depot does not fill the disk.

mod failure;

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anneal_protocol::depot::{Confirmation, FIRST_MISSING_DOCUMENT, LossCause, ProfileSidecar, Writable};
use snafu::ResultExt;
use tokio::sync::{Notify, watch};

use self::failure::{ConfirmSnafu, Failure, StoreSnafu, UseFolderSnafu};
use super::ledger::{Ledger, write_whole};
use crate::{digest::Content, transfer::Transfer};

/// Windows with a body that wait at most; the oldest gives way and counts as lost.
const BODIES: usize = 4;
/// Windows that wait at most, with those that were lost.
const PARCELS: usize = 32;

/// What becomes of the outbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mail {
    /// Something waits.
    Waiting,
    /// Nothing waits.
    Empty,
    /// The Function is being deleted: nothing will be taken any more.
    Gone,
}

/// The outbox. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbox {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    build_key: String,
    ledger: Arc<Ledger>,
    /// Windows that wait, oldest first; the lock is held while their files change.
    waiting: Mutex<Vec<u64>>,
    arrived: Notify,
    mail: watch::Sender<Mail>,
}

impl Outbox {
    /// Takes over what an earlier run of the container left.
    pub(crate) fn open(folder: PathBuf, build_key: String, ledger: Arc<Ledger>) -> io::Result<Self> {
        let mut waiting = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let name = entry?.file_name();
            let window = name.to_str().and_then(|name| name.strip_suffix(".json"));
            waiting.extend(window.and_then(|window| window.parse::<u64>().ok()));
        }
        waiting.sort_unstable();
        let mail = if waiting.is_empty() { Mail::Empty } else { Mail::Waiting };
        Ok(Self {
            inner: Arc::new(Inner {
                folder,
                build_key,
                ledger,
                waiting: Mutex::new(waiting),
                arrived: Notify::new(),
                mail: watch::Sender::new(mail),
            }),
        })
    }

    /// Whether a window waits.
    pub(crate) fn has(&self, window: u64) -> bool {
        self.inner.waiting().contains(&window)
    }

    /// Where a window's body belongs before it is posted.
    pub(crate) fn body(&self, window: u64) -> PathBuf {
        self.inner.body(window)
    }

    /// Posts a window. Its body, if it has one, is in place.
    pub(crate) fn post(&self, window: u64, parcel: &Confirmation) -> io::Result<()> {
        let inner = &self.inner;
        let mut waiting = inner.waiting();
        inner.write(window, parcel)?;
        waiting.push(window);
        inner.make_room(&mut waiting)?;
        inner.mail.send_replace(Mail::Waiting);
        drop(waiting);
        inner.arrived.notify_one();
        Ok(())
    }

    /// Posts a window that yielded nothing.
    pub(crate) fn post_lost(&self, window: u64, cause: LossCause) -> io::Result<()> {
        self.post(window, &self.inner.lost(window, cause))
    }

    /// Waits until nothing waits, nothing will be taken, or this long.
    pub(crate) async fn flush(&self, patience: Duration) -> Mail {
        let mut mail = self.inner.mail.subscribe();
        let settled = mail.wait_for(|mail| *mail != Mail::Waiting);
        match tokio::time::timeout(patience, settled).await {
            Ok(Ok(mail)) => *mail,
            _ => Mail::Waiting,
        }
    }

    /// Waits until the Function is being deleted.
    pub(crate) async fn gone(&self) {
        let mut mail = self.inner.mail.subscribe();
        if mail.wait_for(|mail| *mail == Mail::Gone).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Delivers, as long as the pod lives.
    pub(crate) async fn deliver(self, transfer: Transfer) {
        let mut failed = 0;
        loop {
            let Some(window) = self.inner.first() else {
                self.inner.arrived.notified().await;
                continue;
            };
            let Err(failure) = self.deliver_one(window, &transfer).await else {
                failed = 0;
                continue;
            };
            if failure.is_gone() {
                tracing::info!("the function is being deleted: nothing is uploaded any more");
                self.inner.mail.send_replace(Mail::Gone);
                return;
            }
            failed += 1;
            let wait = transfer.depot().pace().wait_forever(failed);
            tracing::warn!(%failure, window, failed, "a window waits in the outbox");
            tokio::time::sleep(wait).await;
        }
    }

    /// Delivers one window, or settles that it cannot be. An error means: again, later.
    async fn deliver_one(&self, window: u64, transfer: &Transfer) -> Result<(), Failure> {
        let parcel = self.inner.read(window).context(UseFolderSnafu)?;
        let failure = match send(&parcel, self.inner.body(window), transfer).await {
            Ok(()) => {
                tracing::info!(window, "a window is stored");
                return self.inner.remove(window).context(UseFolderSnafu);
            }
            Err(failure) => failure,
        };
        if failure.is_conflict() {
            let spare = self.inner.renumber(window, parcel).context(UseFolderSnafu)?;
            tracing::warn!(window, spare, "the window's number was taken: it gets another");
            return Ok(());
        }
        if failure.is_gone() || failure.is_passing() || failure.is_not_found() {
            return Err(failure);
        }
        tracing::error!(%failure, window, "a window is refused");
        match parcel {
            Confirmation::Lost { .. } => self.inner.remove(window),
            _ if window >= FIRST_MISSING_DOCUMENT => self.inner.remove(window),
            _ => self.inner.give_up(window),
        }
        .context(UseFolderSnafu)
    }
}

async fn send(parcel: &Confirmation, body: PathBuf, transfer: &Transfer) -> Result<(), Failure> {
    if let Some((object, content)) = object(parcel) {
        transfer.store_once(&object, &body, &content).await.context(StoreSnafu)?;
    }
    transfer.depot().confirm_once(parcel).await.context(ConfirmSnafu)
}

fn object(parcel: &Confirmation) -> Option<(Writable, Content)> {
    match parcel {
        Confirmation::Profile(ProfileSidecar {
            build_key,
            window,
            sha256,
            bytes,
            ..
        }) => Some((
            Writable::Profile {
                build_key: build_key.clone(),
                window: *window,
            },
            Content {
                bytes: *bytes,
                sha256: sha256.clone(),
            },
        )),
        Confirmation::Metadata {
            jar,
            window,
            sha256,
            bytes,
            ..
        } => Some((
            Writable::Metadata {
                jar: jar.clone(),
                window: *window,
            },
            Content {
                bytes: *bytes,
                sha256: sha256.clone(),
            },
        )),
        Confirmation::Jar(_) | Confirmation::Build { .. } | Confirmation::Lost { .. } => None,
    }
}

impl Inner {
    fn body(&self, window: u64) -> PathBuf {
        self.folder.join(format!("{window}.body"))
    }

    fn sheet(&self, window: u64) -> PathBuf {
        self.folder.join(format!("{window}.json"))
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<u64>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> Option<u64> {
        self.waiting().first().copied()
    }

    fn lost(&self, window: u64, cause: LossCause) -> Confirmation {
        Confirmation::Lost {
            build_key: self.build_key.clone(),
            window,
            cause,
        }
    }

    fn read(&self, window: u64) -> io::Result<Confirmation> {
        serde_json::from_slice(&fs::read(self.sheet(window))?).map_err(io::Error::other)
    }

    fn write(&self, window: u64, parcel: &Confirmation) -> io::Result<()> {
        write_whole(&self.sheet(window), &serde_json::to_vec(parcel).map_err(io::Error::other)?)
    }

    fn remove(&self, window: u64) -> io::Result<()> {
        let mut waiting = self.waiting();
        self.drop_body(window)?;
        fs::remove_file(self.sheet(window))?;
        waiting.retain(|other| *other != window);
        if waiting.is_empty() {
            self.mail.send_replace(Mail::Empty);
        }
        Ok(())
    }

    fn drop_body(&self, window: u64) -> io::Result<()> {
        match fs::remove_file(self.body(window)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn give_up(&self, window: u64) -> io::Result<()> {
        let _waiting = self.waiting();
        self.write(window, &self.lost(window, LossCause::Upload))?;
        self.drop_body(window)
    }

    /// Gives a window a number that is not taken.
    fn renumber(&self, window: u64, mut parcel: Confirmation) -> io::Result<u64> {
        let spare = if window >= FIRST_MISSING_DOCUMENT {
            FIRST_MISSING_DOCUMENT + self.ledger.missing()?
        } else {
            self.ledger.spare()?
        };
        match &mut parcel {
            Confirmation::Profile(sidecar) => sidecar.window = spare,
            Confirmation::Metadata { window, .. } | Confirmation::Lost { window, .. } => {
                *window = spare;
            }
            Confirmation::Jar(_) | Confirmation::Build { .. } => {}
        }
        let mut waiting = self.waiting();
        match fs::rename(self.body(window), self.body(spare)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.write(spare, &parcel)?;
        fs::remove_file(self.sheet(window))?;
        for other in waiting.iter_mut().filter(|other| **other == window) {
            *other = spare;
        }
        Ok(spare)
    }

    /// Keeps the bounds. The window that is being delivered is the oldest, and is never touched.
    fn make_room(&self, waiting: &mut Vec<u64>) -> io::Result<()> {
        let bodies: Vec<u64> = waiting.iter().copied().filter(|window| self.body(*window).exists()).collect();
        if bodies.len() > BODIES {
            let oldest = bodies[1];
            tracing::error!(window = oldest, "the depot is away for too long: a window is lost");
            self.drop_body(oldest)?;
            if oldest >= FIRST_MISSING_DOCUMENT {
                fs::remove_file(self.sheet(oldest))?;
                waiting.retain(|other| *other != oldest);
            } else {
                self.write(oldest, &self.lost(oldest, LossCause::Upload))?;
            }
        }
        while waiting.len() > PARCELS {
            let oldest = waiting.remove(1);
            self.drop_body(oldest)?;
            fs::remove_file(self.sheet(oldest))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
