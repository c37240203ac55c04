//! Fetches the jars that executors and builds share, and says how they are put on a class path.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anneal_classfile::entry;
use anneal_protocol::{
    agent::JarInput,
    depot::{MAX_OBJECT_BYTES, Readable},
};

use crate::{
    transfer::{Error, Expected, Form, Transfer},
    workspace::Workspace,
};

/// Makes the jar and its entry jar be there, verified.
pub(crate) async fn fetch_jar(jar: &JarInput, workspace: &Workspace, transfer: &Transfer) -> Result<(), Error> {
    let object = Readable::Jar {
        sha256: jar.sha256.clone(),
    };
    transfer.fetch(&object, &plain(&jar.sha256), &workspace.jar()).await?;
    if let Some(sha256) = &jar.entry {
        let object = Readable::Entry { sha256: sha256.clone() };
        transfer.fetch(&object, &plain(sha256), &workspace.entry()).await?;
    }
    Ok(())
}

/// An object that is known by its digest alone.
pub(crate) fn plain(sha256: &str) -> Expected {
    Expected {
        sha256: sha256.to_owned(),
        bytes: None,
        limit: MAX_OBJECT_BYTES,
        form: Form::Plain,
    }
}

/// The user's jar, and where the launcher calls it the entry and the launcher.
pub(crate) fn class_path(jar: &JarInput, workspace: &Workspace, launcher: &Path) -> Vec<PathBuf> {
    let mut path = vec![workspace.jar()];
    if jar.entry.is_some() {
        path.extend([workspace.entry(), launcher.to_owned()]);
    }
    path
}

/// A class path as one argument.
pub(crate) fn joined(path: &[PathBuf]) -> OsString {
    let mut joined = OsString::new();
    for (index, part) in path.iter().enumerate() {
        if index > 0 {
            joined.push(":");
        }
        joined.push(part);
    }
    joined
}

/// What is started: the generated entry, or the user's own program.
pub(crate) fn main_class(jar: &JarInput) -> &str {
    if jar.entry.is_some() { entry::CLASS } else { &jar.handler.class }
}
