//! Names every file the agent keeps in the pod's writable folder. Touches none of them but to make the folders.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The pod's writable folder: an emptyDir that outlives the container.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the folders. Those that are there already stay as they are.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        for folder in [self.scratch(), self.inputs(), self.profiles(), self.outbox(), self.output()] {
            fs::create_dir_all(folder)?;
        }
        Ok(())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `TMPDIR`.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(crate) fn inputs(&self) -> PathBuf {
        self.root.join("inputs")
    }

    pub(crate) fn jar(&self) -> PathBuf {
        self.inputs().join("app.jar")
    }

    pub(crate) fn entry(&self) -> PathBuf {
        self.inputs().join("entry.jar")
    }

    pub(crate) fn binary(&self) -> PathBuf {
        self.inputs().join("function")
    }

    /// The jar without the compiler arguments that are not allowed in one.
    pub(crate) fn filtered_jar(&self) -> PathBuf {
        self.inputs().join("filtered.jar")
    }

    /// What a tracer writes and a compiler reads: both take the folder.
    pub(crate) fn metadata(&self) -> PathBuf {
        self.root.join("metadata")
    }

    pub(crate) fn metadata_file(&self) -> PathBuf {
        self.metadata().join("reachability-metadata.json")
    }

    pub(crate) fn merged_profile(&self) -> PathBuf {
        self.root.join("profile.iprof")
    }

    pub(crate) fn profiles(&self) -> PathBuf {
        self.root.join("profiles")
    }

    pub(crate) fn profile(&self, window: u64) -> PathBuf {
        self.profiles().join(format!("{window}.iprof"))
    }

    /// What waits for the depot.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.root.join("outbox")
    }

    /// The certificate of the control port, with its key.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.root.join("control.json")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.root.join("windows.json")
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.root.join("out")
    }

    pub(crate) fn executable(&self) -> PathBuf {
        self.output().join("function")
    }

    pub(crate) fn build_output(&self) -> PathBuf {
        self.output().join("build-output.json")
    }

    pub(crate) fn build_log(&self) -> PathBuf {
        self.output().join("build.log.gz")
    }

    pub(crate) fn arguments(&self) -> PathBuf {
        self.root.join("arguments")
    }
}
