//! Two merges that must agree: one knows the last file's text, the other does not.

use std::io::{self, Read};

use anneal_iprof::{Error, Intermediate, Limits, Report};
use serde_json::Value;

/// A merge that has seen a file, and the same merge without any memory of what the file looked like.
pub struct Pair {
    pub short: Intermediate,
    pub general: Intermediate,
}

pub fn bytes(merge: &Intermediate) -> Vec<u8> {
    let mut bytes = Vec::new();
    merge.write_to(&mut bytes).expect("memory takes everything");
    bytes
}

impl Pair {
    pub fn new(file: &[u8]) -> Self {
        Self::under(file, &Limits::default())
    }

    /// The short way is only taken within the bounds that the file was read under.
    pub fn under(file: &[u8], limits: &Limits) -> Self {
        let mut short = Intermediate::new();
        short.fold(file, limits).expect("valid");
        let general = Intermediate::read_from(&bytes(&short)[..], &Limits::for_intermediate()).expect("our own");
        Self { short, general }
    }

    /// Folds into copies of both. Returns whether the file was accepted.
    pub fn agree(&self, file: &[u8], limits: &Limits) -> bool {
        let (mut short, mut general) = (self.short.clone(), self.general.clone());
        let shown = || String::from_utf8_lossy(file).into_owned();
        let (left, right) = (short.fold(file, limits), general.fold(file, limits));
        let fault = |folded: &Result<Report, Error>| folded.as_ref().map(drop).map_err(ToString::to_string);
        assert_eq!(fault(&left), fault(&right), "{}", shown());
        let (Ok(mut left), Ok(right)) = (left, right) else {
            assert_eq!(bytes(&short), bytes(&self.short), "{}", shown());
            return false;
        };
        let close = |overlap: Option<f64>| overlap.expect("not the first");
        assert!((close(left.overlap) - close(right.overlap)).abs() < 1e-12, "{}", shown());
        left.overlap = right.overlap;
        assert_eq!(left, right, "{}", shown());
        assert_eq!(bytes(&short), bytes(&general), "{}", shown());
        assert!(serde_json::from_slice::<Value>(file).is_ok(), "{}", shown());
        true
    }
}

/// Hands out ever longer pieces.
pub struct Pieces<'a>(pub &'a [u8], pub usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = self.1 % 1009 + 1;
        let length = self.1.min(buffer.len());
        self.0.read(&mut buffer[..length])
    }
}
