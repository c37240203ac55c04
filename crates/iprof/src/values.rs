//! Owns the meaning of contexts and records: the grammar of the one, the stride and ranges of the other.

use crate::error::{
    ExceedWidthSnafu, MisplaceCallSnafu, MisplaceMonitorSnafu, OutOfRangeSnafu, ParseContextSnafu, Place, Result, WrongStrideSnafu,
};
use crate::form::{Form, Section};
use crate::model::{Frame, stride};

/// An id of the file's own numbering: any 32-bit number.
#[inline]
pub(crate) fn id(number: i64, what: &'static str, place: Place) -> Result<u32> {
    match u32::try_from(number) {
        Ok(id) => Ok(id),
        Err(_) => OutOfRangeSnafu {
            place,
            what,
            end: 1_u64 << 32,
        }
        .fail(),
    }
}

/// Reads `methodId:bci` frames.
pub(crate) fn parse_context(text: &str, form: Form, place: Place, frames: &mut Vec<Frame>) -> Result<()> {
    frames.clear();
    let mut rest = text.as_bytes();
    loop {
        let (method, length) = digits(rest, place)?;
        let method = id(method, "method id", place)?;
        let Some(tail) = rest[length..].strip_prefix(b":") else {
            return ParseContextSnafu { place }.fail();
        };
        let (tail, sign) = match tail.strip_prefix(b"-") {
            Some(tail) => (tail, -1),
            None => (tail, 1),
        };
        let (bci, length) = digits(tail, place)?;
        let Ok(bci) = i32::try_from(sign * bci) else {
            return ExceedWidthSnafu {
                place,
                what: "bytecode index",
            }
            .fail();
        };
        frames.push(Frame { method, bci });
        match tail[length..].split_first() {
            None => return Ok(()),
            Some((byte, tail)) if *byte == form.frame_separator() => rest = tail,
            Some(_) => return ParseContextSnafu { place }.fail(),
        }
    }
}

/// Reads decimal digits; numbers beyond 2^40 stop growing and are refused by their range.
fn digits(text: &[u8], place: Place) -> Result<(i64, usize)> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return ParseContextSnafu { place }.fail();
    }
    let value = text[..length].iter().fold(0_i64, |value, byte| {
        if value > 1 << 40 {
            value
        } else {
            value * 10 + i64::from(byte - b'0')
        }
    });
    Ok((value, length))
}

/// Checks what a section asks of its contexts beyond the grammar.
pub(crate) fn check_context(section: Section, form: Form, frames: &[Frame], place: Place) -> Result<()> {
    match section {
        Section::CallCounts if form == Form::New && frames.first().is_some_and(|frame| frame.bci != 0) => {
            MisplaceCallSnafu { place }.fail()
        }
        Section::Monitors if *frames != [Frame { method: 0, bci: 0 }] => MisplaceMonitorSnafu { place }.fail(),
        _ => Ok(()),
    }
}

/// Checks the stride and ranges of an entry's records.
pub(crate) fn check_records(section: Section, records: &[i64], place: Place) -> Result<()> {
    let length = records.len();
    let expected = match section {
        Section::CallCounts | Section::Samples if length != 1 => "one count",
        Section::InstanceOf | Section::Monitors | Section::VirtualInvokes if !length.is_multiple_of(2) => "pairs of type and count",
        Section::Conditionals if !length.is_multiple_of(3) => "triples of bytecode index, branch and count",
        _ => "",
    };
    if !expected.is_empty() {
        return WrongStrideSnafu { place, length, expected }.fail();
    }
    let stride = stride(section);
    if records.iter().skip(stride - 1).step_by(stride).any(|count| *count < 0) {
        return OutOfRangeSnafu {
            place,
            what: "count",
            end: 1_u64 << 63,
        }
        .fail();
    }
    if section == Section::Conditionals {
        for triple in records.chunks_exact(3) {
            if i32::try_from(triple[0]).is_err() || i32::try_from(triple[1]).is_err() {
                return ExceedWidthSnafu {
                    place,
                    what: "bytecode index or branch",
                }
                .fail();
            }
        }
    }
    Ok(())
}
