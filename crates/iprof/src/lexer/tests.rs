use serde_json::Value;

use super::{Lexer, Text};
use crate::limits::Limits;

/// Reads over one value and nothing else.
fn skips(text: &[u8]) -> bool {
    let mut lexer = Lexer::new(text, &Limits::default(), Text::Pass);
    lexer.skip_value(0).and_then(|()| lexer.finish()).is_ok()
}

fn string(text: &str) -> Option<String> {
    let mut lexer = Lexer::new(text.as_bytes(), &Limits::default(), Text::Pass);
    let string = lexer.string(1000, "bytes").ok()?.to_owned();
    lexer.finish().is_ok().then_some(string)
}

fn integer(text: &str) -> Option<i64> {
    let mut lexer = Lexer::new(text.as_bytes(), &Limits::default(), Text::Pass);
    let number = lexer.integer().ok()?;
    lexer.finish().is_ok().then_some(number)
}

const VALUES: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "10",
    "01",
    "-01",
    "1.",
    ".5",
    "1.5",
    "-1.50",
    "1e3",
    "1E+3",
    "1e-3",
    "1e",
    "1e+",
    "+1",
    "--1",
    "1e400",
    "-1e400",
    "1e-400",
    "NaN",
    "Infinity",
    "0x1",
    "1_000",
    "true",
    "false",
    "null",
    "tru",
    "True",
    "nul",
    "nulll",
    "\"\"",
    "\"a",
    "a\"",
    "\"\\u0041\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83d\\u0041\"",
    "\"\\u12\"",
    "\"\\x41\"",
    "\"\\\"",
    "\"\t\"",
    "\"\\t\"",
    "\"\u{7f}\"",
    "\"\u{0}\"",
    "[]",
    "[1]",
    "[1,2]",
    "[1,]",
    "[,1]",
    "[,]",
    "[1 2]",
    "[",
    "]",
    "[1",
    "[[]",
    "[]]",
    "{}",
    "{\"a\":1}",
    "{\"a\":1,\"b\":2}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{a:1}",
    "{1:1}",
    "{\"a\":1 \"b\":2}",
    "{",
    "}",
    "{]",
    "[}",
    "{\"a\":[}]",
    "[{]}",
    " [ { \"a\" : [ 1 , null ] } ] ",
    "",
    " ",
    "1 2",
    "\u{feff}1",
    "/**/1",
    "1//",
];

#[test]
fn judges_values_as_serde_json_does() {
    for text in VALUES {
        assert_eq!(skips(text.as_bytes()), serde_json::from_str::<Value>(text).is_ok(), "{text:?}");
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xc3\"", b"\"\xed\xa0\x80\"", b"\"\xf5\x80\x80\x80\"", b"\xff"] {
        assert!(!skips(bytes), "{bytes:?}");
    }
}

#[test]
fn decodes_strings() {
    assert_eq!(string(r#""plain""#).as_deref(), Some("plain"));
    assert_eq!(
        string(r#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00""#).as_deref(),
        Some("\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1f600}")
    );
    assert_eq!(string("\"é😀\"").as_deref(), Some("é😀"));
    let long = format!("\"{}\"", "x".repeat(1001));
    assert_eq!(string(&long), None);
    let escaped = format!("\"{}\"", "\\n".repeat(1001));
    assert_eq!(string(&escaped), None);
    assert_eq!(string(&format!("\"{}\"", "\\n".repeat(1000))).map(|text| text.len()), Some(1000));
}

#[test]
fn decodes_integers() {
    for number in [0, 1, -1, 42, i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1] {
        assert_eq!(integer(&number.to_string()), Some(number));
    }
    for text in [
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
        "00",
        "-",
        "1.0",
        "1e1",
        "1E1",
        "a",
    ] {
        assert_eq!(integer(text), None, "{text}");
    }
    assert_eq!(integer("-0"), Some(0));
}

#[test]
fn stops_at_the_deepest_level() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(skips(nested(16).as_bytes()));
    assert!(!skips(nested(17).as_bytes()));
    let deeper = Limits {
        depth: u32::MAX,
        ..Limits::default()
    };
    let text = nested(100);
    let mut lexer = Lexer::new(text.as_bytes(), &deeper, Text::Pass);
    assert!(lexer.skip_value(0).is_err());
}

#[test]
fn reads_tokens_across_the_ends_of_reads() {
    struct Drip<'a>(&'a [u8]);
    impl std::io::Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.0.len().min(1).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }
    let text = r#" [ "a\u00e9\n😀" , -120 , {"k":[true,false,null,1.5e3]} ] "#;
    let mut lexer = Lexer::new(Drip(text.as_bytes()), &Limits::default(), Text::Pass);
    assert!(lexer.skip_value(0).and_then(|()| lexer.finish()).is_ok());
    assert_eq!(lexer.offset(), text.len() as u64);
}
