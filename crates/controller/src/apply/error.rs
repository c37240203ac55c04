//! Why the cluster does not look as it shall, and what the Function says of it.

use anneal_core::reason::Reason;
use snafu::Snafu;

use crate::{build::Kind, scale};

/// Why the cluster does not look as it shall.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(super)))]
pub enum Error {
    /// A name that is needed belongs to an object that is not this Function's.
    #[snafu(display("{kind:?} {name:?} belongs to somebody else"))]
    NameTaken {
        /// Kind.
        kind: Kind,
        /// Name.
        name: String,
    },
    /// A name that is needed belongs to an object of an earlier Function of this name, or to one that is being deleted.
    #[snafu(display("{kind:?} {name:?} is still being removed"))]
    Ending {
        /// Kind.
        kind: Kind,
        /// Name.
        name: String,
    },
    /// The apiserver refuses an object for what it is.
    #[snafu(display("{verb} {kind:?} {name:?}"))]
    Refused {
        /// What was tried.
        verb: &'static str,
        /// Kind.
        kind: Kind,
        /// Name.
        name: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// The apiserver does not answer, or not now.
    #[snafu(display("{verb} {kind:?} {name:?}"))]
    Api {
        /// What was tried.
        verb: &'static str,
        /// Kind.
        kind: Kind,
        /// Name.
        name: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// An object has no uid.
    #[snafu(display("{kind:?} {name:?} came without a uid"))]
    NoUid {
        /// Kind.
        kind: Kind,
        /// Name.
        name: String,
    },
    /// Replicas cannot be set.
    #[snafu(display("scale {name:?}"))]
    Scale {
        /// Deployment.
        name: String,
        /// Why.
        source: scale::Error,
    },
    /// The depot cannot be told of a rejected build.
    #[snafu(display("reject build {key}"))]
    Reject {
        /// Build key.
        key: String,
        /// Why.
        source: crate::depot::Error,
    },
}

impl Error {
    /// What the Function says of it.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NameTaken { .. } => Reason::NameTaken,
            Self::Ending { .. } => Reason::PredecessorEnding,
            Self::Refused { .. } => Reason::ChildRefused,
            Self::Api { .. } | Self::NoUid { .. } | Self::Scale { .. } => Reason::ApiUnavailable,
            Self::Reject { .. } => Reason::StoreUnavailable,
        }
    }

    /// One sentence for the Function; nothing that a tenant or the apiserver wrote.
    pub fn sentence(&self) -> String {
        match self {
            Self::NameTaken { kind, name } => format!("{kind:?} {name} exists and does not belong to this Function: rename one of them."),
            Self::Ending { kind, name } => {
                format!("{kind:?} {name} is not this Function's and is still being removed; then it is made anew.")
            }
            Self::Refused { kind, name, .. } => format!("The apiserver refuses {kind:?} {name}."),
            Self::Api { kind, name, .. } | Self::NoUid { kind, name } => {
                format!("The apiserver does not take {kind:?} {name} at the moment.")
            }
            Self::Scale { name, .. } => format!("The apiserver does not scale Deployment {name} at the moment."),
            Self::Reject { .. } => "The depot does not record a rejected build at the moment.".to_owned(),
        }
    }
}

/// The apiserver's refusals that another attempt will not change are told apart from its outages.
pub(super) fn failure(verb: &'static str, kind: Kind, name: &str, error: kube::Error) -> Error {
    let permanent = matches!(&error, kube::Error::Api(status) if [400, 403, 422].contains(&status.code));
    let (name, source) = (name.to_owned(), Box::new(error));
    if permanent {
        Error::Refused { verb, kind, name, source }
    } else {
        Error::Api { verb, kind, name, source }
    }
}
