//! The depot's API: grants, confirmations and certificates for agents; facts, rejections and purges for the controller.
//!
//! All calls are `POST` with a bearer token of audience [`crate::DEPOT_AUDIENCE`]; an error answers a
//! [`crate::problem::Problem`]. An agent's function is never taken from the body: it follows from its token.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    FunctionRef,
    handler::{Contract, Handler, HandlerRequest},
};

/// [`GrantRequest`] → [`Grant`].
pub const GRANTS_PATH: &str = "/v1/grants";
/// [`Confirmation`] → [`Confirmed`].
pub const CONFIRMATIONS_PATH: &str = "/v1/confirmations";
/// [`TokenReviewRequest`] → [`TokenReviewReply`].
pub const REVIEWS_PATH: &str = "/v1/reviews";
/// [`crate::facts::FactsRequest`] → [`crate::facts::Facts`].
pub const FACTS_PATH: &str = "/v1/facts";
/// [`PurgeRequest`] → [`PurgeReply`].
pub const PURGES_PATH: &str = "/v1/purges";
/// [`RejectionRequest`] → [`Confirmed`].
pub const REJECTIONS_PATH: &str = "/v1/rejections";

/// [`CertificateRequest`] → [`CertificateReply`].
pub const CERTIFICATES_PATH: &str = "/v1/certificates";

/// The largest object that is granted, in bytes (1 GiB).
pub const MAX_OBJECT_BYTES: u64 = 1 << 30;

/// What an agent asks for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum GrantRequest {
    /// Read one object.
    Get {
        /// Which.
        object: Readable,
    },
    /// Write one object, once, with exactly these bytes.
    Put {
        /// Which.
        object: Writable,
        /// Size.
        bytes: u64,
        /// Hex digest of the bytes.
        sha256: String,
    },
}

/// Objects an agent may read, all below its own Function's prefix (uploads: its namespace's).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Readable {
    /// The user's jar.
    Jar {
        /// Its digest.
        sha256: String,
    },
    /// A generated entry jar.
    Entry {
        /// Its digest.
        sha256: String,
    },
    /// A jar the user uploaded, below `uploads/<namespace>/`.
    Upload {
        /// Key below that prefix.
        key: String,
    },
    /// Merged reachability metadata.
    Metadata {
        /// Digest of the jar it was traced with.
        jar: String,
        /// Its digest.
        digest: String,
    },
    /// The artifact of a committed build.
    #[serde(rename_all = "camelCase")]
    Artifact {
        /// The build.
        build_key: String,
    },
    /// A merged profile in its final form (gzip).
    #[serde(rename_all = "camelCase")]
    Profile {
        /// The instrumented build.
        build_key: String,
        /// Digest of the canonical uncompressed bytes.
        digest: String,
    },
}

/// Objects an agent may write. The depot derives the key from the caller's pod uid.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Writable {
    /// The user's jar, by a resolve pod; stored under its digest.
    Jar,
    /// The generated entry jar, by a resolve pod; stored under its digest.
    Entry,
    /// The executable, by the build Job named for the key.
    #[serde(rename_all = "camelCase")]
    Artifact {
        /// The build.
        build_key: String,
    },
    /// The compiler's JSON report.
    #[serde(rename_all = "camelCase")]
    BuildOutput {
        /// The build.
        build_key: String,
    },
    /// The compiler's log, gzip.
    #[serde(rename_all = "camelCase")]
    BuildLog {
        /// The build.
        build_key: String,
    },
    /// One window's profile, gzip or plain, by an executor of an instrumented build.
    #[serde(rename_all = "camelCase")]
    Profile {
        /// The instrumented build.
        build_key: String,
        /// Number of the window in this pod.
        window: u64,
    },
    /// One pod's reachability metadata.
    Metadata {
        /// Digest of the jar it was traced with.
        jar: String,
        /// Number of the window in this pod, or from [`FIRST_MISSING_DOCUMENT`] on.
        window: u64,
    },
}

/// Metadata documents with this number or a higher one are no tracer's windows: they hold what an executable met that was not
/// registered when it was built.
pub const FIRST_MISSING_DOCUMENT: u64 = 1_000_000;
/// So many of them may come from one pod.
pub const MISSING_DOCUMENTS: u64 = 100;

/// The only key of a metadata document that holds several files of a tracer by their names. A document without it is
/// `reachability-metadata.json` itself.
pub const METADATA_FILES: &str = "anneal.dev/files";

