//! Condition types and their reasons: a closed, documented set. Generated docs list them; messages are sentences beside them.

/// Condition types of a Function, all present from the first visit.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ConditionType {
    /// Something serves the function.
    Ready,
    /// The jar is stored and its handler known.
    SourceResolved,
    /// The build that is needed now is committed.
    Built,
    /// Enough profiles are merged.
    ProfilesSufficient,
    /// The target stage is reached.
    Optimized,
    /// Something is being done.
    Progressing,
    /// Only the user can help.
    Stalled,
}

impl ConditionType {
    /// All, in the order they are written.
    pub const ALL: [Self; 7] = [
        Self::Ready,
        Self::SourceResolved,
        Self::Built,
        Self::ProfilesSufficient,
        Self::Optimized,
        Self::Progressing,
        Self::Stalled,
    ];

    /// As it stands in `status.conditions[].type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::SourceResolved => "SourceResolved",
            Self::Built => "Built",
            Self::ProfilesSufficient => "ProfilesSufficient",
            Self::Optimized => "Optimized",
            Self::Progressing => "Progressing",
            Self::Stalled => "Stalled",
        }
    }
}
