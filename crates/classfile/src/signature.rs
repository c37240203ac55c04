//! Owns generic class signatures, as far as the type arguments of `Function` are in question.

use crate::contract::Kind;

const FUNCTION: &str = "Ljava/util/function/Function<";

/// The kind of values that a class's `Function` interface takes and gives, if both are the same known kind.
pub(crate) fn function_kind(signature: &str) -> Option<Kind> {
    let interface = top_level_types(skip_type_parameters(signature)?).find(|part| part.starts_with(FUNCTION))?;
    let arguments = interface.strip_prefix(FUNCTION)?.strip_suffix(">;")?;
    let mut kinds = top_level_types(arguments).map(kind);
    match (kinds.next()??, kinds.next()??, kinds.next()) {
        (takes, gives, None) if takes == gives => Some(takes),
        _ => None,
    }
}

fn kind(text: &str) -> Option<Kind> {
    match text {
        "Ljava/util/Map;" => Some(Kind::Map),
        "Ljava/lang/String;" => Some(Kind::String),
        "[B" => Some(Kind::Bytes),
        _ if text.starts_with("Ljava/util/Map<") && text.ends_with(">;") => Some(Kind::Map),
        _ => None,
    }
}

/// Skips `<T:Ljava/lang/Object;>` in front of the superclass.
fn skip_type_parameters(signature: &str) -> Option<&str> {
    if !signature.starts_with('<') {
        return Some(signature);
    }
    let mut depth = 0_usize;
    for (index, byte) in signature.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return signature.get(index + 1..);
        }
    }
    None
}

/// Splits a row of types. A malformed rest comes as one part, which nothing matches.
fn top_level_types(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (part, tail) = rest.split_at_checked(type_length(rest)).unwrap_or((rest, ""));
        rest = tail;
        Some(part)
    })
}

fn type_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut prefix = true;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            // Array dimensions and wildcard bounds precede a type.
            b'[' | b'+' | b'-' if prefix => continue,
            b'L' | b'T' if prefix => {}
            _ if prefix => return index + 1,
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => return index + 1,
            _ => {}
        }
        prefix = false;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::function_kind;
    use crate::contract::Kind;

    fn of(arguments: &str) -> Option<Kind> {
        function_kind(&format!("Ljava/lang/Object;Ljava/util/function/Function<{arguments}>;"))
    }

    #[test]
    fn knows_the_three_kinds() {
        assert_eq!(of("Ljava/lang/String;Ljava/lang/String;"), Some(Kind::String));
        assert_eq!(of("[B[B"), Some(Kind::Bytes));
        assert_eq!(of("Ljava/util/Map;Ljava/util/Map;"), Some(Kind::Map));
        let map = "Ljava/util/Map<Ljava/lang/String;Ljava/lang/Object;>;";
        assert_eq!(of(&format!("{map}{map}")), Some(Kind::Map));
        let nested = "Ljava/util/Map<Ljava/lang/String;Ljava/util/List<[B>;>;";
        assert_eq!(of(&format!("{nested}Ljava/util/Map<**>;")), Some(Kind::Map));
    }

    #[test]
    fn refuses_all_others() {
        assert_eq!(of("Ljava/lang/String;[B"), None);
        assert_eq!(of("[[B[[B"), None);
        assert_eq!(of("TT;TT;"), None);
        assert_eq!(of("+Ljava/lang/String;+Ljava/lang/String;"), None);
        assert_eq!(of("[B"), None);
        assert_eq!(of("[B[B[B"), None);
        assert_eq!(of("Ljava/util/HashMap;Ljava/util/HashMap;"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn finds_the_interface_among_others() {
        let text = "<T:Ljava/lang/Object;>Lcom/Base<TT;>;Ljava/io/Serializable;Ljava/util/function/Function<[B[B>;";
        assert_eq!(function_kind(text), Some(Kind::Bytes));
        assert_eq!(function_kind("Lcom/Base<Ljava/util/function/Function<[B[B>;>;"), None);
        assert_eq!(function_kind("<<<"), None);
        assert_eq!(function_kind("\u{fffd}<\u{fffd}"), None);
    }
}
