//! What an answer must be.

use serde::Deserialize;
use serde_json::Value;

/// Conditions on an answer; all that are given must hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Expectation {
    status: u16,
    body_equals: Option<String>,
    body_contains: Option<String>,
    json_pointer_equals: Option<PointerEquals>,
}

#[derive(Clone, Debug, Deserialize)]
struct PointerEquals {
    pointer: String,
    value: Value,
}

/// What an answer was.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// As expected, after so many retries inside the gateway.
    Passed {
        /// Retries.
        retries: u64,
    },
    /// Not as expected, and how.
    Failed(String),
}

impl Expectation {
    /// Compares an answer with it.
    pub(crate) fn judge(&self, status: u16, body: &[u8], retries: u64) -> Verdict {
        let text = String::from_utf8_lossy(body);
        let shown: String = text.chars().take(200).collect();
        if status != self.status {
            return Verdict::Failed(format!("status {status}: {shown}"));
        }
        let equal = self.body_equals.as_ref().is_none_or(|expected| *expected == text);
        let contained = self.body_contains.as_ref().is_none_or(|expected| text.contains(expected.as_str()));
        let pointed = self.json_pointer_equals.as_ref().is_none_or(|expected| {
            serde_json::from_slice::<Value>(body).is_ok_and(|value| value.pointer(&expected.pointer) == Some(&expected.value))
        });
        if equal && contained && pointed {
            Verdict::Passed { retries }
        } else {
            Verdict::Failed(format!("wrong body: {shown}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_passes_only_when_every_condition_holds() {
        let expectation: Expectation =
            serde_json::from_value(json!({"status": 200, "bodyContains": "b", "jsonPointerEquals": {"pointer": "/a", "value": "b"}}))
                .unwrap();
        assert_eq!(expectation.judge(200, br#"{"a":"b"}"#, 2), Verdict::Passed { retries: 2 });
        for (status, body) in [(500, r#"{"a":"b"}"#), (200, r#"{"a":"c"}"#), (200, "b"), (200, "")] {
            assert!(
                matches!(expectation.judge(status, body.as_bytes(), 0), Verdict::Failed(_)),
                "{status} {body}"
            );
        }
    }
}
