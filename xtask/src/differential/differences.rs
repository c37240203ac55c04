//! The differences that are known, each with its reason.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::programs::Outcome;

/// All of them, by program.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Differences(BTreeMap<String, Difference>);

/// How a program differs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    /// Lines of the JVM that the executable does not print.
    jvm: Vec<String>,
    /// Lines of the executable that the JVM does not print.
    native: Vec<String>,
    /// Why.
    pub(crate) reason: String,
    /// What somebody does whose program needs it.
    pub(crate) advice: String,
}

impl Differences {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not a list of differences", path.display()))
    }

    /// The difference that a program is known to have.
    pub(crate) fn of(&self, program: &str) -> Option<&Difference> {
        self.0.get(program)
    }

    /// Whether a program differs exactly as it is known to.
    pub(crate) fn judge(&self, program: &str, jvm: &Outcome, native: &Outcome) -> Result<(), String> {
        let (only_jvm, only_native) = (without(&jvm.lines, &native.lines), without(&native.lines, &jvm.lines));
        let nothing = Vec::new();
        let (known_jvm, known_native) = self.of(program).map_or((&nothing, &nothing), |known| (&known.jvm, &known.native));
        if (&only_jvm, &only_native) == (known_jvm, known_native) && (self.of(program).is_some() || jvm == native) {
            return Ok(());
        }
        if jvm == native {
            return Err("it is listed as different, and no longer is".to_owned());
        }
        let shown = serde_json::json!({"jvm": only_jvm, "native": only_native});
        Err(format!("it differs: {shown}"))
    }
}

/// The lines of one that another does not have as often, in their order.
fn without(lines: &[String], other: &[String]) -> Vec<String> {
    let mut left = other.to_vec();
    let is_new = |line: &&String| match left.iter().position(|one| one == *line) {
        Some(index) => {
            left.swap_remove(index);
            false
        }
        None => true,
    };
    lines.iter().filter(is_new).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(lines: &[&str]) -> Outcome {
        Outcome {
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    #[test]
    fn a_difference_is_known_only_line_by_line() {
        let text = r#"{"p": {"jvm": ["a"], "native": ["b", "c"], "reason": "r", "advice": "d"}}"#;
        let known: Differences = serde_json::from_str(text).unwrap();
        let jvm = outcome(&["same", "a"]);
        assert_eq!(known.judge("p", &jvm, &outcome(&["same", "b", "c"])), Ok(()));
        assert!(known.judge("p", &jvm, &outcome(&["same", "b"])).is_err(), "a line less");
        assert!(known.judge("p", &jvm, &jvm).unwrap_err().contains("no longer"));
        assert_eq!(known.judge("other", &jvm, &jvm), Ok(()));
        assert!(known.judge("other", &jvm, &outcome(&["a", "same"])).is_err(), "the order counts");
        assert!(known.judge("other", &jvm, &outcome(&["same", "a", "a"])).is_err());
    }
}
