//! Owns the streams of a command: results go to the output, everything else to the error stream.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{Read, Write};

use serde::Serialize;
use snafu::ResultExt as _;

use super::Format;
use super::error::{Error, PrintSnafu, Result};
use super::table::Table;

/// Whether long work says how far it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// On a terminal.
    Shown,
    /// Everywhere else.
    Hidden,
}

/// Where a command reads and writes.
pub struct Console<'a> {
    pub(super) input: &'a mut dyn Read,
    pub(super) output: &'a mut dyn Write,
    pub(super) errors: &'a mut dyn Write,
    progress: Progress,
    /// Whether the terminal's line shows progress.
    dirty: bool,
}

impl<'a> Console<'a> {
    /// A console on these streams.
    pub fn new(input: &'a mut dyn Read, output: &'a mut dyn Write, errors: &'a mut dyn Write, progress: Progress) -> Self {
        Self {
            input,
            output,
            errors,
            progress,
            dirty: false,
        }
    }

    /// Shows a result.
    pub(super) fn show(&mut self, format: Format, table: impl FnOnce() -> Table, json: &impl Serialize) -> Result<()> {
        self.clear();
        write_result(self.output, format, table, json)
    }

    /// Shows a result on the error stream, because a profile goes to the output.
    pub(super) fn show_aside(&mut self, format: Format, table: impl FnOnce() -> Table, json: &impl Serialize) -> Result<()> {
        self.clear();
        write_result(self.errors, format, table, json)
    }

    /// Says how far the work is, on a terminal.
    pub(super) fn progress(&mut self, step: usize, steps: usize, doing: &str, what: &str) {
        if self.progress == Progress::Shown {
            self.dirty = true;
            // A terminal that takes no progress is no reason to stop the work.
            write!(self.errors, "\r\x1b[K{doing} {step}/{steps} {}", printable(what)).unwrap_or_default();
            self.errors.flush().unwrap_or_default();
        }
    }

    /// Removes the line that shows progress.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.dirty) {
            write!(self.errors, "\r\x1b[K").unwrap_or_default();
        }
    }

    /// Says why the command failed, with all reasons in one line.
    pub(super) fn complain(&mut self, error: &Error) {
        self.clear();
        writeln!(self.errors, "error: {}", printable(&chain(error))).unwrap_or_default();
    }
}

fn write_result(stream: &mut dyn Write, format: Format, table: impl FnOnce() -> Table, json: &impl Serialize) -> Result<()> {
    let mut text = match format {
        Format::Table => table().to_string(),
        // Our views are structs with string keys and finite numbers: their serialization cannot fail.
        Format::Json => serde_json::to_string_pretty(json).unwrap_or_default() + "\n",
    };
    if format == Format::Table && !text.ends_with('\n') {
        text.push('\n');
    }
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).context(PrintSnafu)
}

/// An error with its sources in one line.
pub(super) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a string cannot fail.
        write!(text, ": {error}").unwrap_or_default();
        source = error.source();
    }
    text
}

/// Text of a file or a file's name, without what would steer a terminal.
pub(super) fn printable(text: &str) -> String {
    let is_safe = |symbol: char| !symbol.is_control() && !is_direction(symbol);
    text.chars()
        .map(|symbol| if is_safe(symbol) { symbol } else { char::REPLACEMENT_CHARACTER })
        .collect()
}

/// Marks that change the order in which a terminal shows what follows.
fn is_direction(symbol: char) -> bool {
    matches!(symbol, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_in_a_name_steers_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{202e}c\u{9b}ü"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}ü");
    }
}
