//! Finds in what an executable prints that it met an element which was not registered when it was built, and takes the entry for
//! `reachability-metadata.json` out of it.
//!
//! Native executables of GraalVM 25 that were built with `--exact-reachability-metadata` print, as the message of an error or, with
//! `-XX:MissingRegistrationReportingMode=Warn`, without one:
//!
//! ```text
//! …Missing…RegistrationError: Cannot … 'a.B'. To allow this operation, add the following to the 'reflection' section of
//! 'reachability-metadata.json' and rebuild the native image:        (one line with the one above)
//!
//!   {
//!     "type": "a.B"
//!   }
//! ```
//!
//! Entries for lambdas are left out: builders of 25.0.2 end with an internal error at them.
//!
//! What is found is the function's word and no more: the depot checks it as it checks what tracers wrote.

use serde_json::{Map, Value};

/// Bytes of a line that are looked at; the rest of a longer one is skipped.
const LINE: usize = 8 << 10;
/// Bytes of an entry.
const ENTRY: usize = 16 << 10;
const ERROR: &str = "RegistrationError: ";
const BEFORE_SECTION: &str = "add the following to the '";
const AFTER_SECTION: &str = "' section of 'reachability-metadata.json'";
/// The sections that are lists of entries.
const SECTIONS: [&str; 4] = ["reflection", "resources", "jni", "serialization"];

/// An entry of a section of `reachability-metadata.json`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) section: &'static str,
    pub(crate) value: Map<String, Value>,
}

/// Reads a stream in whatever pieces it comes.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    line: Vec<u8>,
    reading: Reading,
}

#[derive(Debug, Default)]
enum Reading {
    /// Anything.
    #[default]
    Output,
    /// An entry of this section, as far as it has come.
    Entry(&'static str, String),
}

impl Scanner {
    /// Takes the next piece; returns the entries that it completes.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Vec<Entry> {
        let mut found = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(self.line.len());
            self.line.extend(part.iter().take(room));
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                found.extend(self.take(String::from_utf8_lossy(&line).trim_end()));
            }
        }
        found
    }

    fn take(&mut self, line: &str) -> Option<Entry> {
        if let Some(section) = announced(line) {
            self.reading = Reading::Entry(section, String::new());
            return None;
        }
        let Reading::Entry(section, text) = &mut self.reading else {
            return None;
        };
        let is_one = text.is_empty() && (line.is_empty() || line.trim_start().starts_with('{'));
        if (text.is_empty() && !is_one) || text.len() + line.len() > ENTRY {
            self.reading = Reading::Output;
            return None;
        }
        text.push_str(line);
        if !line.ends_with('}') {
            return None;
        }
        let entry: Option<Map<String, Value>> = serde_json::from_str(text).ok();
        let section = *section;
        if entry.is_some() {
            self.reading = Reading::Output;
        }
        let is_lambda = |entry: &Map<String, Value>| entry.get("type").is_some_and(|kind| kind.get("lambda").is_some());
        entry.filter(|entry| !is_lambda(entry)).map(|value| Entry { section, value })
    }
}

/// The section that an entry is announced for.
fn announced(line: &str) -> Option<&'static str> {
    let (_, message) = line.split_once(ERROR)?;
    let (_, section) = message.split_once(BEFORE_SECTION)?;
    let (section, _) = section.split_once(AFTER_SECTION)?;
    SECTIONS.into_iter().find(|known| *known == section)
}

#[cfg(test)]
mod tests;
