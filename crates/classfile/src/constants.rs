//! Owns a class file's constant pool: only text and class references are kept.

use std::sync::Arc;

use super::class::{ClassFileError, Cursor, DamagedSnafu};

/// The pool of one class file. Each text is decoded once and shared, so a small file cannot unfold into a large memory.
pub(crate) struct Constants<'a> {
    slots: Vec<Slot<'a>>,
}

enum Slot<'a> {
    Text(&'a [u8], Option<Arc<str>>),
    Class(u16),
    Other,
}

impl<'a> Constants<'a> {
    pub(crate) fn parse(cursor: &mut Cursor<'a>) -> Result<Self, ClassFileError> {
        let count = usize::from(cursor.u16()?);
        let mut slots = Vec::with_capacity(count.max(1));
        slots.push(Slot::Other);
        while slots.len() < count {
            let slot = match cursor.u8()? {
                1 => {
                    let length = usize::from(cursor.u16()?);
                    Slot::Text(cursor.take(length)?, None)
                }
                7 => Slot::Class(cursor.u16()?),
                tag => {
                    let length = match tag {
                        8 | 16 | 19 | 20 => 2,
                        15 => 3,
                        3 | 4 | 9..=12 | 17 | 18 => 4,
                        5 | 6 => 8,
                        _ => {
                            return DamagedSnafu { what: "constant pool" }.fail();
                        }
                    };
                    cursor.take(length)?;
                    if length == 8 {
                        // Long and double take two slots.
                        slots.push(Slot::Other);
                    }
                    Slot::Other
                }
            };
            slots.push(slot);
        }
        Ok(Self { slots })
    }

    pub(crate) fn text(&mut self, index: u16) -> Result<Arc<str>, ClassFileError> {
        match self.slots.get_mut(usize::from(index)) {
            Some(Slot::Text(bytes, decoded)) => Ok(Arc::clone(decoded.get_or_insert_with(|| decode(bytes)))),
            _ => DamagedSnafu { what: "reference to text" }.fail(),
        }
    }

    /// A class's internal name.
    pub(crate) fn class(&mut self, index: u16) -> Result<Arc<str>, ClassFileError> {
        match self.slots.get(usize::from(index)) {
            Some(Slot::Class(name)) => {
                let name = *name;
                self.text(name)
            }
            _ => DamagedSnafu {
                what: "reference to a class",
            }
            .fail(),
        }
    }
}

/// Decodes the class file's variant of UTF-8: NUL in two bytes, characters beyond 16 bits as surrogate pairs of three
/// bytes each. What is malformed becomes the replacement character, which no reference in our interest contains.
fn decode(bytes: &[u8]) -> Arc<str> {
    if bytes.is_ascii() && !bytes.contains(&0) {
        return String::from_utf8_lossy(bytes).into();
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let continuation = |at: usize| tail.get(at).filter(|byte| **byte & 0xc0 == 0x80).map(|byte| u16::from(byte & 0x3f));
        let first = u16::from(*first);
        let (unit, length) = match (first, continuation(0), continuation(1)) {
            (0x01..=0x7f, ..) => (first, 1),
            (0xc0..=0xdf, Some(low), _) => ((first & 0x1f) << 6 | low, 2),
            (0xe0..=0xef, Some(middle), Some(low)) => ((first & 0x0f) << 12 | middle << 6 | low, 3),
            _ => (0xfffd, 1),
        };
        units.push(unit);
        rest = &rest[length..];
    }
    String::from_utf16_lossy(&units).into()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn decodes_the_class_files_own_utf8() {
        assert_eq!(&*decode(b"plain"), "plain");
        assert_eq!(&*decode(&[b'a', 0xc0, 0x80, b'b']), "a\0b");
        assert_eq!(&*decode("ü€".as_bytes()), "ü€");
        // U+1F600 as a pair of surrogates.
        assert_eq!(&*decode(&[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]), "\u{1f600}");
        assert_eq!(&*decode(&[0xff, 0xc3, 0xe0, 0x80]), "\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
    }
}