/// The right to one request to the store. Opaque: send exactly this.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// `GET` or `PUT`.
    pub method: String,
    /// Where. A secret until it expires: never logged.
    pub url: String,
    /// Headers that must be sent as they are.
    pub headers: BTreeMap<String, String>,
    /// Seconds for which it is good, from now.
    pub expires_seconds: u64,
    /// PEM of the store's CA where it is not a public one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant")
            .field("method", &self.method)
            .field("expires_seconds", &self.expires_seconds)
            .finish_non_exhaustive()
    }
}

/// What an agent says it has stored (or lost). Idempotent.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Confirmation {
    /// Jar and entry are stored.
    Jar(JarRecord),
    /// The executable and the compiler's report are stored.
    #[serde(rename_all = "camelCase")]
    Build {
        /// The build.
        build_key: String,
        /// Digest of the executable.
        sha256: String,
        /// Its size.
        bytes: u64,
        /// Seconds the compiler ran.
        seconds: u64,
    },
    /// A profile is stored; the pod may go.
    Profile(ProfileSidecar),
    /// Reachability metadata is stored; the pod may go.
    #[serde(rename_all = "camelCase")]
    Metadata {
        /// Digest of the jar it was traced with.
        jar: String,
        /// Number of the window in this pod.
        window: u64,
        /// Digest of what was stored.
        sha256: String,
        /// Its size.
        bytes: u64,
        /// Requests the window served.
        requests: u64,
    },
    /// A window that yielded nothing.
    #[serde(rename_all = "camelCase")]
    Lost {
        /// The build.
        build_key: String,
        /// Number of the window in this pod.
        window: u64,
        /// Why.
        cause: LossCause,
    },
}

/// How a profile was taken: stored beside it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileSidecar {
    /// The instrumented build.
    pub build_key: String,
    /// Number of the window in this pod.
    pub window: u64,
    /// Digest of the stored bytes.
    pub sha256: String,
    /// Their size.
    pub bytes: u64,
    /// Requests the window served.
    pub requests: u64,
    /// Seconds the window lasted.
    pub seconds: u64,
    /// Exit code of the child.
    pub exit: i32,
}

/// Why a window yielded no profile.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum LossCause {
    /// The child ended and left no file.
    NoProfile,
    /// The file does not parse.
    Invalid,
    /// The child did not end before its deadline and was killed.
    Killed,
    /// The child ended by itself before the window did.
    Crashed,
    /// It could not be stored before the pod's deadline.
    Upload,
    /// Sent by a newer peer.
    #[serde(other)]
    Unknown,
}

/// The depot has it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Confirmed {}

/// An executor's agent asks for the certificate of its control port.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateRequest {
    /// The key that the certificate is for: an uncompressed P-256 point in lower-case hex. The private half stays in the pod.
    pub public_key: String,
}

/// A certificate for [`crate::pod_server_name`] of the caller's pod.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateReply {
    /// PEM.
    pub chain: String,
    /// Seconds from now after which another one is to be asked for.
    pub renew_seconds: u64,
}

/// A gateway's token, for the depot to review on an agent's behalf.
#[derive(Clone, Deserialize, Serialize)]
pub struct TokenReviewRequest {
    /// The bearer token of audience [`crate::AGENT_AUDIENCE`].
    pub token: String,
}

/// Whether that token is a gateway's.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenReviewReply {
    /// Is it?
    pub gateway: bool,
    /// Seconds for which the answer may be cached.
    pub cache_seconds: u64,
}

/// Remove everything of a Function.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PurgeRequest {
    /// Whose.
    pub function: FunctionRef,
}

/// What a purge did.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PurgeReply {
    /// Objects deleted by this call.
    pub deleted: u64,
    /// Nothing is left.
    pub complete: bool,
}

/// "Never again" for a build key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectionRequest {
    /// Whose.
    pub function: FunctionRef,
    /// Which build.
    pub build_key: String,
    /// Reason, one CamelCase word.
    pub reason: String,
}

/// A jar and the handler that was found in it for what the spec asked: one file per jar and [`HandlerRequest`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JarRecord {
    /// Digest of the jar.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// What the spec asked for when it was resolved.
    pub requested: HandlerRequest,
    /// Digest of the entry jar; absent for [`Contract::Http`].
    pub entry: Option<String>,
    /// What is called.
    pub handler: Handler,
}

impl JarRecord {
    /// Whether the function brings its own server.
    pub fn is_http(&self) -> bool {
        self.handler.contract == Contract::Http
    }
}
