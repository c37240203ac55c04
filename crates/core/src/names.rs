//! Names of everything that is made for a Function. Deterministic, so that making it twice makes it once.

use crate::{
    digest::{BuildKey, Digest, Encoder},
    stage::Code,
};

/// Longest name of a Function; the longest child name fits a DNS label beside it.
pub const MAX_FUNCTION: usize = 36;

/// The Deployment and the headless Service of the executors of one build key under one pod template.
pub fn deployment(function: &str, key: &BuildKey, template: &Digest) -> String {
    let both = Encoder::new("deployment")
        .text("key", key.as_str())
        .text("template", template.as_str())
        .finish();
    format!("{function}-{}", both.short())
}

/// A Job; `attempt` counts from 1 and is never used again.
pub fn job(function: &str, code: Code, key: &BuildKey, attempt: u64) -> String {
    format!("{function}-{}-{}-{attempt}", code.as_str(), key.short())
}

/// The service account of a Function's pods.
pub fn service_account(function: &str) -> String {
    format!("anneal-{function}")
}

/// The Service that users call.
pub fn public_service(function: &str) -> String {
    function.to_owned()
}

/// The network policy of one role.
pub fn network_policy(function: &str, role: Role) -> String {
    format!("anneal-{function}-{}", role.as_str())
}

/// What a Function's pods are for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Serves requests.
    Executor,
    /// Runs the compiler.
    Build,
    /// Fetches the jar.
    Resolve,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Executor, Self::Build, Self::Resolve];

    /// As it stands in names and in the component label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Executor => "executor",
            Self::Build => "build",
            Self::Resolve => "resolve",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Stage;

    #[test]
    fn the_longest_names_leave_room_for_a_pod_suffix_in_a_dns_label() {
        let function = "f".repeat(MAX_FUNCTION);
        let key = BuildKey::new(Digest::of(b"key"));
        assert!(job(&function, Code::Stage(Stage::Native), &key, 9999).len() + 6 <= 63);
        assert!(deployment(&function, &key, &Digest::of(b"t")).len() + 17 <= 64);
        assert!(network_policy(&function, Role::Executor).len() <= 63);
    }

    #[test]
    fn a_deployment_is_named_for_key_and_template() {
        let (key, other) = (BuildKey::new(Digest::of(b"1")), BuildKey::new(Digest::of(b"2")));
        let template = Digest::of(b"t");
        assert_ne!(deployment("f", &key, &template), deployment("f", &other, &template));
        assert_ne!(deployment("f", &key, &template), deployment("f", &key, &Digest::of(b"u")));
        assert_eq!(job("f", Code::Resolve, &key, 2), format!("f-r-{}-2", key.short()));
    }
}
