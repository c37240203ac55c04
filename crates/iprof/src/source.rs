//! Owns the way in: counts the bytes that arrive and unpacks gzip.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Chain, Cursor, ErrorKind, Read};

use flate2::read::MultiGzDecoder;

use crate::error::{Error, Place};
use crate::limits::Limits;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A profile's text, plain or unpacked on the way.
pub(crate) enum Source<R> {
    Plain(Arrived<R>),
    Packed(Box<MultiGzDecoder<Arrived<R>>>),
}

type Arrived<R> = Chain<Cursor<Vec<u8>>, Bounded<R>>;

impl<R: Read> Source<R> {
    pub(crate) fn open(input: R, limits: &Limits) -> io::Result<Self> {
        let mut input = Bounded {
            input,
            left: limits.input_bytes,
        };
        let mut start = Vec::with_capacity(GZIP.len());
        while start.len() < GZIP.len() {
            let mut byte = [0];
            match input.read(&mut byte) {
                Ok(0) => break,
                Ok(_) => start.push(byte[0]),
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        let packed = start == GZIP;
        let arrived = Cursor::new(start).chain(input);
        Ok(if packed {
            Self::Packed(Box::new(MultiGzDecoder::new(arrived)))
        } else {
            Self::Plain(arrived)
        })
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(buffer),
            Self::Packed(input) => input.read(buffer),
        }
    }
}

/// Fails, unlike [`Read::take`], when more arrives than allowed: a cut must not look like an end.
pub(crate) struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.left = self.left.checked_sub(length as u64).ok_or_else(|| io::Error::other(TooMuchInput))?;
        Ok(length)
    }
}

/// Tells a bound of ours from a fault of the source.
pub(crate) fn explain(fault: io::Error, offset: u64, allowed: u64) -> Error {
    if fault.get_ref().and_then(|cause| cause.downcast_ref::<TooMuchInput>()).is_some() {
        return Error::ExceedLimit {
            place: Place::Byte(offset),
            unit: "bytes of input",
            allowed,
        };
    }
    Error::ReadInput { source: fault, offset }
}

/// Travels through the decompressor as the cause of an [`io::Error`].
#[derive(Debug)]
struct TooMuchInput;

impl fmt::Display for TooMuchInput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("more bytes arrive than allowed")
    }
}

impl StdError for TooMuchInput {}
