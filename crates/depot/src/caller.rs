//! Who calls, as proven by a token and the owners of its pod.

use anneal_protocol::FunctionRef;

/// A proven caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Caller {
    /// The controller.
    Controller,
    /// A pod of a Function.
    Pod(PodCaller),
}

/// A pod and the Function it belongs to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PodCaller {
    /// The pod's name; its namespace is the Function's.
    pub(crate) name: String,
    /// The pod's uid.
    pub(crate) uid: String,
    /// Whose it is.
    pub(crate) function: FunctionRef,
    /// What it is for.
    pub(crate) role: Role,
}

/// What a pod is for, from the name of its Job or the annotation of its Deployment. Both are the controller's to write; the
/// pod's own labels are not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Fetches the source and finds the handler.
    Resolve,
    /// Runs the compiler.
    Build(BuildRole),
    /// Runs the function.
    Executor {
        /// The whole build key, where the Deployment is annotated.
        build_key: Option<String>,
    },
}

/// A build Job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BuildRole {
    /// What it makes.
    pub(crate) stage: BuildStage,
    /// The beginning of the build key, from the Job's name.
    pub(crate) key_prefix: String,
    /// The whole build key, where the Job is annotated.
    pub(crate) key: Option<String>,
}

/// The executables that builds make.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BuildStage {
    /// Plain.
    Native,
    /// Instrumented.
    Instrumented,
    /// Optimized with a profile.
    Optimized,
}

impl BuildRole {
    /// Whether the Job is named for this key.
    pub(crate) fn makes(&self, key: &str) -> bool {
        key.starts_with(&self.key_prefix) && self.key.as_deref().is_none_or(|own| own == key)
    }
}

/// Hex digits of a build key in a Job's name.
const KEY_DIGITS: usize = 10;

impl Role {
    /// The role of a Job by its name: `<function>-<code>-<10 hex of the build key>-<attempt>`.
    pub(crate) fn of_job(function: &str, job: &str, key: Option<&str>) -> Option<Self> {
        let mut parts = job.strip_prefix(function)?.strip_prefix('-')?.split('-');
        let (code, digits, attempt) = (parts.next()?, parts.next()?, parts.next()?);
        let named = digits.len() == KEY_DIGITS && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let attempted = !attempt.is_empty() && attempt.bytes().all(|digit| digit.is_ascii_digit());
        if parts.next().is_some() || !named || !attempted {
            return None;
        }
        let stage = match code {
            "r" => return Some(Self::Resolve),
            "n" => BuildStage::Native,
            "i" => BuildStage::Instrumented,
            "o" => BuildStage::Optimized,
            _ => return None,
        };
        Some(Self::Build(BuildRole {
            stage,
            key_prefix: digits.to_owned(),
            key: key.map(str::to_owned),
        }))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("hello-r-0123456789-1", Some(Role::Resolve))]
    #[case("hello-x-0123456789-1", None)]
    #[case("hello-n-012345678-1", None)]
    #[case("hello-n-0123456789", None)]
    #[case("hello-n-0123456789-1-2", None)]
    #[case("hello-n-0123456789-a", None)]
    #[case("hello2-n-0123456789-1", None)]
    #[case("other-n-0123456789-1", None)]
    fn reads_a_jobs_name(#[case] job: &str, #[case] role: Option<Role>) {
        assert_eq!(Role::of_job("hello", job, None), role);
    }

    #[test]
    fn a_build_makes_the_key_it_is_named_for() {
        let Some(Role::Build(build)) = Role::of_job("my-fn", "my-fn-o-0123456789-12", None) else {
            panic!("no build")
        };
        assert_eq!(build.stage, BuildStage::Optimized);
        assert!(build.makes("0123456789abcdef") && !build.makes("1123456789abcdef"));
        let annotated = BuildRole {
            key: Some("0123456789aaaaaa".to_owned()),
            ..build
        };
        assert!(!annotated.makes("0123456789abcdef"), "the annotation names the whole key");
    }
}
