//! The rungs of the ladder and the letters that stand for them in names.

/// A rung of the ladder, in climbing order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// The JVM, one executor traced.
    HotspotAgent,
    /// The JVM.
    Hotspot,
    /// A native executable.
    Native,
    /// A native executable that counts, beside the plain one.
    PgoInstrumented,
    /// A native executable optimized with the merged profile.
    PgoOptimized,
}

impl Stage {
    /// All rungs, lowest first.
    pub const ALL: [Self; 5] = [
        Self::HotspotAgent,
        Self::Hotspot,
        Self::Native,
        Self::PgoInstrumented,
        Self::PgoOptimized,
    ];

    /// As it stands in the resource and in sentences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HotspotAgent => "HotspotAgent",
            Self::Hotspot => "Hotspot",
            Self::Native => "Native",
            Self::PgoInstrumented => "PgoInstrumented",
            Self::PgoOptimized => "PgoOptimized",
        }
    }

    /// The letter in names and labels.
    pub const fn code(self) -> Code {
        Code::Stage(self)
    }

    /// The rung above; none above the last.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::HotspotAgent => Some(Self::Hotspot),
            Self::Hotspot => Some(Self::Native),
            Self::Native => Some(Self::PgoInstrumented),
            Self::PgoInstrumented => Some(Self::PgoOptimized),
            Self::PgoOptimized => None,
        }
    }

    /// Whether its executors run a built executable, so that a build Job and an artifact belong to it.
    pub const fn is_built(self) -> bool {
        matches!(self, Self::Native | Self::PgoInstrumented | Self::PgoOptimized)
    }

    /// Whether its executors collect in windows and so never are `stable`.
    pub const fn has_windows(self) -> bool {
        matches!(self, Self::HotspotAgent | Self::PgoInstrumented)
    }
}

/// The letter of a piece of work in the names of Jobs and in labels.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Code {
    /// `r`: fetching the jar and finding its handler.
    Resolve,
    /// `a h n i o`.
    Stage(Stage),
}

impl Code {
    /// The letter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "r",
            Self::Stage(Stage::HotspotAgent) => "a",
            Self::Stage(Stage::Hotspot) => "h",
            Self::Stage(Stage::Native) => "n",
            Self::Stage(Stage::PgoInstrumented) => "i",
            Self::Stage(Stage::PgoOptimized) => "o",
        }
    }

    /// Reads a letter; anything else is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "r" {
            Some(Self::Resolve)
        } else {
            Stage::ALL.into_iter().map(Stage::code).find(|code| code.as_str() == text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_one_letter_and_is_read_back() {
        for code in Stage::ALL.into_iter().map(Stage::code).chain([Code::Resolve]) {
            assert_eq!(code.as_str().len(), 1);
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(Code::parse("x"), None);
    }

    #[test]
    fn the_ladder_is_climbed_rung_by_rung() {
        for pair in Stage::ALL.windows(2) {
            assert_eq!(pair[0].next(), Some(pair[1]));
            assert!(pair[0] < pair[1]);
        }
    }
}
