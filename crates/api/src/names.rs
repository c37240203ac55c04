//! Names that others may rely on: API group, labels, annotations, finalizer, field managers.

/// API group of every resource and the prefix of every label and annotation.
pub const GROUP: &str = "anneal.dev";
/// Longest name a Function may have: children's names add up to 27 characters.
pub const MAX_FUNCTION_NAME: usize = 36;
/// Removed when the store holds nothing of the Function any more.
pub const FINALIZER: &str = "anneal.dev/store";

/// Label: name of the Function a child belongs to.
pub const LABEL_FUNCTION: &str = "anneal.dev/function";
/// Label: stage code (`r a h n i o`) of a Job or an executor.
pub const LABEL_STAGE: &str = "anneal.dev/stage";
/// Label: first ten hex digits of the build key.
pub const LABEL_BUILD: &str = "anneal.dev/build";
/// Label: name of the executor Deployment, in its selector, pods, Service and slices.
pub const LABEL_DEPLOYMENT: &str = "anneal.dev/deployment";
/// Label with value `true` on executors whose agent collects in windows: gateways report totals to them.
pub const LABEL_WINDOWS: &str = "anneal.dev/windows";
/// Annotation: the whole build key of a Job or an executor.
pub const ANNOTATION_BUILD_KEY: &str = "anneal.dev/build-key";
/// Annotation of an executor Deployment: its revision as it would stand in status, so that a lost status can be rebuilt.
pub const ANNOTATION_REVISION: &str = "anneal.dev/revision";
/// Annotation on an executor pod: profiles of this pod that are folded. A hint; the store's HEAD is the truth.
pub const ANNOTATION_PROFILE_COUNT: &str = "anneal.dev/profile-count";
/// Annotation on an executor pod: metadata documents of this pod that are folded. A hint, too.
pub const ANNOTATION_METADATA_COUNT: &str = "anneal.dev/metadata-count";

/// Secret in the operator's namespace: the certificate authorities with their keys.
pub const AUTHORITIES_SECRET: &str = "anneal-ca";
/// Its one key.
pub const AUTHORITIES_KEY: &str = "authorities.json";
/// ConfigMap in the operator's namespace and beside every Function: the authorities' certificates, by which components know each other.
pub const TRUST_CONFIG_MAP: &str = "anneal-trust";
/// Its one key.
pub const TRUST_KEY: &str = "ca.crt";

/// Field manager of everything but replicas and status.
pub const MANAGER: &str = "anneal-controller";
/// Field manager of the creating POST of a Deployment.
pub const MANAGER_CREATE: &str = "anneal-controller/create";
/// Field manager of replicas.
pub const MANAGER_SCALE: &str = "anneal-controller/scale";
/// Field manager of a Function's status.
pub const MANAGER_STATUS: &str = "anneal-controller/status";
/// Field manager of the ConfigMaps with counts.
pub const MANAGER_COUNTS: &str = "anneal-controller/counts";
/// Field manager of the count annotation.
pub const MANAGER_DEPOT: &str = "anneal-depot";

/// Well-known label: the Function's name (we set it ourselves so that no tool's label is inherited).
pub const LABEL_INSTANCE: &str = "app.kubernetes.io/instance";
/// Well-known label: always `anneal`.
pub const LABEL_MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Well-known label: `executor`, `build`, `resolve`, …
pub const LABEL_COMPONENT: &str = "app.kubernetes.io/component";
/// Well-known label: always `anneal-function` on children.
pub const LABEL_NAME: &str = "app.kubernetes.io/name";

/// Annotation of an executor Deployment: digest of what the spec may change of its pods.
pub const ANNOTATION_TEMPLATE: &str = "anneal.dev/template";
/// Annotation of an executor Deployment: version of the rendered pod.
pub const ANNOTATION_TEMPLATE_VERSION: &str = "anneal.dev/template-version";
/// Annotation of an executor Deployment: image that its agent is installed from.
pub const ANNOTATION_AGENT_IMAGE: &str = "anneal.dev/agent-image";
/// Annotation of a Job: which attempt at its key it is.
pub const ANNOTATION_ATTEMPT: &str = "anneal.dev/attempt";
/// Annotation of a Job: memory limit of its pod.
pub const ANNOTATION_MEMORY: &str = "anneal.dev/memory-mebibytes";
/// Annotation of a Job: seconds its work may take.
pub const ANNOTATION_TIMEOUT: &str = "anneal.dev/timeout-seconds";
