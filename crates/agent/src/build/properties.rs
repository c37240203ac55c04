//! Filters the compiler arguments that a jar brings along (`META-INF/native-image/**/native-image.properties`).
//!
//! The compiler obeys them, and some would change where or what it writes. Arguments that describe what the jar's code
//! needs pass; among them are features and build-time initialisation, which run the jar's code in the compiler: the
//! build's pod is fenced like an executor's for that reason. A file with anything else is hidden in a copy of the jar,
//! and what it had that is allowed is given on the command line.

use std::{io, path::Path};

use anneal_classfile::{Jar, JarLimits};
use snafu::{ResultExt, Snafu};

use super::hide;

/// The longest properties file; real ones have some hundred bytes.
const PROPERTIES_BYTES: u64 = 1 << 20;
const FOLDER: &str = "META-INF/native-image/";
const FILE: &str = "native-image.properties";

/// Arguments that pass as they are.
const ALLOWED: [&str; 9] = [
    "--allow-incomplete-classpath",
    "--enable-all-security-services",
    "--enable-http",
    "--enable-https",
    "--install-exit-handlers",
    "--link-at-build-time",
    "--no-fallback",
    "--report-unsupported-elements-at-runtime",
    "-H:+AddAllCharsets",
];

/// Arguments that pass with any value.
const ALLOWED_WITH_VALUE: [&str; 21] = [
    "--add-exports=",
    "--add-opens=",
    "--enable-url-protocols=",
    "--features=",
    "--initialize-at-build-time",
    "--initialize-at-run-time",
    "--link-at-build-time=",
    "--rerun-class-initialization-at-runtime=",
    "-H:ClassInitialization=",
    "-H:DynamicProxyConfigurationResources=",
    "-H:ExcludeResources=",
    "-H:IncludeLocales=",
    "-H:IncludeResourceBundles=",
    "-H:IncludeResources=",
    "-H:JNIConfigurationResources=",
    "-H:ReachabilityMetadataResources=",
    "-H:ReflectionConfigurationResources=",
    "-H:ResourceConfigurationResources=",
    "-H:SerializationConfigurationResources=",
    "-H:SerializationDenyConfigurationResources=",
    "-H:EnableURLProtocols=",
];

/// Why the jar's arguments cannot be judged.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("the jar cannot be read"))]
    ReadJar { source: anneal_classfile::Error },
    #[snafu(display("the jar cannot be copied"))]
    Copy { source: io::Error },
}

/// What is compiled, after the filter.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Filtered {
    /// The filtered copy is to be used.
    pub(crate) is_copied: bool,
    /// Arguments of hidden files that are allowed.
    pub(crate) arguments: Vec<String>,
}

/// Looks into the jar, and writes a copy without the files that must not be obeyed. Blocks.
pub(crate) fn filter(jar: &Path, copy: &Path) -> Result<Filtered, Error> {
    let mut opened = Jar::open(jar, &JarLimits::default()).context(ReadJarSnafu)?;
    let is_properties = |name: &&str| {
        name.strip_prefix(FOLDER)
            .is_some_and(|rest| rest == FILE || rest.ends_with(&format!("/{FILE}")))
    };
    let names: Vec<String> = opened.names().filter(is_properties).map(str::to_owned).collect();
    let mut hidden = Vec::new();
    let mut filtered = Filtered::default();
    for name in names {
        let bytes = opened.read(&name, PROPERTIES_BYTES).context(ReadJarSnafu)?;
        let properties = parse(&bytes.unwrap_or_default());
        let judged = judge(&properties, name.trim_end_matches(FILE).trim_end_matches('/'));
        if judged.is_forbidden {
            tracing::warn!(file = name, "compiler arguments in the jar are not allowed");
            hidden.push(name);
            filtered.arguments.extend(judged.allowed);
        }
    }
    if !hidden.is_empty() {
        hide::hide(jar, copy, &hidden).context(CopySnafu)?;
        filtered.is_copied = true;
    }
    Ok(filtered)
}

struct Judged {
    is_forbidden: bool,
    allowed: Vec<String>,
}

fn judge(properties: &[(String, String)], folder: &str) -> Judged {
    let mut judged = Judged {
        is_forbidden: false,
        allowed: Vec::new(),
    };
    for (key, value) in properties {
        if key != "Args" {
            judged.is_forbidden = true;
            continue;
        }
        for argument in value.split_whitespace() {
            if is_allowed(argument) {
                judged.allowed.push(argument.replace("${.}", folder));
            } else {
                judged.is_forbidden = true;
            }
        }
    }
    judged
}

fn is_allowed(argument: &str) -> bool {
    ALLOWED.contains(&argument) || ALLOWED_WITH_VALUE.iter().any(|allowed| argument.starts_with(allowed))
}

/// Reads Java's properties format. A key that stands twice is there twice: both are judged.
fn parse(bytes: &[u8]) -> Vec<(String, String)> {
    // The format is Latin-1, with escapes for everything else.
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let mut properties = Vec::new();
    for line in logical_lines(&text) {
        let (key, value) = split(&line);
        properties.push((unescape(key), unescape(value)));
    }
    properties
}

/// Joins lines that end in an odd number of backslashes with the next, and leaves comments out.
fn logical_lines(text: &str) -> Vec<String> {
    let blank = [' ', '\t', '\x0c'];
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        let line = line.trim_start_matches(blank);
        if open.is_none() && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let mut whole = open.take().unwrap_or_default();
        whole.push_str(line);
        let backslashes = whole.chars().rev().take_while(|symbol| *symbol == '\\').count();
        if backslashes % 2 == 1 {
            whole.pop();
            open = Some(whole);
        } else {
            lines.push(whole);
        }
    }
    lines.extend(open);
    lines
}

/// Splits at the first `=`, `:` or blank that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (position, symbol) in line.char_indices() {
        match symbol {
            '\\' if !escaped => escaped = true,
            '=' | ':' | ' ' | '\t' | '\x0c' if !escaped => {
                let rest = line[position..].trim_start_matches([' ', '\t', '\x0c']);
                let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
                return (&line[..position], rest.trim_start_matches([' ', '\t', '\x0c']));
            }
            _ => escaped = false,
        }
    }
    (line, "")
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut symbols = text.chars();
    while let Some(symbol) = symbols.next() {
        if symbol != '\\' {
            plain.push(symbol);
            continue;
        }
        match symbols.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\x0c'),
            Some('u') => {
                let digits: String = symbols.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                plain.push(code.unwrap_or('\u{fffd}'));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests;
