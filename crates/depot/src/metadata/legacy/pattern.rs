//! Owns the resource patterns of older files: regular expressions, of which only literal text has a glob.

/// Characters that mean something else than themselves in a regular expression.
const REGEX: &str = r"\^$.|?*+()[]{}";
/// Characters that mean something else than themselves in a glob.
const GLOB: &str = "*?[]{}";

/// What a pattern without any freedom names.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Literal {
    pub(super) module: Option<String>,
    /// Absent: the root itself.
    pub(super) glob: Option<String>,
}

/// Reads a pattern, if it is literal text.
pub(super) fn literal(pattern: &str) -> Option<Literal> {
    let is_module = |name: &str| !name.is_empty() && name.chars().all(|symbol| symbol.is_alphanumeric() || "._+-".contains(symbol));
    let (module, pattern) = match pattern.split_once(':') {
        Some((module, rest)) if is_module(module) => (Some(module.to_owned()), rest),
        _ => (None, pattern),
    };
    let text = unquote(pattern)?;
    // A path has no empty parts, and no glob ends with a slash.
    let path: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    let glob = (!path.is_empty()).then(|| escape(&path.join("/")));
    Some(Literal { module, glob })
}

/// The text that the pattern matches, if it matches one alone.
fn unquote(mut pattern: &str) -> Option<String> {
    let mut text = String::new();
    while !pattern.is_empty() {
        if let Some(quoted) = pattern.strip_prefix(r"\Q") {
            let (literal, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
            text.push_str(literal);
            pattern = rest;
            continue;
        }
        let escaped = pattern.strip_prefix('\\');
        let symbol = escaped.unwrap_or(pattern).chars().next()?;
        let is_literal = if escaped.is_some() {
            // Letters and digits behind a backslash are classes and references.
            !symbol.is_alphanumeric()
        } else {
            !REGEX.contains(symbol)
        };
        if !is_literal {
            return None;
        }
        text.push(symbol);
        pattern = escaped.unwrap_or(pattern).get(symbol.len_utf8()..)?;
    }
    // A glob cannot name a backslash: it escapes with it.
    (!text.contains('\\')).then_some(text)
}

fn escape(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    for symbol in text.chars() {
        if GLOB.contains(symbol) {
            glob.push('\\');
        }
        glob.push(symbol);
    }
    glob
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Literal, literal};

    #[rstest]
    #[case(r"\QMETA-INF/services/a.B\E", None, Some("META-INF/services/a.B"))]
    #[case(r"java.base:\Qsun/x.properties\E", Some("java.base"), Some("sun/x.properties"))]
    #[case(r"\Qa:b\E", None, Some("a:b"))]
    #[case(r"\Qa\E/b\.txt", None, Some("a/b.txt"))]
    #[case(r"\Qa[1]*/b\E", None, Some(r"a\[1\]\*/b"))]
    #[case(r"\Q/a//b/\E", None, Some("a/b"))]
    #[case(r"\Q\E", None, None)]
    #[case("", None, None)]
    fn literal_text_has_a_glob(#[case] pattern: &str, #[case] module: Option<&str>, #[case] glob: Option<&str>) {
        let [module, glob] = [module, glob].map(|text| text.map(str::to_owned));
        assert_eq!(literal(pattern), Some(Literal { module, glob }));
    }

    #[rstest]
    #[case(r".*\.txt")]
    #[case("a.txt")]
    #[case(r"\Qa\E.*\Qb\E")]
    #[case(r"a\d")]
    #[case("(a|b)")]
    #[case(r"a\\b")]
    #[case(r"a\")]
    fn a_pattern_with_freedom_has_none(#[case] pattern: &str) {
        assert_eq!(literal(pattern), None);
    }
}
