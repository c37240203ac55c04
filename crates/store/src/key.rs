//! Names of objects. The only door: no key can leave its prefix.

use std::{fmt, str::FromStr};

use snafu::{Snafu, ensure};

/// The longest key in bytes (S3's own limit).
const LONGEST: usize = 1024;

/// The key of one object: parts of printable ASCII, joined by `/`; none empty, `.` or `..`.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectKey(String);

/// The beginning of keys: whole parts, with `/` at the end.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Prefix(String);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Snafu)]
#[snafu(display("an object's key is made of parts of printable ASCII, none empty, \".\" or \"..\""))]
pub struct InvalidKey;

impl ObjectKey {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }
}

impl Prefix {
    /// As text, with the `/` at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of an object below it.
    pub fn key(&self, below: &str) -> Result<ObjectKey, InvalidKey> {
        format!("{}{below}", self.0).parse()
    }

    /// A longer prefix.
    pub fn join(&self, below: &str) -> Result<Self, InvalidKey> {
        format!("{}{below}", self.0).parse()
    }

    /// What a key has below this prefix.
    pub fn strip<'a>(&self, key: &'a ObjectKey) -> Option<&'a str> {
        key.0.strip_prefix(&self.0)
    }

    /// The last part, without `/`.
    pub fn name(&self) -> &str {
        let parts = self.0.trim_end_matches('/');
        parts.rsplit_once('/').map_or(parts, |(_, name)| name)
    }
}

fn check(text: &str) -> Result<(), InvalidKey> {
    ensure!(text.len() <= LONGEST, InvalidKeySnafu);
    for part in text.split('/') {
        ensure!(!matches!(part, "" | "." | ".."), InvalidKeySnafu);
        // `*` and the like are legal in S3; what URL parsers rewrite is not.
        ensure!(
            part.bytes().all(|byte| matches!(byte, b' '..=b'~')
                && !matches!(
                    byte,
                    b'\\' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | b'%' | b'#' | b'?'
                )),
            InvalidKeySnafu
        );
    }
    Ok(())
}

impl FromStr for ObjectKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Prefix {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.strip_suffix('/').unwrap_or(text);
        check(parts)?;
        Ok(Self(format!("{parts}/")))
    }
}

macro_rules! show {
    ($($name:ty),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )+};
}

show!(ObjectKey, Prefix);

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a")]
    #[case("functions/shop/hello/1-2/jar/0a.jar")]
    #[case("uploads/shop/My App (1)+x.jar")]
    fn accepts(#[case] key: &str) {
        assert_eq!(key.parse::<ObjectKey>().map(|key| key.to_string()), Ok(key.to_owned()));
    }

    #[rstest]
    #[case("")]
    #[case("/a")]
    #[case("a/")]
    #[case("a//b")]
    #[case("a/../b")]
    #[case("./a")]
    #[case("a%2f..")]
    #[case("a\\b")]
    #[case("a?b")]
    #[case("a\n")]
    #[case("größe")]
    fn refuses(#[case] key: &str) {
        assert_eq!(key.parse::<ObjectKey>(), Err(InvalidKey));
    }

    #[test]
    fn keeps_below_its_prefix() {
        let prefix: Prefix = "uploads/shop".parse().unwrap();
        assert_eq!(prefix.key("../other/x"), Err(InvalidKey));
        let key = prefix.key("x/y").unwrap();
        assert_eq!((prefix.strip(&key), key.name(), prefix.name()), (Some("x/y"), "y", "shop"));
    }
}
