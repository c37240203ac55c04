//! Owns the spelling that producers use: compact, keys in one order, no escapes. What is spelled so and lies in the buffer is
//! read here without a detour by tokens; for all else, faults included, nothing is consumed and the general way is taken.

use std::io::Read;

use super::{Reader, Sink};
use crate::digits;
use crate::model::Frame;
use crate::words::{specials, word};

/// The longest entry for which the buffer is filled up.
const AHEAD: usize = 4096;

impl<R: Read, S: Sink> Reader<'_, R, S> {
    /// Reads `{"ctx":"…","records":[…]}` into frames and numbers.
    pub(super) fn read_usual_entry(&mut self) -> bool {
        let offset = self.lexer.offset();
        let window = self.lexer.window(AHEAD);
        // The window may have moved in the buffer, and not in the text.
        let mut cursor = Cursor { text: window, at: 0 };
        let (longest, most) = (self.limits.context_bytes, self.limits.record_values);
        let read = cursor
            .literal(b"{\"ctx\":\"")
            .and_then(|()| cursor.frames(&mut self.frames, longest))
            .and_then(|()| cursor.literal(b"\",\"records\":["))
            .and_then(|()| cursor.numbers(&mut self.numbers, &mut self.starts, offset, most))
            .and_then(|()| cursor.literal(b"}"));
        let length = cursor.at;
        if read.is_some() {
            self.lexer.consume(length);
        }
        read.is_some()
    }

    /// Reads `{"id":…,"name":"…"}`, or with `"signature":[…]` behind the name: the name and numbers into their fields.
    pub(super) fn read_usual_declaration(&mut self, method: bool) -> Option<u32> {
        let offset = self.lexer.offset();
        let window = self.lexer.window(AHEAD);
        let mut cursor = Cursor { text: window, at: 0 };
        cursor.literal(b"{\"id\":")?;
        let (id, length) = digits::number(cursor.text, cursor.at)?;
        let id = u32::try_from(id).ok()?;
        cursor.at += length;
        cursor.literal(b",\"name\":\"")?;
        cursor.string(&mut self.name, self.limits.string_bytes)?;
        if method {
            cursor.literal(b",\"signature\":[")?;
            cursor.numbers(&mut self.numbers, &mut self.starts, offset, self.limits.signature_length)?;
        }
        cursor.literal(b"}")?;
        let length = cursor.at;
        self.lexer.consume(length);
        Some(id)
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline]
    fn literal<const N: usize>(&mut self, literal: &[u8; N]) -> Option<()> {
        let found = self.text.get(self.at..)?.first_chunk::<N>()? == literal;
        self.at += N;
        found.then_some(())
    }

    /// Reads frames up to the quote behind them.
    #[inline]
    fn frames(&mut self, frames: &mut Vec<Frame>, longest: usize) -> Option<()> {
        frames.clear();
        let start = self.at;
        loop {
            let (method, length) = digits::number(self.text, self.at)?;
            self.at += length;
            self.literal(b":")?;
            let negative = *self.text.get(self.at)? == b'-';
            self.at += usize::from(negative);
            let (bci, length) = digits::number(self.text, self.at)?;
            self.at += length;
            let bci = i32::try_from(bci).ok()?;
            frames.push(Frame {
                method: u32::try_from(method).ok()?,
                bci: if negative { -bci } else { bci },
            });
            match self.text.get(self.at)? {
                b'<' => self.at += 1,
                b'"' => return (self.at - start <= longest).then_some(()),
                _ => return None,
            }
        }
    }

    /// Reads numbers up to and including the closing bracket.
    #[inline]
    fn numbers(&mut self, numbers: &mut Vec<i64>, starts: &mut Vec<u32>, offset: u64, most: usize) -> Option<()> {
        numbers.clear();
        starts.clear();
        loop {
            let negative = *self.text.get(self.at)? == b'-';
            starts.push(u32::try_from(offset + self.at as u64).ok()?);
            self.at += usize::from(negative);
            let (number, length) = digits::number(self.text, self.at)?;
            self.at += length;
            let number = number.cast_signed();
            numbers.push(if negative { -number } else { number });
            match self.text.get(self.at)? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return (numbers.len() <= most).then_some(());
                }
                _ => return None,
            }
        }
    }

    /// Reads a string without escapes, and its closing quote.
    #[inline]
    fn string(&mut self, string: &mut String, longest: usize) -> Option<()> {
        let start = self.at;
        loop {
            let special = specials(word(self.text, self.at)?);
            if special == 0 {
                self.at += 8;
                continue;
            }
            let length = special.trailing_zeros() as usize / 8;
            self.at += length;
            break;
        }
        let bytes = &self.text[start..self.at];
        if self.text[self.at] != b'"' || bytes.len() > longest {
            return None;
        }
        self.at += 1;
        string.clear();
        string.push_str(std::str::from_utf8(bytes).ok()?);
        Some(())
    }
}
