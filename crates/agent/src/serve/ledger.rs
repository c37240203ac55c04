//! Remembers across restarts of the container which window numbers are used, and whether there will be another window.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

/// The window numbers of this pod. A number is used once, whatever becomes of its window.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    page: Mutex<Page>,
}

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
struct Page {
    /// The first number that is not used.
    next: u64,
    /// The window whose child runs. If it is there at the start, the agent ended in the middle of it.
    open: Option<u64>,
    /// The last window is over.
    closed: bool,
    /// The first number of a document of what was missing that is not used.
    missing: u64,
}

impl Ledger {
    /// Reads the file; a missing one is a new pod's.
    ///
    /// One that cannot be understood is an error: guessing a number could mix two windows.
    pub(crate) fn load(path: PathBuf) -> io::Result<Self> {
        let page = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Page::default(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            path,
            page: Mutex::new(page),
        })
    }

    /// Takes a number and marks it as the window whose child runs.
    pub(crate) fn open(&self) -> io::Result<u64> {
        self.update(|page| {
            let number = page.next;
            page.next += 1;
            page.open = Some(number);
            number
        })
    }

    /// Takes a number for a window whose own is taken in the store.
    pub(crate) fn spare(&self) -> io::Result<u64> {
        self.update(|page| {
            page.next += 1;
            page.next - 1
        })
    }

    /// Takes a number, from 0 on, for a document of what an executable met that was not registered.
    pub(crate) fn missing(&self) -> io::Result<u64> {
        self.update(|page| {
            page.missing += 1;
            page.missing - 1
        })
    }

    /// The child of the open window has ended and what it left is in the outbox.
    pub(crate) fn settle(&self) -> io::Result<()> {
        self.update(|page| page.open = None)
    }

    /// There will be no other window.
    pub(crate) fn close(&self) -> io::Result<()> {
        self.update(|page| (page.open, page.closed) = (None, true))
    }

    /// The window that was open when the agent last ended without settling it.
    pub(crate) fn interrupted(&self) -> Option<u64> {
        self.page().open
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.page().closed
    }

    fn update<T>(&self, change: impl FnOnce(&mut Page) -> T) -> io::Result<T> {
        let mut page = self.page();
        let mut changed = page.clone();
        let answer = change(&mut changed);
        write_whole(&self.path, &serde_json::to_vec(&changed).map_err(io::Error::other)?)?;
        *page = changed;
        Ok(answer)
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces a file so that it is never seen in part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, bytes)?;
    fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_never_given_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("windows.json");
        let ledger = Ledger::load(path.clone()).unwrap();
        assert_eq!((ledger.open().unwrap(), ledger.spare().unwrap()), (0, 1));
        ledger.settle().unwrap();
        assert_eq!(ledger.open().unwrap(), 2);

        let again = Ledger::load(path).unwrap();
        assert_eq!(again.interrupted(), Some(2));
        assert_eq!(again.open().unwrap(), 3);
    }

    #[test]
    fn a_closed_pod_stays_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("windows.json");
        Ledger::load(path.clone()).unwrap().close().unwrap();
        let again = Ledger::load(path).unwrap();
        assert!(again.is_closed());
        assert_eq!(again.interrupted(), None);
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("windows.json");
        fs::write(&path, b"{\"next\": ").unwrap();
        assert!(Ledger::load(path).is_err());
    }
}
