//! Owns the manifest: the main section's `Main-Class`.

const LONGEST_NAME: usize = 1024;

/// The main class, with dots, if the manifest names one that could be a class.
pub(crate) fn main_class(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    // The main section ends at the first empty line; a line that starts with a space continues the one before.
    let main_section = text.split("\n\n").next()?.replace("\n ", "");
    let value = main_section.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case("Main-Class").then(|| value.trim().replace('/', "."))
    })?;
    let plain = |symbol: char| !symbol.is_control() && !symbol.is_whitespace() && !";[<>:".contains(symbol);
    (!value.is_empty() && value.len() <= LONGEST_NAME && value.chars().all(plain)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::main_class;

    #[test]
    fn joins_continuation_lines() {
        let text = b"Manifest-Version: 1.0\r\nMAIN-class: com.example.a.very.\r\n long.Name\r\n\r\nName: x\r\n";
        assert_eq!(main_class(text).as_deref(), Some("com.example.a.very.long.Name"));
    }

    #[test]
    fn reads_only_the_main_section() {
        assert_eq!(main_class(b"Manifest-Version: 1.0\n\nName: x\nMain-Class: Evil\n"), None);
    }

    #[test]
    fn refuses_what_cannot_be_a_class() {
        assert_eq!(main_class(b"Main-Class: a b\n"), None);
        assert_eq!(main_class(b"Main-Class:\n"), None);
        assert_eq!(main_class(&[0xff, 0, 0x0a]), None);
    }
}
