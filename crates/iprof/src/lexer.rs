//! Owns the bytes: reads JSON tokens one after the other from a stream.
//!
//! It never recurses, never holds more than one buffer and one token, and knows nothing about profiles. It accepts a subset
//! of what `serde_json` accepts: the grammar in full, but bounded lengths and depth.

use std::io::{ErrorKind, Read};

use crate::error::{EndEarlySnafu, Error, ExceedLimitSnafu, ParseJsonSnafu, Place, Result};
use crate::limits::{DEEPEST, LONGEST, Limits};
use crate::source;

const BUFFER: usize = 64 << 10;

/// The longest text that is kept beside being read.
const KEPT: usize = 64 << 20;

/// Whether the text that is read is kept beside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Text {
    Keep,
    Pass,
}

/// A streaming tokenizer with one byte of look-ahead.
pub(crate) struct Lexer<R> {
    input: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Offset in the stream of the buffer's first byte.
    base: u64,
    allowed: u64,
    input_bytes: u64,
    number_bytes: usize,
    string_bytes: usize,
    depth: u32,
    scratch: Vec<u8>,
    ended: bool,
    /// Met while reading ahead, and told when the bytes before it are consumed.
    fault: Option<Error>,
    /// All that was read, if somebody wants it and it is not too long.
    kept: Option<Vec<u8>>,
}

