//! Copies the agent, the launcher and the tracer into a folder that the pod's containers share.
//!
//! Runs in an init container from the operator's image, which has no shell and no `cp`.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread::sleep,
    time::Duration,
};

use anneal_protocol::agent::{AGENT_PATH, LAUNCHER_PATH, TRACER_PATH};
use snafu::{ResultExt, Snafu, ensure};

const OWN: &str = "/proc/self/exe";
/// Jars of the operator's image, and where they belong.
const JARS: [(&str, &str); 2] = [("/anneal-launcher.jar", LAUNCHER_PATH), ("/anneal-tracer.jar", TRACER_PATH)];
const BUSY_TRIES: u32 = 100;
const BUSY_WAIT: Duration = Duration::from_millis(10);

/// Why the agent is not installed.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The folder cannot be made.
    #[snafu(display("the folder {folder:?} cannot be made"))]
    MakeFolder {
        /// The system's own fault.
        source: io::Error,
        /// The folder.
        folder: PathBuf,
    },
    /// A file cannot be copied.
    #[snafu(display("{from:?} cannot be copied to {to:?}"))]
    CopyFile {
        /// The system's own fault.
        source: io::Error,
        /// From.
        from: PathBuf,
        /// To.
        to: PathBuf,
    },
    /// The copy may not be executed: the folder is mounted noexec.
    #[snafu(display("{path:?} cannot be executed: the volume is mounted noexec, or the node forbids it"))]
    Noexec {
        /// The system's own fault.
        source: io::Error,
        /// The copy.
        path: PathBuf,
    },
    /// The copy does not run.
    #[snafu(display("{path:?} does not run"))]
    TryAgent {
        /// The system's own fault.
        source: io::Error,
        /// The copy.
        path: PathBuf,
    },
    /// The copy runs and fails.
    #[snafu(display("{path:?} --version failed with {code:?}"))]
    RefuseVersion {
        /// The copy.
        path: PathBuf,
        /// Its exit code.
        code: Option<i32>,
    },
}

/// Copies this executable and the jars into a folder, and tries whether the copy can be executed there.
pub fn install(folder: &Path) -> Result<(), Error> {
    install_from(Path::new(OWN), &JARS.map(|(from, to)| (Path::new(from), to)), folder)
}

fn install_from(own: &Path, jars: &[(&Path, &str)], folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).context(MakeFolderSnafu { folder })?;
    let agent = folder.join(name(AGENT_PATH));
    copy(own, &agent)?;
    for (from, to) in jars {
        copy(from, &folder.join(name(to)))?;
    }
    let status = match try_version(&agent) {
        Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
            return Err(Error::Noexec { source, path: agent });
        }
        tried => tried.context(TryAgentSnafu { path: &agent })?,
    };
    ensure!(
        status.success(),
        RefuseVersionSnafu {
            path: agent,
            code: status.code()
        }
    );
    Ok(())
}

fn try_version(agent: &Path) -> io::Result<ExitStatus> {
    let mut command = Command::new(agent);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null());
    for _ in 0..BUSY_TRIES {
        match command.status() {
            // Whoever was started while the copy was being written holds it open for a moment.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => sleep(BUSY_WAIT),
            tried => return tried,
        }
    }
    command.status()
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Copies under another name first: an init container that starts again must not write into a file that is executed.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let part = to.with_extension("part");
    let copied = || {
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::copy(from, &part)?;
        fs::set_permissions(&part, Permissions::from_mode(0o555))?;
        fs::rename(&part, to)
    };
    copied().context(CopyFileSnafu { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("agent-script");
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn all_files_are_copied_for_everybody_to_read_and_execute() {
        let folder = tempfile::tempdir().unwrap();
        let own = script(folder.path(), "#!/bin/sh\n[ \"$1\" = --version ]\n");
        let jar = folder.path().join("jar");
        fs::write(&jar, b"jar").unwrap();
        let target = folder.path().join("bin");
        for _ in 0..2 {
            install_from(&own, &[(&jar, LAUNCHER_PATH), (&jar, TRACER_PATH)], &target).unwrap();
        }
        for file in ["anneal", "anneal-launcher.jar", "anneal-tracer.jar"] {
            let mode = fs::metadata(target.join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o555, "{file}");
        }
        assert_eq!(fs::read_dir(target).unwrap().count(), 3);
    }

    #[test]
    fn a_copy_that_fails_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let own = script(folder.path(), "#!/bin/sh\nexit 3\n");
        let error = install_from(&own, &[], &folder.path().join("bin")).unwrap_err();
        assert!(matches!(error, Error::RefuseVersion { code: Some(3), .. }), "{error}");
    }

    #[test]
    fn a_missing_jar_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let own = script(folder.path(), "#!/bin/sh\n");
        let missing = Path::new("/nowhere/at/all.jar");
        let error = install_from(&own, &[(missing, TRACER_PATH)], &folder.path().join("bin")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all.jar"), "{error}");
    }
}
