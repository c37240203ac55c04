//! Fetches what an executor runs and says how it is started.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
};

use anneal_protocol::{
    agent::{CONFIG_VARIABLE, Collects, JarInput, MissingMode, MissingRegistrations, Program, Serve},
    depot::{MAX_OBJECT_BYTES, Readable},
    handler::Contract,
};
use snafu::{ResultExt, Snafu};

use crate::{
    args::Settings,
    inputs,
    transfer::{self, Expected, Form, Transfer},
};

/// Where launcher contracts answer whether they are healthy.
const LAUNCHER_HEALTH: &str = "/healthz";
/// The port variables of frameworks that do not read `PORT`.
const PORT_VARIABLES: [&str; 4] = ["PORT", "SERVER_PORT", "QUARKUS_HTTP_PORT", "MICRONAUT_SERVER_PORT"];

/// Why there is nothing to start.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("an input cannot be fetched"))]
    Fetch { source: transfer::Error },
    #[snafu(display("the executable cannot be made executable"))]
    Permit { source: io::Error },
}

impl Error {
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(self, Self::Fetch { source } if source.is_gone())
    }
}

/// Makes everything that is started be there, verified.
pub(crate) async fn fetch(settings: &Settings, program: &Program, build_key: &str, transfer: &Transfer) -> Result<(), Error> {
    match program {
        Program::Jvm { jar, .. } => inputs::fetch_jar(jar, &settings.workspace, transfer).await.context(FetchSnafu),
        Program::Binary { sha256, bytes, .. } => {
            let object = Readable::Artifact {
                build_key: build_key.to_owned(),
            };
            let expected = Expected {
                sha256: sha256.clone(),
                bytes: Some(*bytes),
                limit: (*bytes).min(MAX_OBJECT_BYTES),
                form: Form::Plain,
            };
            let binary = settings.workspace.binary();
            transfer.fetch(&object, &expected, &binary).await.context(FetchSnafu)?;
            fs::set_permissions(binary, Permissions::from_mode(0o555)).context(PermitSnafu)
        }
    }
}

/// How the child of a window is started.
pub(crate) fn command(settings: &Settings, serve: &Serve, window: u64) -> Command {
    let mut command = match &serve.program {
        Program::Jvm { jar, options } => jvm(settings, jar, options),
        Program::Binary { .. } => binary(settings, serve, window),
    };
    let port = settings.function_port.to_string();
    command.envs(PORT_VARIABLES.map(|name| (name, port.as_str())));
    // The launcher drains in half of the time that is left to it, and dumps in the rest.
    command.env("ANNEAL_DRAIN_SECONDS", (serve.stop_seconds / 2).max(1).to_string());
    command.env("TMPDIR", settings.workspace.scratch());
    // The function has no use for the agent's own orders.
    command.env_remove(CONFIG_VARIABLE);
    command.current_dir(settings.workspace.root());
    command.stdin(Stdio::null());
    command
}

fn jvm(settings: &Settings, jar: &JarInput, options: &[String]) -> Command {
    let mut command = Command::new(&settings.java);
    command.args(options);
    let path: Vec<PathBuf> = inputs::class_path(jar, &settings.workspace, &settings.launcher);
    command.arg("-cp").arg(inputs::joined(&path)).arg(inputs::main_class(jar));
    command
}

fn binary(settings: &Settings, serve: &Serve, window: u64) -> Command {
    let mut command = Command::new(settings.workspace.binary());
    if serve.window.as_ref().is_some_and(|window| window.collects == Collects::Profile) {
        let mut option = std::ffi::OsString::from("-XX:ProfilesDumpFile=");
        option.push(settings.workspace.profile(window));
        command.arg(option);
    }
    if let Program::Binary {
        missing: Some(MissingRegistrations {
            mode: MissingMode::Warn, ..
        }),
        ..
    } = &serve.program
    {
        command.arg("-XX:MissingRegistrationReportingMode=Warn");
    }
    command
}

/// Where the child is asked whether it is healthy; `None` = an open port is enough.
pub(crate) fn health_path(serve: &Serve) -> Option<&str> {
    match (&serve.health_path, &serve.program) {
        (Some(path), _) => Some(path),
        (None, Program::Jvm { jar, .. }) if jar.handler.contract != Contract::Http => Some(LAUNCHER_HEALTH),
        (None, _) => None,
    }
}

/// Digest of the jar whose metadata a tracer collects.
pub(crate) fn traced_jar(program: &Program) -> Option<&str> {
    match program {
        Program::Jvm { jar, .. } => Some(&jar.sha256),
        Program::Binary { .. } => None,
    }
}
