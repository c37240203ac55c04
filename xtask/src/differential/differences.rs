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
        let (common_jvm, only_jvm) = split(&jvm.lines, &native.lines);
        let (common_native, only_native) = split(&native.lines, &jvm.lines);
        let nothing = Vec::new();
        let (known_jvm, known_native) = self.of(program).map_or((&nothing, &nothing), |known| (&known.jvm, &known.native));
        if (&only_jvm, &only_native, &common_jvm) == (known_jvm, known_native, &common_native)
            && (self.of(program).is_some() || jvm == native)
        {
            return Ok(());
        }
        if jvm == native {
            return Err("it is listed as different, and no longer is".to_owned());
        }
        if (&only_jvm, &only_native) == (known_jvm, known_native) {
            return Err(format!("its lines have another order: {}", jvm.compare(native)));
        }
        let shown = serde_json::json!({"jvm": only_jvm, "native": only_native});
        Err(format!("it differs: {shown}"))
    }
}

/// The lines of one that another has as often, and those that it does not have, each in their order.
fn split(lines: &[String], other: &[String]) -> (Vec<String>, Vec<String>) {
    let mut left = other.to_vec();
    let is_common = |line: &String| match left.iter().position(|one| one == line) {
        Some(index) => {
            left.swap_remove(index);
            true
        }
        None => false,
    };
    lines.iter().cloned().partition(is_common)
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
        let more = outcome(&["same", "more", "a"]);
        assert_eq!(known.judge("p", &more, &outcome(&["same", "more", "b", "c"])), Ok(()));
        assert!(
            known.judge("p", &more, &outcome(&["more", "same", "b", "c"])).is_err(),
            "the common lines are in order"
        );
        assert_eq!(known.judge("other", &jvm, &jvm), Ok(()));
        assert!(known.judge("other", &jvm, &outcome(&["a", "same"])).is_err(), "the order counts");
        assert!(known.judge("other", &jvm, &outcome(&["same", "a", "a"])).is_err());
    }
}
