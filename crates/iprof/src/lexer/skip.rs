//! Owns the way over values that nobody asked for. They are still checked as JSON.

use std::io::Read;

use super::Lexer;
use crate::error::{ExceedLimitSnafu, Place, Result};

impl<R: Read> Lexer<R> {
    /// Reads over any value that stands at `level` containers. Needs one bit per level and no stack.
    pub(crate) fn skip_value(&mut self, level: u32) -> Result<()> {
        let mut depth = level;
        let mut objects: u64 = 0;
        let mut first;
        loop {
            match self.next_token()? {
                open @ (b'{' | b'[') => {
                    self.start += 1;
                    depth += 1;
                    if depth > self.depth {
                        let place = Place::Byte(self.offset());
                        return ExceedLimitSnafu {
                            place,
                            unit: "nested levels",
                            allowed: u64::from(self.depth),
                        }
                        .fail();
                    }
                    objects = objects << 1 | u64::from(open == b'{');
                    first = true;
                }
                b'"' => {
                    self.string(self.string_bytes, "bytes in a string")?;
                    first = false;
                }
                b't' => first = self.literal(b"true")?,
                b'f' => first = self.literal(b"false")?,
                b'n' => first = self.literal(b"null")?,
                _ => first = self.skip_number()?,
            }
            loop {
                if depth == level {
                    return Ok(());
                }
                let object = objects & 1 == 1;
                if self.advance(&mut first, if object { b'}' } else { b']' })? {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                objects >>= 1;
                depth -= 1;
                first = false;
            }
        }
    }

    /// Returns false, the value of "is this the first element" behind it.
    fn literal(&mut self, word: &'static [u8]) -> Result<bool> {
        for &byte in word {
            if self.take()? != byte {
                return self.refuse("true, false or null");
            }
        }
        Ok(false)
    }

    fn skip_number(&mut self) -> Result<bool> {
        self.scratch.clear();
        while let Some(byte @ (b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) = self.peek()? {
            if self.scratch.len() == self.number_bytes {
                let place = Place::Byte(self.offset());
                return ExceedLimitSnafu {
                    place,
                    unit: "characters in a number",
                    allowed: self.number_bytes as u64,
                }
                .fail();
            }
            self.scratch.push(byte);
            self.start += 1;
        }
        let text = std::str::from_utf8(&self.scratch).unwrap_or_default();
        let finite = is_number(text.as_bytes()) && text.parse().is_ok_and(f64::is_finite);
        if finite { Ok(false) } else { self.refuse("a value") }
    }
}

/// The JSON grammar of numbers: Rust's own parser accepts more, such as `+1` and `.5`.
fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent
            .strip_prefix(b"-")
            .or_else(|| exponent.strip_prefix(b"+"))
            .unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}