impl<R: Read> Lexer<R> {
    pub(crate) fn new(input: R, limits: &Limits, text: Text) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            base: 0,
            allowed: limits.bytes.min(LONGEST),
            input_bytes: limits.input_bytes,
            number_bytes: limits.number_bytes,
            string_bytes: limits.string_bytes,
            depth: limits.depth.min(DEEPEST),
            scratch: Vec::new(),
            ended: false,
            fault: None,
            kept: (text == Text::Keep).then(Vec::new),
        }
    }

    /// Bytes consumed so far.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    #[inline]
    fn peek(&mut self) -> Result<Option<u8>> {
        if self.start == self.end && !self.fill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.start]))
    }

    #[inline]
    fn require(&mut self) -> Result<u8> {
        match self.peek()? {
            Some(byte) => Ok(byte),
            None => EndEarlySnafu { offset: self.offset() }.fail(),
        }
    }

    #[inline]
    fn take(&mut self) -> Result<u8> {
        let byte = self.require()?;
        self.start += 1;
        Ok(byte)
    }

    #[cold]
    fn fill(&mut self) -> Result<bool> {
        self.base += self.end as u64;
        self.start = 0;
        self.end = 0;
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => self.receive(),
        }
    }

    /// Reads once, behind what is there.
    fn receive(&mut self) -> Result<bool> {
        let offset = self.base + self.end as u64;
        let length = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(length) => break length,
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => return Err(source::explain(fault, offset, self.input_bytes)),
            }
        };
        self.ended = length == 0;
        if offset + length as u64 > self.allowed {
            return ExceedLimitSnafu {
                place: Place::Byte(self.allowed),
                unit: "bytes",
                allowed: self.allowed,
            }
            .fail();
        }
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(&self.buffer[self.end..self.end + length]);
            if kept.len() > KEPT {
                self.kept = None;
            }
        }
        self.end += length;
        Ok(length > 0)
    }

    /// Shows what lies ahead: at least `least` bytes, unless the text ends before.
    #[inline]
    pub(crate) fn window(&mut self, least: usize) -> &[u8] {
        if self.end - self.start < least && !self.ended && self.fault.is_none() {
            self.read_ahead(least);
        }
        &self.buffer[self.start..self.end]
    }

    #[cold]
    fn read_ahead(&mut self, least: usize) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        while self.end < least && !self.ended && self.fault.is_none() {
            self.fault = self.receive().err();
        }
    }

    /// Consumes what [`Self::window`] showed.
    #[inline]
    pub(crate) fn consume(&mut self, length: usize) {
        self.start += length;
    }

    /// Consumes white space, and tells where the next token stands.
    pub(crate) fn token_offset(&mut self) -> Result<u64> {
        self.next_token()?;
        Ok(self.offset())
    }

    /// All that was read.
    pub(crate) fn into_kept(self) -> Option<Vec<u8>> {
        self.kept
    }

    /// Skips white space and shows the next byte.
    fn next_token(&mut self) -> Result<u8> {
        loop {
            match self.require()? {
                b' ' | b'\t' | b'\n' | b'\r' => self.start += 1,
                byte => return Ok(byte),
            }
        }
    }

    pub(crate) fn refuse<T>(&self, expected: &'static str) -> Result<T> {
        ParseJsonSnafu {
            expected,
            offset: self.offset(),
        }
        .fail()
    }

    /// Consumes one structural byte.
    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        if self.next_token()? != byte {
            return self.refuse(expected);
        }
        self.start += 1;
        Ok(())
    }

    /// Moves to the next element of an array or object, or past its end.
    pub(crate) fn advance(&mut self, first: &mut bool, close: u8) -> Result<bool> {
        let byte = self.next_token()?;
        if byte == close {
            self.start += 1;
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            if byte != b',' {
                return self.refuse("a comma or the end of the list");
            }
            self.start += 1;
            self.next_token()?;
        }
        Ok(true)
    }

    /// Reads a string and hands it out until the next call.
    pub(crate) fn string(&mut self, allowed: usize, unit: &'static str) -> Result<&str> {
        self.scan_string(allowed, unit)?;
        self.text()
    }

    /// The token read last.
    pub(crate) fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.scratch).map_err(|_| Error::ParseJson {
            expected: "UTF-8",
            offset: self.offset(),
        })
    }

    fn scan_string(&mut self, allowed: usize, unit: &'static str) -> Result<()> {
        self.expect(b'"', "a string")?;
        self.scratch.clear();
        let offset = self.offset();
        loop {
            self.require()?;
            let chunk = &self.buffer[self.start..self.end];
            let length = chunk
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .unwrap_or(chunk.len());
            if self.scratch.len() + length > allowed {
                return ExceedLimitSnafu {
                    place: Place::Byte(offset),
                    unit,
                    allowed: allowed as u64,
                }
                .fail();
            }
            self.scratch.extend_from_slice(&chunk[..length]);
            self.start += length;
            if self.start == self.end {
                continue;
            }
            match self.buffer[self.start] {
                b'"' => {
                    self.start += 1;
                    break;
                }
                b'\\' => {
                    self.start += 1;
                    self.escape()?;
                }
                _ => return self.refuse("a printable character"),
            }
        }
        if self.scratch.len() > allowed {
            return ExceedLimitSnafu {
                place: Place::Byte(offset),
                unit,
                allowed: allowed as u64,
            }
            .fail();
        }
        Ok(())
    }

    /// Reads an object's key and the colon behind it.
    pub(crate) fn key(&mut self) -> Result<&str> {
        self.scan_string(self.string_bytes, "bytes in a key")?;
        self.expect(b':', "a colon")?;
        self.text()
    }

    fn escape(&mut self) -> Result<()> {
        let plain = match self.take()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let symbol = self.unicode_escape()?;
                self.scratch.extend_from_slice(symbol.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.refuse("an escape"),
        };
        self.scratch.push(plain);
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<char> {
        let high = self.hexadecimal()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            if self.take()? != b'\\' || self.take()? != b'u' {
                return self.refuse("the second half of a surrogate pair");
            }
            let low = self.hexadecimal()?;
            if !(0xdc00..0xe000).contains(&low) {
                return self.refuse("the second half of a surrogate pair");
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        match char::from_u32(code) {
            Some(symbol) => Ok(symbol),
            None => self.refuse("a character, not half a surrogate pair"),
        }
    }

    fn hexadecimal(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match char::from(self.take()?).to_digit(16) {
                Some(digit) => code = code * 16 + digit,
                None => return self.refuse("four hexadecimal digits"),
            }
        }
        Ok(code)
    }

    /// Reads a whole number that fits in 64 bits with sign. `1.0` and `1e3` are not whole numbers here.
    pub(crate) fn integer(&mut self) -> Result<i64> {
        let negative = self.next_token()? == b'-';
        if negative {
            self.start += 1;
        }
        let leading = self.take()?;
        if !leading.is_ascii_digit() {
            return self.refuse("an integer");
        }
        // Counted downwards: the negative range is the larger one.
        let mut value = -i64::from(leading - b'0');
        while let Some(byte) = self.peek()? {
            match byte {
                b'0'..=b'9' if leading == b'0' => return self.refuse("no leading zero"),
                b'0'..=b'9' => {
                    let digit = i64::from(byte - b'0');
                    value = match value.checked_mul(10).and_then(|tens| tens.checked_sub(digit)) {
                        Some(next) => next,
                        None => return self.refuse("an integer below 2^63"),
                    };
                    self.start += 1;
                }
                b'.' | b'e' | b'E' => return self.refuse("an integer"),
                _ => break,
            }
        }
        if negative {
            return Ok(value);
        }
        match value.checked_neg() {
            Some(positive) => Ok(positive),
            None => self.refuse("an integer below 2^63"),
        }
    }

    /// Makes sure that nothing but white space follows.
    pub(crate) fn finish(&mut self) -> Result<()> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return self.refuse("the end of the profile");
            }
            self.start += 1;
        }
        Ok(())
    }
}

mod skip;
#[cfg(test)]
mod tests;
