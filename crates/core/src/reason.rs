//! Every reason that a condition, a gate, a transition or an Event may have: a closed, documented set.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// One CamelCase word that programs match; the sentence beside it is for people.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What it means, for the generated reference.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

reasons! {
    /// At least one executor that gets requests is ready.
    Serving,
    /// Executors are starting.
    Starting,
    /// An executor that got requests is not ready, and nothing else can take them.
    NoReadyExecutor,
    /// The function's process ends or is not healthy, again and again.
    FunctionCrashes,
    /// An image cannot be pulled.
    ImageUnavailable,
    /// A Secret, a ConfigMap or a key that the environment names is missing.
    EnvironmentMissing,
    /// No node has room for a pod.
    Unschedulable,
    /// Executors cannot fetch what they need from the depot or the store.
    InputUnavailable,
    /// The spec has a value that nothing can be done with.
    InvalidSpec,
    /// The operator's configuration has no toolchain of that name.
    ToolchainUnknown,
    /// An object with a name that is needed belongs to somebody else.
    NameTaken,
    /// An object with a name that is needed is still being removed: mostly one of an earlier Function of this name.
    PredecessorEnding,
    /// The apiserver refused a child.
    ChildRefused,
    /// The jar is stored and its handler known.
    Resolved,
    /// The jar is being fetched and searched.
    Resolving,
    /// The ConfigMap or its key does not exist.
    SourceMissing,
    /// The source cannot be fetched.
    SourceUnavailable,
    /// The operator does not allow this source.
    SourceForbidden,
    /// The bytes are not those that `sha256` names.
    DigestMismatch,
    /// The bytes are not a jar, or one that breaks a limit.
    JarInvalid,
    /// Nothing in the jar can be called.
    NoHandler,
    /// More than one thing in the jar can be called.
    AmbiguousHandler,
    /// The handler that the spec names is not in the jar.
    HandlerNotFound,
    /// The resolve Job failed for a reason that is not the jar's.
    ResolveFailed,
    /// The depot or its store does not answer.
    StoreUnavailable,
    /// The apiserver does not answer.
    ApiUnavailable,
    /// It is not due yet.
    NotStarted,
    /// It is not part of the way to the target.
    NotNeeded,
    /// The compiler runs, or its pod waits for a node.
    Building,
    /// The build ended well and its commit is awaited.
    Committing,
    /// A failed attempt is repeated after a pause.
    Retrying,
    /// The build is in the store.
    Committed,
    /// The compiler ended with an error.
    BuildFailed,
    /// The compiler ran out of memory, twice.
    BuildOutOfMemory,
    /// The compiler did not end in time.
    BuildTimeout,
    /// The compiler ended well and left no executable.
    BuildNoArtifact,
    /// The build was disturbed too often by something that is not its own fault.
    BuildDisrupted,
    /// This edition of GraalVM has no profile-guided optimization.
    PGOUnavailable,
    /// The compiler does not say that it applied the profile.
    PGONotApplied,
    /// The compiler refused the profile.
    ProfileRefused,
    /// The traced executor has not finished its window.
    Tracing,
    /// The reachability metadata is merged.
    MetadataMerged,
    /// An executable met an element that was not registered when it was built; the function is traced anew, now or after a pause.
    MissingRegistration,
    /// Executors of the next stage are not ready yet.
    ExecutorsNotReady,
    /// Executors of the next stage are ready.
    ExecutorsReady,
    /// Not every gateway follows the present routes yet.
    TrafficSettling,
    /// Every gateway follows the present routes.
    TrafficSettled,
    /// Profiles are being collected.
    Collecting,
    /// Profiles arrived and were put in quarantine.
    ProfilesRejected,
    /// Windows ended without a profile.
    ProfilesLost,
    /// There are enough profiles.
    ProfilesSufficient,
    /// Profile-guided optimization is available.
    PGOAvailable,
    /// The target stage is reached.
    TargetReached,
    /// Work towards the target goes on.
    Climbing,
    /// A gate was passed and the next stage took the traffic.
    Promoted,
    /// A new revision was opened.
    RevisionOpened,
    /// The status was lost and was rebuilt from what the Deployments record.
    StatusRebuilt,
    /// Nothing needs the user.
    NotStalled,
    /// The Function is being deleted and its store is purged.
    Deleting,
}

impl Reason {
    /// Reads a recorded word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == text)
    }

    /// Whether it says that something went wrong; waiting is not failing.
    pub const fn is_a_failure(self) -> bool {
        self.is_for_the_user()
            || matches!(
                self,
                Self::NoReadyExecutor
                    | Self::ImageUnavailable
                    | Self::Unschedulable
                    | Self::InputUnavailable
                    | Self::ChildRefused
                    | Self::ResolveFailed
                    | Self::BuildFailed
                    | Self::BuildOutOfMemory
                    | Self::BuildTimeout
                    | Self::BuildNoArtifact
                    | Self::BuildDisrupted
                    | Self::PGONotApplied
                    | Self::ProfileRefused
                    | Self::ProfilesRejected
                    | Self::ProfilesLost
            )
    }

    /// Whether only the user can help while nothing serves.
    pub const fn is_for_the_user(self) -> bool {
        matches!(
            self,
            Self::InvalidSpec
                | Self::ToolchainUnknown
                | Self::NameTaken
                | Self::SourceMissing
                | Self::SourceUnavailable
                | Self::SourceForbidden
                | Self::DigestMismatch
                | Self::JarInvalid
                | Self::NoHandler
                | Self::AmbiguousHandler
                | Self::HandlerNotFound
                | Self::FunctionCrashes
                | Self::EnvironmentMissing
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_one_documented_camel_case_word() {
        for reason in Reason::ALL {
            let word = reason.as_str();
            assert!(
                word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric()),
                "{word}"
            );
            assert!(reason.meaning().ends_with('.'), "{word} is not documented");
            assert_eq!(Reason::parse(word), Some(*reason));
        }
    }
}
