//! Reads what this crate needs of the compiler's own report. The depot reads the rest.

use std::{io::Read, path::Path};

use serde::Deserialize;

use crate::digest::open_regular;

/// The largest report that is read; real ones have some kilobytes.
const REPORT_BYTES: u64 = 4 << 20;

/// What the compiler reports of itself.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) struct Report {
    #[serde(default)]
    general_info: GeneralInfo,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
struct GeneralInfo {
    #[serde(default)]
    graal_compiler: GraalCompiler,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
struct GraalCompiler {
    #[serde(default)]
    pgo: Option<Vec<String>>,
}

impl Report {
    /// Reads the file; `None` if there is none or it is not a report.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let mut text = Vec::new();
        let file = open_regular(path).ok()?;
        file.take(REPORT_BYTES + 1).read_to_end(&mut text).ok()?;
        if text.len() as u64 > REPORT_BYTES {
            return None;
        }
        serde_json::from_slice(&text).ok()
    }

    /// Whether a given profile was used.
    pub(crate) fn has_applied_profile(&self) -> bool {
        let pgo = self.general_info.graal_compiler.pgo.as_deref();
        pgo.is_some_and(|pgo| pgo.iter().any(|word| word == "user-provided"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str) -> Option<bool> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json");
        std::fs::write(&file, text).unwrap();
        Report::read(&file).map(|report| report.has_applied_profile())
    }

    #[test]
    fn only_a_given_profile_counts() {
        let with = |pgo: &str| {
            let compiler = format!("{{\"optimization_level\": \"2\", \"pgo\": {pgo}}}");
            applied(&format!("{{\"general_info\": {{\"graal_compiler\": {compiler}}}}}"))
        };
        assert_eq!(with("[\"user-provided\"]"), Some(true));
        assert_eq!(with("[\"ML-inferred\"]"), Some(false));
        assert_eq!(with("[\"instrument\"]"), Some(false));
        assert_eq!(with("null"), Some(false));
        assert_eq!(applied("{}"), Some(false));
    }

    #[test]
    fn what_is_not_a_report_is_none() {
        assert_eq!(applied("user-provided"), None);
        assert_eq!(applied(&"[".repeat(1 << 16)), None);
    }
}
