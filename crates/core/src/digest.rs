//! Digests and the encoding they are taken over: every field is tagged and carries its length, so that no two different
//! inputs have the same bytes.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

/// How many hex digits of a digest stand in names and labels.
pub const SHORT: usize = 10;

/// A sha256 as 64 lower-case hex digits.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest(String);

/// The text is not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotADigest;

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest must be 64 lower-case hex digits")
    }
}

impl std::error::Error for NotADigest {}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_bytes(&Sha256::digest(bytes))
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, as they stand in names and labels.
    pub fn short(&self) -> &str {
        self.0.get(..SHORT).unwrap_or(&self.0)
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| char::from(DIGITS[usize::from(value & 0x0f)]);
        Self(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let well_formed = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if well_formed { Ok(Self(text.to_owned())) } else { Err(NotADigest) }
    }
}

/// Identity of a build or of a JVM configuration: sha256 over (stage, frozen inputs, merged-profile digest).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BuildKey(Digest);

impl BuildKey {
    /// A key that was computed by [`Encoder`] or read back from where it was recorded.
    pub const fn new(digest: Digest) -> Self {
        Self(digest)
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The first ten digits.
    pub fn short(&self) -> &str {
        self.0.short()
    }
}

impl fmt::Display for BuildKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for BuildKey {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        text.parse().map(Self)
    }
}

/// Hashes named fields: each adds its tag, name, length and bytes.
pub struct Encoder(Sha256);

impl Encoder {
    /// Starts; `domain` keeps digests of different things apart.
    pub fn new(domain: &str) -> Self {
        let mut encoder = Self(Sha256::new());
        encoder.bytes(b'D', domain.as_bytes());
        encoder
    }

    /// A text.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.bytes(b'N', name.as_bytes());
        self.bytes(b'T', value.as_bytes());
        self
    }

    /// A text that may be absent: absent differs from empty.
    #[must_use]
    pub fn option(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            return self.text(name, value);
        }
        self.bytes(b'N', name.as_bytes());
        self.bytes(b'0', &[]);
        self
    }

    /// A number.
    #[must_use]
    pub fn number(mut self, name: &str, value: u64) -> Self {
        self.bytes(b'N', name.as_bytes());
        self.bytes(b'U', &value.to_be_bytes());
        self
    }

    /// A list, in order.
    #[must_use]
    pub fn list<'a>(mut self, name: &str, values: impl ExactSizeIterator<Item = &'a str>) -> Self {
        self.bytes(b'N', name.as_bytes());
        self.bytes(b'L', &(values.len() as u64).to_be_bytes());
        for value in values {
            self.bytes(b'T', value.as_bytes());
        }
        self
    }

    /// The digest of everything so far.
    pub fn finish(self) -> Digest {
        Digest::from_bytes(&self.0.finalize())
    }

    fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.0.update([tag]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_what_other_tools_compute() {
        assert_eq!(
            Digest::of(b"abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Digest::of(b"abc").short(), "ba7816bf8f");
    }

    #[test]
    fn only_sixty_four_lower_case_hex_digits_are_a_digest() {
        assert!("a".repeat(64).parse::<Digest>().is_ok());
        for text in ["", "abc", &"A".repeat(64), &"g".repeat(64), &"a".repeat(65)] {
            assert_eq!(text.parse::<Digest>(), Err(NotADigest), "{text}");
        }
    }

    #[test]
    fn moving_a_border_between_fields_changes_the_digest() {
        let two = |a: &str, b: &str| Encoder::new("x").text("a", a).text("b", b).finish();
        assert_ne!(two("ab", "c"), two("a", "bc"));
        assert_ne!(
            Encoder::new("x").option("a", None).finish(),
            Encoder::new("x").option("a", Some("")).finish()
        );
        let list = |values: &[&str]| Encoder::new("x").list("l", values.iter().copied()).finish();
        assert_ne!(list(&["a", "b"]), list(&["ab"]));
        assert_ne!(
            Encoder::new("x").list("l", ["a"].into_iter()).text("m", "b").finish(),
            list(&["a", "m", "b"])
        );
        assert_ne!(Encoder::new("x").text("a", "b").finish(), Encoder::new("y").text("a", "b").finish());
    }
}
