//! What a container's agent is told (environment variable [`CONFIG_VARIABLE`]) and what gateways and agents say to each other.

use serde::{Deserialize, Serialize};

use crate::{
    FunctionRef,
    handler::{Handler, HandlerRequest},
};

/// The variable that holds the agent's configuration as JSON.
pub const CONFIG_VARIABLE: &str = "ANNEAL_AGENT_CONFIG";
/// The variable with the pod's name, from the downward API.
pub const POD_NAME_VARIABLE: &str = "ANNEAL_POD_NAME";
/// The variable with the pod's uid, from the downward API.
pub const POD_UID_VARIABLE: &str = "ANNEAL_POD_UID";
/// Where the init container puts the agent and the jars (an emptyDir).
pub const INSTALL_DIR: &str = "/var/lib/anneal/bin";
/// The agent itself.
pub const AGENT_PATH: &str = "/var/lib/anneal/bin/anneal";
/// The launcher jar.
pub const LAUNCHER_PATH: &str = "/var/lib/anneal/bin/anneal-launcher.jar";
/// The tracer's jar.
pub const TRACER_PATH: &str = "/var/lib/anneal/bin/anneal-tracer.jar";
/// The pod's only writable place (an emptyDir on disk): inputs, window number, profiles, HOME and TMPDIR.
pub const WORK_DIR: &str = "/var/lib/anneal/work";
/// Where the projected service-account token is mounted.
pub const TOKEN_PATH: &str = "/var/run/secrets/anneal.dev/token";
/// Beside it: the certificate authorities (PEM) by which the depot is known.
pub const AUTHORITIES_PATH: &str = "/var/run/secrets/anneal.dev/ca.crt";
/// [`TotalsReport`] → [`TotalsReply`], on the agent's control port.
pub const TOTALS_PATH: &str = "/v1/totals";
/// Where a ConfigMap source is mounted in a resolve pod.
pub const SOURCE_DIR: &str = "/var/lib/anneal/source";

/// What the container is for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentConfig {
    /// The Function it works for.
    pub function: FunctionRef,
    /// `https://host:port` of the depot.
    pub depot: String,
    /// The work.
    pub work: Work,
}

/// The three kinds of work.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Work {
    /// Fetch the source, check it, find the handler, store jar, entry and facts.
    Resolve(Resolve),
    /// Run the compiler once.
    Build(Build),
    /// Run the function and own its profile windows.
    Serve(Serve),
}

/// A resolve Job's work.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolve {
    /// Where the jar is.
    pub source: Source,
    /// What the spec says of the handler.
    pub handler: HandlerRequest,
}

/// Where a jar comes from.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Source {
    /// A file under [`SOURCE_DIR`].
    #[serde(rename_all = "camelCase")]
    ConfigMap {
        /// Name of the file.
        key: String,
        /// The digest the spec demands, if it does.
        sha256: Option<String>,
    },
    /// A URL; `sha256` is mandatory.
    #[serde(rename_all = "camelCase")]
    Http {
        /// `https://…`, or `http://…` where the operator allows the host.
        url: String,
        /// Digest.
        sha256: String,
        /// Hosts that may be fetched from, from the operator's values: exact names or `*.suffix`; empty allows every public host.
        allowed_hosts: Vec<String>,
        /// Networks (CIDR) that may be reached although they are private.
        allowed_networks: Vec<String>,
    },
    /// An object under `uploads/<namespace>/`; `sha256` is mandatory.
    #[serde(rename_all = "camelCase")]
    S3 {
        /// Key below `uploads/<namespace>/`.
        key: String,
        /// Digest.
        sha256: String,
    },
}

/// Which executable a build makes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum BuildKind {
    /// Plain native image.
    Native,
    /// PGO-instrumented native image.
    Instrumented,
    /// Optimized with a merged profile.
    Optimized,
}

/// A build Job's work.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// Identity of the build: names its store prefix.
    pub build_key: String,
    /// Which executable. Not `kind` on the wire: that tells the works apart in [`Work`].
    #[serde(rename = "executable")]
    pub kind: BuildKind,
    /// The jar.
    pub jar: JarInput,
    /// Digest of the merged reachability metadata, if there is any.
    pub metadata: Option<String>,
    /// The merged profile, for [`BuildKind::Optimized`].
    pub profile: Option<ProfileInput>,
    /// Arguments of the stage and of the user, in order, for the compiler.
    pub arguments: Vec<String>,
    /// Seconds after which the compiler is ended.
    pub timeout_seconds: u64,
}

/// A jar in the store together with the entry class that was generated for it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JarInput {
    /// Digest of the user's jar.
    pub sha256: String,
    /// Digest of the entry jar; absent for contract Http.
    pub entry: Option<String>,
    /// What is called.
    pub handler: Handler,
}

/// A merged profile in the store.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileInput {
    /// Key of the instrumented build it was taken with.
    pub build_key: String,
    /// Digest of its canonical bytes.
    pub digest: String,
}

