//! Where each object is. Every key is below the prefix of one Function uid, which follows from the caller, never from its body.

use std::{fmt, str::FromStr};

use anneal_protocol::{FunctionRef, handler::HandlerRequest};
use anneal_store::{InvalidKey, ObjectKey, Prefix, Sha256Digest};
use serde::{Deserialize, Serialize};

/// Where the test at start puts its objects.
pub(crate) const SELF_TEST: &str = "selftest";
/// What is deleted with a Function.
pub(crate) const ROOTS: [&str; 3] = ["functions", "profiles", "quarantine"];

type Result<T> = std::result::Result<T, InvalidKey>;

/// One window of one pod: `<pod uid>-<window>`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub(crate) struct Identity(String);

impl Identity {
    pub(crate) fn new(pod_uid: &str, window: u64) -> Self {
        Self(format!("{pod_uid}-{window}"))
    }

    /// The pod's uid.
    pub(crate) fn pod_uid(&self) -> &str {
        self.0.rsplit_once('-').map_or("", |(uid, _)| uid)
    }

    /// The window's number.
    pub(crate) fn window(&self) -> u64 {
        self.0
            .rsplit_once('-')
            .and_then(|(_, window)| window.parse().ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Identity {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self> {
        match text.rsplit_once('-') {
            Some((uid, window)) if !uid.is_empty() && window.parse::<u64>().is_ok_and(|number| number.to_string() == window) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidKey),
        }
    }
}

/// What is folded: all profiles of one instrumented build, or all metadata of one jar.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Subject {
    /// Profiles.
    Profile {
        /// The instrumented build.
        build: Sha256Digest,
    },
    /// Reachability metadata.
    Metadata {
        /// The jar it was traced with.
        jar: Sha256Digest,
    },
}

/// A Function's objects.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    functions: Prefix,
    profiles: Prefix,
    quarantine: Prefix,
}

impl Layout {
    pub(crate) fn of(function: &FunctionRef) -> Result<Self> {
        let below = |root: &str| -> Result<Prefix> {
            // One part each: a `/` inside would move the border between tenants.
            for part in [&function.namespace, &function.name, &function.uid] {
                if part.contains('/') {
                    return Err(InvalidKey);
                }
            }
            format!("{root}/{}/{}/{}", function.namespace, function.name, function.uid).parse()
        };
        Ok(Self {
            functions: below(ROOTS[0])?,
            profiles: below(ROOTS[1])?,
            quarantine: below(ROOTS[2])?,
        })
    }

    /// Everything of this Function.
    pub(crate) fn prefixes(&self) -> [&Prefix; 3] {
        [&self.functions, &self.profiles, &self.quarantine]
    }

    pub(crate) fn jar(&self, sha256: Sha256Digest) -> Result<ObjectKey> {
        self.functions.key(&format!("jar/{sha256}.jar"))
    }

    pub(crate) fn jar_record(&self, sha256: Sha256Digest, requested: &HandlerRequest) -> Result<ObjectKey> {
        let requested = serde_json::to_vec(requested).map_err(|_| InvalidKey)?;
        let digest = Sha256Digest::of(&requested).to_string();
        self.functions.key(&format!("jar/{sha256}.{}.json", &digest[..16]))
    }

    pub(crate) fn entry(&self, sha256: Sha256Digest) -> Result<ObjectKey> {
        self.functions.key(&format!("entry/{sha256}.jar"))
    }

    pub(crate) fn build(&self, key: Sha256Digest) -> Result<BuildLayout> {
        Ok(BuildLayout(self.functions.join(&format!("builds/{key}"))?))
    }

    /// What the Function needs of all this.
    pub(crate) fn references(&self) -> Result<ObjectKey> {
        self.functions.key("references.json")
    }

    pub(crate) fn shelf(&self, subject: Subject) -> Result<Shelf> {
        let (prefix, name, raw, published) = match subject {
            Subject::Profile { build } => (self.profiles.join(&build.to_string())?, build.to_string(), ".iprof.gz", ".iprof.gz"),
            Subject::Metadata { jar } => (self.functions.join(&format!("metadata/{jar}"))?, jar.to_string(), ".json", ".json"),
        };
        Ok(Shelf {
            prefix,
            quarantine: self.quarantine.join(&name)?,
            raw,
            published,
            subject,
        })
    }

    /// An object that a user uploaded for its namespace.
    pub(crate) fn upload(namespace: &str, key: &str) -> Result<ObjectKey> {
        Prefix::from_str(&format!("uploads/{namespace}"))?.key(key)
    }
}

/// A build's objects.
pub(crate) struct BuildLayout(Prefix);

impl BuildLayout {
    pub(crate) fn artifact(&self, pod_uid: &str) -> Result<ObjectKey> {
        self.0.key(&format!("{pod_uid}/artifact"))
    }

    pub(crate) fn output(&self, pod_uid: &str) -> Result<ObjectKey> {
        self.0.key(&format!("{pod_uid}/build-output.json"))
    }

    pub(crate) fn log(&self, pod_uid: &str) -> Result<ObjectKey> {
        self.0.key(&format!("{pod_uid}/build.log.gz"))
    }

    pub(crate) fn result(&self) -> Result<ObjectKey> {
        self.0.key("result.json")
    }

    pub(crate) fn rejected(&self) -> Result<ObjectKey> {
        self.0.key("rejected.json")
    }
}

