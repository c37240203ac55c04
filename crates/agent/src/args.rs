//! Reads flags and environment, once. Nothing else in this crate looks at either.

use std::path::PathBuf;

use anneal_protocol::{
    AGENT_PORT, FUNCTION_PORT,
    agent::{
        AUTHORITIES_PATH, AgentConfig, CONFIG_VARIABLE, LAUNCHER_PATH, POD_NAME_VARIABLE, POD_UID_VARIABLE, SOURCE_DIR, TOKEN_PATH,
        WORK_DIR,
    },
};
use snafu::{ResultExt, Snafu, ensure};

use crate::{client::Roots, retry::Pace, workspace::Workspace};

/// Flags of `anneal agent`. All have defaults that fit the pods the controller makes.
#[derive(Clone, clap::Args)]
pub struct Args {
    /// The work, as JSON.
    #[arg(long, env = CONFIG_VARIABLE, hide_env_values = true)]
    pub config: String,
    /// The pod's name.
    #[arg(long, env = POD_NAME_VARIABLE, default_value = "")]
    pub pod_name: String,
    /// The pod's uid.
    #[arg(long, env = POD_UID_VARIABLE, default_value = "")]
    pub pod_uid: String,
    /// The writable folder.
    #[arg(long, default_value = WORK_DIR)]
    pub work_dir: PathBuf,
    /// The service-account token for the depot.
    #[arg(long, default_value = TOKEN_PATH)]
    pub token_file: PathBuf,
    /// The certificate authorities (PEM) by which the depot is known.
    #[arg(long, default_value = AUTHORITIES_PATH)]
    pub authorities_file: PathBuf,
    /// The launcher's jar.
    #[arg(long, default_value = LAUNCHER_PATH)]
    pub launcher: PathBuf,
    /// Where a `ConfigMap` source is mounted.
    #[arg(long, default_value = SOURCE_DIR)]
    pub source_dir: PathBuf,
    /// Where the container's termination message goes.
    #[arg(long, default_value = "/dev/termination-log")]
    pub termination_log: PathBuf,
    /// The port of readiness and profile windows.
    #[arg(long, default_value_t = AGENT_PORT)]
    pub control_port: u16,
    /// The port on which the function listens.
    #[arg(long, default_value_t = FUNCTION_PORT)]
    pub function_port: u16,
    /// The compiler.
    #[arg(long, default_value = "native-image")]
    pub native_image: String,
    /// The JVM.
    #[arg(long, default_value = "java")]
    pub java: String,
    /// A PEM file of certificate authorities that are trusted beside the built-in ones.
    #[arg(long, env = "SSL_CERT_FILE")]
    pub certificates: Option<PathBuf>,
}

/// Why the flags make no sense.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The configuration is not what this version reads.
    #[snafu(display("the agent's configuration cannot be read"))]
    ParseConfig {
        /// Where and why.
        source: serde_json::Error,
    },
    /// Tokens are sent over TLS alone.
    #[snafu(display("the depot's address does not begin with https://"))]
    PlainDepot,
}

/// What the flags say, checked.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) config: AgentConfig,
    pub(crate) workspace: Workspace,
    pub(crate) token_file: PathBuf,
    pub(crate) authorities_file: PathBuf,
    pub(crate) launcher: PathBuf,
    pub(crate) source_dir: PathBuf,
    pub(crate) control_port: u16,
    pub(crate) function_port: u16,
    pub(crate) native_image: String,
    pub(crate) java: String,
    pub(crate) roots: Roots,
    pub(crate) pace: Pace,
}

impl TryFrom<Args> for Settings {
    type Error = Error;

    fn try_from(args: Args) -> Result<Self, Error> {
        let config: AgentConfig = serde_json::from_str(&args.config).context(ParseConfigSnafu)?;
        ensure!(config.depot.starts_with("https://"), PlainDepotSnafu);
        Ok(Self {
            config,
            workspace: Workspace::new(args.work_dir),
            token_file: args.token_file,
            authorities_file: args.authorities_file,
            launcher: args.launcher,
            source_dir: args.source_dir,
            control_port: args.control_port,
            function_port: args.function_port,
            native_image: args.native_image,
            java: args.java,
            roots: Roots::new(args.certificates),
            pace: Pace::default(),
        })
    }
}
