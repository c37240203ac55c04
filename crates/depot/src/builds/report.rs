//! What the compiler says of a build: its JSON report (`-H:BuildOutputJSONFile`) and one line of its log.

use std::io::{BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::Value;

/// The log is read this far, after decompression.
const LOG_BYTES: u64 = 64 << 20;
/// Modes that are recorded, and the length of each.
const MODES: (usize, usize) = (8, 64);

/// The part of the report that is kept.
#[derive(Debug, Default, Deserialize)]
pub(super) struct BuildOutput {
    #[serde(default)]
    general_info: GeneralInfo,
    #[serde(default)]
    resource_usage: ResourceUsage,
}

#[derive(Debug, Default, Deserialize)]
struct GeneralInfo {
    #[serde(default)]
    graal_compiler: GraalCompiler,
}

#[derive(Debug, Default, Deserialize)]
struct GraalCompiler {
    /// A list of modes or null.
    #[serde(default)]
    pgo: Value,
}

#[derive(Debug, Default, Deserialize)]
struct ResourceUsage {
    #[serde(default)]
    memory: Memory,
}

#[derive(Debug, Default, Deserialize)]
struct Memory {
    /// -1 where it is not known.
    #[serde(default)]
    peak_rss_bytes: Option<i64>,
}

impl BuildOutput {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        // A list would be read as the fields in order.
        let object = text.trim_ascii_start().starts_with(b"{");
        object.then(|| serde_json::from_slice(text).ok()).flatten()
    }

    pub(super) fn pgo(&self) -> Vec<String> {
        let modes = self
            .general_info
            .graal_compiler
            .pgo
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let modes = modes.iter().filter_map(Value::as_str).filter(|mode| mode.len() <= MODES.1);
        modes.take(MODES.0).map(str::to_owned).collect()
    }

    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        self.resource_usage
            .memory
            .peak_rss_bytes
            .and_then(|bytes| u64::try_from(bytes).ok())
    }
}

/// Figures of the line `Info: PGO: Profile applicability is 21.74%. Profile relevance is 72.71%.`
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) applicability: Option<f64>,
    pub(super) relevance: Option<f64>,
}

/// Finds the figures in a log, gzip.
pub(super) fn figures(log: &[u8]) -> Figures {
    let mut figures = Figures::default();
    let mut lines = BufReader::new(MultiGzDecoder::new(log).take(LOG_BYTES));
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without end is cut: the one we look for is short.
        match (&mut lines).take(64 << 10).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return figures,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        figures.applicability = percent(&text, "Profile applicability is ").or(figures.applicability);
        figures.relevance = percent(&text, "Profile relevance is ").or(figures.relevance);
    }
}

fn percent(line: &str, lead: &str) -> Option<f64> {
    let (_, rest) = line.split_once(lead)?;
    let (figure, _) = rest.split_once('%')?;
    let figure: f64 = figure.trim().parse().ok()?;
    (0.0..=100.0).contains(&figure).then_some(figure)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use rstest::rstest;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[rstest]
    #[case(r#"{"general_info":{"graal_compiler":{"pgo":["user-provided"]}},"resource_usage":{"memory":{"peak_rss_bytes":7}}}"#, &["user-provided"], Some(7))]
    #[case(r#"{"general_info":{"graal_compiler":{"pgo":null}},"resource_usage":{"memory":{"peak_rss_bytes":-1}}}"#, &[], None)]
    #[case(r"{}", &[], None)]
    fn reads_a_report(#[case] text: &str, #[case] pgo: &[&str], #[case] peak: Option<u64>) {
        let output = BuildOutput::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (output.pgo(), output.peak_memory_bytes()),
            (pgo.iter().map(ToString::to_string).collect(), peak)
        );
    }

    #[test]
    fn refuses_what_is_no_report() {
        assert!(BuildOutput::parse(b"[]").is_none());
        assert!(BuildOutput::parse("[".repeat(100_000).as_bytes()).is_none());
    }

    #[test]
    fn finds_the_figures() {
        let log = gzip("[1/8] Initializing...\n  Info: PGO: Profile applicability is 21.74%. Profile relevance is 72.71%.\nrest");
        assert_eq!(
            figures(&log),
            Figures {
                applicability: Some(21.74),
                relevance: Some(72.71)
            }
        );
    }

    #[test]
    fn a_damaged_log_has_no_figures() {
        assert_eq!(figures(b"\x1f\x8b\x08 not gzip"), Figures::default());
        assert_eq!(
            figures(&gzip("Profile applicability is NaN%. Profile relevance is 1e9%.")),
            Figures::default()
        );
    }
}