/// An executor's work.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Serve {
    /// Identity of what runs.
    pub build_key: String,
    /// What to start.
    pub program: Program,
    /// Where profiles or metadata are collected in windows.
    pub window: Option<Window>,
    /// Path that answers 2xx when the function is healthy; absent = the open port is enough.
    pub health_path: Option<String>,
    /// Seconds the function has to become healthy.
    pub start_seconds: u64,
    /// Requests sent to the function before the pod is ready; each must answer 2xx.
    pub warmup: Vec<WarmupRequest>,
    /// Seconds for requests in flight to end before the child gets SIGTERM.
    pub drain_seconds: u64,
    /// Seconds between SIGTERM and SIGKILL of the child: it drains and dumps in them.
    pub stop_seconds: u64,
}

/// What an executor starts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Program {
    /// `java` of the image.
    #[serde(rename_all = "camelCase")]
    Jvm {
        /// What to run.
        jar: JarInput,
        /// Options for the JVM, before the class path.
        options: Vec<String>,
    },
    /// A native executable from the store.
    #[serde(rename_all = "camelCase")]
    Binary {
        /// Digest of the executable.
        sha256: String,
        /// Its size in bytes.
        bytes: u64,
        /// Set if it was built with exact reachability metadata: what it meets that is not registered is reported.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<MissingRegistrations>,
    },
}

/// What becomes of an access to an element that was not registered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingRegistrations {
    /// Digest of the jar whose metadata lacks it.
    pub jar: String,
    /// How the executable treats it.
    pub mode: MissingMode,
}

/// How an executable treats an access to an element that was not registered: `-XX:MissingRegistrationReportingMode=`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum MissingMode {
    /// It throws, and the launcher answers that a registration is missing.
    Throw,
    /// It prints and goes on as if the element did not exist: what has a server of its own is not to end by it.
    Warn,
}

/// One warm-up request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WarmupRequest {
    /// Path with query.
    pub path: String,
    /// Body; with one the request is a POST, without a GET.
    pub body: Option<String>,
}

/// What is collected in windows, and when a window ends.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// What the child leaves.
    pub collects: Collects,
    /// Requests after which a window ends (the agent jitters profile windows by ±20 %).
    pub requests: u64,
    /// Seconds after which a window ends whatever it served; absent = never.
    pub max_seconds: Option<u64>,
}

/// What a window's child leaves behind.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Collects {
    /// An `.iprof` per window; the child is restarted after each.
    Profile,
    /// Reachability metadata, in one window; afterwards the pod accepts nothing.
    Metadata,
}

/// `POST /v1/totals` of an agent: what one gateway has sent to this pod so far.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TotalsReport {
    /// The gateway's pod name.
    pub gateway: String,
    /// Changes whenever the gateway's process starts anew.
    pub boot: String,
    /// Requests this gateway has sent to this pod since its boot.
    pub requests: u64,
    /// Those of them that are not answered yet.
    pub in_flight: u64,
    /// The state this gateway acts upon: a gateway that saw `Draining` and has nothing in flight has acked the drain.
    pub seen: AcceptState,
}

/// The agent's answer to [`TotalsReport`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TotalsReply {
    /// May requests be sent?
    pub state: AcceptState,
    /// Number of the current window, from 0.
    pub window: u64,
}

/// Whether an executor takes requests.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum AcceptState {
    /// The child is not ready yet.
    Starting,
    /// Send.
    Accepting,
    /// Send nothing new, finish what is in flight, then say so.
    Draining,
    /// Nothing will be accepted any more.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Contract;

    #[test]
    fn every_work_survives_the_wire() {
        let handler = Handler {
            class: "shop.FileHash".to_owned(),
            method: "main".to_owned(),
            contract: Contract::Map,
        };
        let jar = JarInput {
            sha256: "00".to_owned(),
            entry: None,
            handler,
        };
        let build = Build {
            build_key: "key".to_owned(),
            kind: BuildKind::Optimized,
            jar: jar.clone(),
            metadata: None,
            profile: None,
            arguments: Vec::new(),
            timeout_seconds: 1,
        };
        let source = Source::ConfigMap {
            key: "app.jar".to_owned(),
            sha256: None,
        };
        let serve = Serve {
            build_key: "key".to_owned(),
            program: Program::Jvm { jar, options: Vec::new() },
            window: None,
            health_path: None,
            start_seconds: 1,
            warmup: Vec::new(),
            drain_seconds: 1,
            stop_seconds: 1,
        };
        for work in [
            Work::Resolve(Resolve {
                source,
                handler: HandlerRequest::default(),
            }),
            Work::Build(build),
            Work::Serve(serve),
        ] {
            let text = serde_json::to_string(&work).unwrap();
            assert_eq!(serde_json::from_str::<Work>(&text).unwrap(), work, "{text}");
        }
    }
}