/// The raw, merged and quarantined objects of one [`Subject`].
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    prefix: Prefix,
    quarantine: Prefix,
    raw: &'static str,
    published: &'static str,
    subject: Subject,
}

impl Shelf {
    pub(crate) const fn subject(&self) -> Subject {
        self.subject
    }

    pub(crate) fn head(&self) -> Result<ObjectKey> {
        self.prefix.key("HEAD")
    }

    pub(crate) fn raws(&self) -> Result<Prefix> {
        self.prefix.join("raw")
    }

    pub(crate) fn raw(&self, identity: &Identity) -> Result<ObjectKey> {
        self.prefix.key(&format!("raw/{identity}{}", self.raw))
    }

    /// What the agent said of a profile, beside it. Metadata has none.
    pub(crate) fn sidecar(&self, identity: &Identity) -> Result<ObjectKey> {
        self.prefix.key(&format!("raw/{identity}.json"))
    }

    pub(crate) fn merged(&self) -> Result<Prefix> {
        self.prefix.join("merged")
    }

    /// Key of a merged object by the name that a [`crate::fold::Head`] has for it.
    pub(crate) fn merged_object(&self, name: &str) -> Result<ObjectKey> {
        self.prefix.key(&format!("merged/{name}"))
    }

    /// Name of the form that others read.
    pub(crate) fn published_name(&self, digest: &str) -> String {
        format!("{digest}{}", self.published)
    }

    pub(crate) fn losses(&self) -> Result<Prefix> {
        self.prefix.join("lost")
    }

    pub(crate) fn loss(&self, identity: &Identity) -> Result<ObjectKey> {
        self.prefix.key(&format!("lost/{identity}.json"))
    }

    pub(crate) fn quarantined(&self) -> &Prefix {
        &self.quarantine
    }

    /// The bytes in quarantine.
    pub(crate) fn quarantined_body(&self, identity: &Identity) -> Result<ObjectKey> {
        let suffix = match self.subject {
            Subject::Profile { .. } => ".iprof.gz",
            Subject::Metadata { .. } => ".metadata",
        };
        self.quarantine.key(&format!("{identity}{suffix}"))
    }

    /// Why they are there: this object commits the quarantine.
    pub(crate) fn quarantined_reason(&self, identity: &Identity) -> Result<ObjectKey> {
        self.quarantine.key(&format!("{identity}.json"))
    }

    /// The identity of a raw object's name.
    pub(crate) fn identity(&self, name: &str) -> Option<Identity> {
        name.strip_suffix(self.raw)?.parse().ok()
    }
}

/// What a key below `functions/` or `profiles/` stands for, as far as folding goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) function: FunctionRef,
    pub(crate) subject: Subject,
    /// The key below the subject's prefix.
    pub(crate) rest: String,
}

impl Place {
    pub(crate) fn of(key: &ObjectKey) -> Option<Self> {
        let mut parts = key.as_str().splitn(5, '/');
        let mut next = || parts.next();
        let root = next()?;
        let function = FunctionRef {
            namespace: next()?.to_owned(),
            name: next()?.to_owned(),
            uid: next()?.to_owned(),
        };
        let rest = next()?;
        let (subject, rest) = match root {
            "profiles" => {
                let (build, rest) = rest.split_once('/')?;
                (
                    Subject::Profile {
                        build: build.parse().ok()?,
                    },
                    rest,
                )
            }
            "functions" => {
                let (jar, rest) = rest.strip_prefix("metadata/")?.split_once('/')?;
                (Subject::Metadata { jar: jar.parse().ok()? }, rest)
            }
            _ => return None,
        };
        Some(Self {
            function,
            subject,
            rest: rest.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn function(name: &str) -> FunctionRef {
        FunctionRef {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: "u-1".to_owned(),
        }
    }

    #[test]
    fn finds_its_own_places() {
        let layout = Layout::of(&function("hello")).unwrap();
        let digest = Sha256Digest::of(b"x");
        for subject in [Subject::Profile { build: digest }, Subject::Metadata { jar: digest }] {
            let shelf = layout.shelf(subject).unwrap();
            let identity = Identity::new("pod-uid", 7);
            let place = Place::of(&shelf.raw(&identity).unwrap()).unwrap();
            assert_eq!((&place.function, place.subject), (&function("hello"), subject));
            let name = place.rest.strip_prefix("raw/").unwrap();
            assert_eq!(shelf.identity(name), Some(identity));
        }
        assert_eq!(Place::of(&layout.jar(digest).unwrap()), None);
    }

    #[rstest]
    #[case("../other")]
    #[case("a/b")]
    #[case("")]
    fn refuses_names_that_leave_the_prefix(#[case] name: &str) {
        assert!(Layout::of(&function(name)).is_err());
    }

    #[test]
    fn refuses_uploads_of_others() {
        assert!(Layout::upload("shop", "../bank/a.jar").is_err());
        assert_eq!(
            Layout::upload("shop", "v1/a.jar").map(|key| key.to_string()),
            Ok("uploads/shop/v1/a.jar".to_owned())
        );
    }

    #[rstest]
    #[case("uid-07")]
    #[case("uid-")]
    #[case("7")]
    #[case("-7")]
    fn refuses_other_identities(#[case] text: &str) {
        assert_eq!(text.parse::<Identity>(), Err(InvalidKey));
    }
}
