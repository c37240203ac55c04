//! What a depot and the process that folds for it say to each other, over the process's standard input and output.
//!
//! A frame is a kind, a length and that many bytes. Each question has one answer; both sides bound what they read.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// A kind and a length.
pub(super) const HEADER: usize = 9;
/// The largest answer but a merge's bytes.
pub(super) const SMALL: u64 = 64 << 10;

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Question: hold nothing.
    Begin = 1,
    /// Question: hold the merge with this state.
    Resume = 2,
    /// Question: take this upload in.
    Fold = 3,
    /// Question: give what is to be stored.
    Finish = 4,
    /// Answer to all but the last: done; after an upload with its convergence.
    Done = 5,
    /// Answer to all: refused.
    Refused = 6,
    /// Answer to the last: a [`Summary`]; the next one or two frames are [`Kind::Bytes`].
    Merged = 7,
    /// What others read, then perhaps the state.
    Bytes = 8,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Begin,
        Self::Resume,
        Self::Fold,
        Self::Finish,
        Self::Done,
        Self::Refused,
        Self::Merged,
        Self::Bytes,
    ];
}

/// A merge without its bytes.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Summary {
    pub(super) digest: String,
    pub(super) events: u64,
    /// Whether a state follows what others read.
    pub(super) state: bool,
}

/// The beginning of a frame.
pub(super) fn header(kind: Kind, bytes: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[0] = kind as u8;
    header[1..].copy_from_slice(&(bytes as u64).to_be_bytes());
    header
}

/// Reads the beginning of a frame: its kind and length.
pub(super) fn parse(header: [u8; HEADER]) -> io::Result<(Kind, u64)> {
    let [kind, length @ ..] = header;
    let kind = Kind::ALL.into_iter().find(|known| *known as u8 == kind);
    let kind = kind.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame has an unknown kind"))?;
    Ok((kind, u64::from_be_bytes(length)))
}

/// The length as memory, if it is within a bound.
pub(super) fn bounded(length: u64, limit: u64) -> io::Result<usize> {
    let fits = usize::try_from(length).ok().filter(|_| length <= limit);
    fits.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"))
}

/// Reads a whole frame; none at the end of the input.
pub(super) fn read(input: &mut impl Read, limit: u64) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut start = [0; HEADER];
    if input.read(&mut start[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut start[1..])?;
    let (kind, length) = parse(start)?;
    let mut body = vec![0; bounded(length, limit)?];
    input.read_exact(&mut body)?;
    Ok(Some((kind, body)))
}

/// Writes a whole frame.
pub(super) fn write(output: &mut impl Write, kind: Kind, body: &[u8]) -> io::Result<()> {
    output.write_all(&header(kind, body.len()))?;
    output.write_all(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let mut bytes = Vec::new();
        for kind in Kind::ALL {
            write(&mut bytes, kind, b"body").unwrap();
        }
        let mut input = &bytes[..];
        for kind in Kind::ALL {
            assert_eq!(read(&mut input, 4).unwrap(), Some((kind, b"body".to_vec())));
        }
        assert!(read(&mut input, 4).unwrap().is_none());
    }

    #[test]
    fn refuses_what_is_cut_unknown_or_too_long() {
        assert!(read(&mut &header(Kind::Fold, 5)[..], 4).is_err());
        assert!(read(&mut &header(Kind::Fold, 4)[..], 4).is_err());
        assert!(read(&mut &header(Kind::Fold, 4)[..3], 4).is_err());
        assert!(read(&mut &[9; HEADER][..], u64::MAX).is_err());
    }
}
