//! Takes what a child left at the end of its window, and posts it, or posts why there is nothing.

use std::{fs, io, path::PathBuf};

use anneal_protocol::{
    agent::Collects,
    depot::{Confirmation, LossCause, ProfileSidecar},
};

use super::outbox::Outbox;
use crate::{
    child::{Exit, Stopped},
    profile,
    state::Figures,
    workspace::Workspace,
};

/// 128 + SIGTERM: how a JVM ends that was asked to.
const ENDED_BY_TERM: i32 = 143;

/// A window whose child has ended.
pub(crate) struct Remains {
    pub(crate) workspace: Workspace,
    pub(crate) outbox: Outbox,
    pub(crate) build_key: String,
    /// Digest of the jar that was traced.
    pub(crate) jar: Option<String>,
    pub(crate) collects: Collects,
    pub(crate) window: u64,
    pub(crate) figures: Figures,
    pub(crate) stopped: Stopped,
}

/// What a window yielded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Yield {
    /// It is in the outbox.
    Posted,
    /// Nothing, and that is told.
    Lost(LossCause),
    /// Nothing, and nothing was due: the window served no request.
    Nothing,
}

impl Remains {
    /// Takes what is there. Blocks.
    pub(crate) fn collect(&self) -> io::Result<Yield> {
        let yielded = match self.stopped {
            Stopped::Killed(_) => Yield::Lost(LossCause::Killed),
            Stopped::Ended(exit) => match self.collects {
                Collects::Profile if self.figures.requests == 0 => Yield::Nothing,
                Collects::Profile => self.profile(exit)?,
                Collects::Metadata => self.metadata(exit)?,
            },
        };
        if let Yield::Lost(cause) = yielded {
            tracing::warn!(window = self.window, ?cause, "a window is lost");
            self.outbox.post_lost(self.window, cause)?;
        }
        clear(&self.workspace, self.window)?;
        Ok(yielded)
    }

    fn profile(&self, exit: Exit) -> io::Result<Yield> {
        let profile = self.workspace.profile(self.window);
        let content = match profile::pack(&profile, &self.body()) {
            Ok(content) => content,
            Err(error) => return Ok(Yield::Lost(self.cause(&error))),
        };
        let sidecar = ProfileSidecar {
            build_key: self.build_key.clone(),
            window: self.window,
            sha256: content.sha256,
            bytes: content.bytes,
            requests: self.figures.requests,
            seconds: self.figures.seconds,
            exit: exit.code(),
        };
        self.outbox.post(self.window, &Confirmation::Profile(sidecar))?;
        Ok(Yield::Posted)
    }

    fn metadata(&self, exit: Exit) -> io::Result<Yield> {
        // A JVM that ended in any other way may have written a part of what it saw.
        let is_clean = matches!(exit.code(), 0 | ENDED_BY_TERM);
        let (true, Some(jar)) = (is_clean, &self.jar) else {
            return Ok(Yield::Lost(LossCause::Crashed));
        };
        let packed = match profile::pack_metadata(&self.workspace.metadata(), &self.body()) {
            Err(error) if error.is_missing() => profile::empty_metadata(&self.body()),
            other => other,
        };
        let content = match packed {
            Ok(content) => content,
            Err(error) => return Ok(Yield::Lost(self.cause(&error))),
        };
        let confirmation = Confirmation::Metadata {
            jar: jar.clone(),
            window: self.window,
            sha256: content.sha256,
            bytes: content.bytes,
            requests: self.figures.requests,
        };
        self.outbox.post(self.window, &confirmation)?;
        Ok(Yield::Posted)
    }

    fn body(&self) -> PathBuf {
        self.outbox.body(self.window)
    }

    fn cause(&self, error: &profile::Error) -> LossCause {
        tracing::warn!(%error, window = self.window, "what the window left cannot be used");
        match error {
            profile::Error::Missing => LossCause::NoProfile,
            profile::Error::WriteFile { .. } => LossCause::Upload,
            profile::Error::ReadFile { .. }
            | profile::Error::CheckProfile { .. }
            | profile::Error::ParseMetadata { .. }
            | profile::Error::MistakeMetadata
            | profile::Error::LongMetadata => LossCause::Invalid,
        }
    }
}

/// Removes what a child of this window may have left.
pub(crate) fn clear(workspace: &Workspace, window: u64) -> io::Result<()> {
    absent(fs::remove_file(workspace.profile(window)))?;
    absent(fs::remove_dir_all(workspace.metadata()))
}

fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
