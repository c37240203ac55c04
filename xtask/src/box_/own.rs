//! A box that one run has for itself: a living run's is refused to others, a dead run's is removed by the next.

use std::fs::{File, TryLockError};

use anyhow::{Context, Result, bail};

use super::{Options, State, down, require_root, up};
use crate::cluster::Cluster;

/// The right to the box of a name; it goes with the process.
pub(crate) struct Own {
    name: String,
    _claim: File,
}

impl Own {
    /// Takes the right, before anything slow is done.
    pub(crate) fn claim(name: &str) -> Result<Self> {
        require_root()?;
        let path = State::new(name)?.claim_file();
        let claim = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        match claim.try_lock() {
            Ok(()) => Ok(Self {
                name: name.to_owned(),
                _claim: claim,
            }),
            Err(TryLockError::WouldBlock) => bail!("another run has the box {name:?} for itself; give this one another by --name"),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
    }

    /// Brings up a new box; one that is up belongs to no run that lives.
    pub(crate) fn up(&self) -> Result<Cluster> {
        if State::new(&self.name)?.init_process()?.is_some() {
            println!("the box {:?} is up and no run has it: it is taken down first", self.name);
            down(&self.name)?;
        }
        up(&Options {
            name: self.name.clone(),
            ..Options::default()
        })
    }

    /// Takes it down.
    pub(crate) fn down(self) -> Result<()> {
        down(&self.name)
    }
}
