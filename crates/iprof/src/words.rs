//! Owns text eight bytes at a time.

/// The high and the low bit of each byte.
const HIGH: u64 = 0x8080_8080_8080_8080;
const LOW: u64 = 0x0101_0101_0101_0101;

/// Eight bytes of text, the first one lowest.
#[inline]
pub(crate) fn word(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes)
}

/// Marks the bytes that are equal to `byte`. Only the lowest mark is exact.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let word = word ^ (LOW * u64::from(byte));
    word.wrapping_sub(LOW) & !word & HIGH
}

/// Marks the bytes that cannot stand in a string as they are: quotes, backslashes and what is below a space. Only the lowest
/// mark is exact.
#[inline]
pub(crate) fn specials(word: u64) -> u64 {
    equal(word, b'"') | equal(word, b'\\') | (word.wrapping_sub(LOW * 0x20) & !word & HIGH)
}

/// Where a byte is met first. None also if the text ends less than eight bytes behind.
#[inline]
pub(crate) fn find(text: &[u8], from: usize, byte: u8) -> Option<usize> {
    let mut at = from;
    loop {
        let found = equal(word(text, at)?, byte);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
}

/// Whether a string can be written as it is.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks();
    let plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    words.iter().all(|word| specials(u64::from_le_bytes(*word)) == 0) && rest.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::{find, is_plain};

    #[test]
    fn tells_every_byte_that_needs_an_escape_at_every_place() {
        for at in 0..24 {
            for byte in 0..=255 {
                let mut text = *b"com.example.Orders$1/abc";
                text[at] = byte;
                let plain = !(byte < 0x20 || byte == b'"' || byte == b'\\');
                assert_eq!(is_plain(&text), plain, "{byte} {at}");
            }
        }
    }

    #[test]
    fn finds_the_first_of_several() {
        for at in 0..16 {
            let mut text = [b'|'; 32];
            text[at..].fill(b'}');
            assert_eq!(find(&text, 0, b'}'), Some(at));
            assert_eq!(find(&text[..at + 4], at.saturating_sub(1), b'"'), None);
        }
    }
}
