//! What each kind of pod may read and write: a pure table.

use anneal_protocol::depot::{MAX_OBJECT_BYTES, Readable, Writable};

use crate::{
    caller::{PodCaller, Role},
    refusal::{Refusal, Result},
};

/// The largest entry jar: one class and its manifest, with much to spare.
const ENTRY_BYTES: u64 = 64 << 20;
/// The largest report of the compiler.
pub(crate) const OUTPUT_BYTES: u64 = 4 << 20;
/// The largest log of the compiler, as stored.
pub(crate) const LOG_BYTES: u64 = 16 << 20;

/// Refuses what this caller may not read.
pub(crate) fn check_read(caller: &PodCaller, object: &Readable) -> Result<()> {
    let allowed = match (&caller.role, object) {
        (Role::Resolve, Readable::Jar { .. } | Readable::Entry { .. } | Readable::Upload { .. })
        | (Role::Build(_), Readable::Jar { .. } | Readable::Entry { .. } | Readable::Metadata { .. } | Readable::Profile { .. })
        | (Role::Executor { .. }, Readable::Jar { .. } | Readable::Entry { .. }) => true,
        (Role::Executor { build_key: own }, Readable::Artifact { build_key }) => own.as_ref() == Some(build_key),
        (Role::Resolve | Role::Build(_) | Role::Executor { .. }, _) => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::forbidden("this pod may not read that object"))
    }
}

/// Refuses what this caller may not write.
pub(crate) fn check_write(caller: &PodCaller, object: &Writable) -> Result<()> {
    let allowed = match (&caller.role, object) {
        (Role::Resolve, Writable::Jar | Writable::Entry) | (Role::Executor { .. }, Writable::Metadata { .. }) => true,
        (Role::Build(build), Writable::Artifact { build_key } | Writable::BuildOutput { build_key } | Writable::BuildLog { build_key }) => {
            build.makes(build_key)
        }
        (Role::Executor { build_key: own }, Writable::Profile { build_key, .. }) => own.as_ref() == Some(build_key),
        (Role::Resolve | Role::Build(_) | Role::Executor { .. }, _) => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::forbidden("this pod may not write that object"))
    }
}

/// Refuses what is larger than such an object may be.
pub(crate) fn check_size(object: &Writable, bytes: u64, profile_limit: u64, metadata_limit: u64) -> Result<()> {
    let limit = match object {
        Writable::Jar | Writable::Artifact { .. } => MAX_OBJECT_BYTES,
        Writable::Entry => ENTRY_BYTES,
        Writable::BuildOutput { .. } => OUTPUT_BYTES,
        Writable::BuildLog { .. } => LOG_BYTES,
        Writable::Profile { .. } => profile_limit,
        Writable::Metadata { .. } => metadata_limit,
    };
    match bytes {
        0 => Err(Refusal::invalid("an object has at least one byte")),
        bytes if bytes <= limit => Ok(()),
        _ => Err(Refusal::too_large(format!("{bytes} bytes are more than the limit of {limit}"))),
    }
}

#[cfg(test)]
mod tests {
    use anneal_protocol::FunctionRef;
    use rstest::rstest;

    use super::*;
    use crate::caller::{BuildRole, BuildStage};

    const KEY: &str = "00112233445566778899";

    fn caller(kind: &str) -> PodCaller {
        let build = BuildRole {
            stage: BuildStage::Native,
            key_prefix: KEY[..10].to_owned(),
            key: None,
        };
        let role = match kind {
            "resolve" => Role::Resolve,
            "build" => Role::Build(build),
            _ => Role::Executor {
                build_key: Some(KEY.to_owned()),
            },
        };
        let function = FunctionRef {
            namespace: "shop".into(),
            name: "hello".into(),
            uid: "f".into(),
        };
        PodCaller {
            name: "pod".into(),
            uid: "uid".into(),
            function,
            role,
        }
    }

    fn readable(object: &str, key: &str) -> Readable {
        let (sha256, digest) = ("d".to_owned(), "d".to_owned());
        match object {
            "jar" => Readable::Jar { sha256 },
            "entry" => Readable::Entry { sha256 },
            "upload" => Readable::Upload { key: "k".into() },
            "metadata" => Readable::Metadata { jar: sha256, digest },
            "artifact" => Readable::Artifact { build_key: key.into() },
            _ => Readable::Profile {
                build_key: key.into(),
                digest,
            },
        }
    }

    #[rstest]
    #[case("resolve", &["jar", "entry", "upload"])]
    #[case("build", &["jar", "entry", "metadata", "profile"])]
    #[case("executor", &["jar", "entry", "artifact"])]
    fn reads(#[case] kind: &str, #[case] allowed: &[&str]) {
        for object in ["jar", "entry", "upload", "metadata", "artifact", "profile"] {
            let verdict = check_read(&caller(kind), &readable(object, KEY));
            assert_eq!(verdict.is_ok(), allowed.contains(&object), "{kind} reads {object}");
        }
    }

    fn writable(object: &str, key: &str) -> Writable {
        let build_key = key.to_owned();
        match object {
            "jar" => Writable::Jar,
            "entry" => Writable::Entry,
            "artifact" => Writable::Artifact { build_key },
            "output" => Writable::BuildOutput { build_key },
            "log" => Writable::BuildLog { build_key },
            "profile" => Writable::Profile { build_key, window: 0 },
            _ => Writable::Metadata {
                jar: "d".into(),
                window: 0,
            },
        }
    }

    #[rstest]
    #[case("resolve", &["jar", "entry"])]
    #[case("build", &["artifact", "output", "log"])]
    #[case("executor", &["profile", "metadata"])]
    fn writes(#[case] kind: &str, #[case] allowed: &[&str]) {
        for object in ["jar", "entry", "artifact", "output", "log", "profile", "metadata"] {
            let verdict = check_write(&caller(kind), &writable(object, KEY));
            assert_eq!(verdict.is_ok(), allowed.contains(&object), "{kind} writes {object}");
        }
    }

    #[rstest]
    #[case("build", "artifact")]
    #[case("executor", "profile")]
    fn writes_nothing_of_another_key(#[case] kind: &str, #[case] object: &str) {
        assert!(check_write(&caller(kind), &writable(object, "ff112233445566778899")).is_err());
        assert!(check_read(&caller(kind), &readable("artifact", "ff112233445566778899")).is_err());
    }

    #[test]
    fn bounds_every_object() {
        assert!(check_size(&Writable::Jar, MAX_OBJECT_BYTES, 1, 1).is_ok());
        assert!(check_size(&Writable::Jar, MAX_OBJECT_BYTES + 1, 1, 1).is_err());
        assert!(check_size(&writable("profile", KEY), 2, 1, 1).is_err());
        assert!(check_size(&Writable::Jar, 0, 1, 1).is_err());
    }
}
