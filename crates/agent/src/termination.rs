//! Writes the container's termination message: the only way in which a pod tells the controller why it ended.

use std::{io, path::Path};

use anneal_protocol::termination::{MAX_BYTES, Termination};

/// Writes the message. The kubelet has made the file.
pub(crate) fn write(path: &Path, termination: &Termination) -> io::Result<()> {
    std::fs::write(path, message(termination))
}

/// The message, never longer than what is parsed.
fn message(termination: &Termination) -> String {
    let text = serde_json::to_string(termination).unwrap_or_default();
    match termination {
        Termination::AmbiguousHandler { candidates } if text.len() > MAX_BYTES => {
            let fewer = candidates[..candidates.len().saturating_sub(1)].to_vec();
            message(&Termination::AmbiguousHandler { candidates: fewer })
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_can_be_parsed() {
        let long = vec!["\u{1f600}".repeat(500); 8];
        for termination in [
            Termination::Done,
            Termination::ChildExited { exit: 137 },
            Termination::AmbiguousHandler { candidates: long },
        ] {
            let message = message(&termination);
            let parsed = Termination::parse(&message).unwrap();
            assert_eq!(std::mem::discriminant(&parsed), std::mem::discriminant(&termination));
        }
    }
}
