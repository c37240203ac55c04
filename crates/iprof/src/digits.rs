//! Owns decimal numbers as bytes: eight digits are read and checked at a time.

use crate::words::word;

/// Eight times the digit zero.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The first number that eight digits cannot hold.
const NINE_DIGITS: u64 = 100_000_000;

/// Reads the digits at the start of eight bytes: their value and number, which may be none.
#[inline]
pub(crate) fn leading(word: u64) -> (u64, usize) {
    let plain = word ^ ZEROS;
    // A byte above nine gets its high bit. What carries into later bytes does no harm: only the first such byte counts.
    let others = (plain.wrapping_add(0x7676_7676_7676_7676) | plain) & 0x8080_8080_8080_8080;
    let length = others.trailing_zeros() as usize / 8;
    if length == 0 {
        return (0, 0);
    }
    // Moved up, so that zeros stand in front; then neighbours are added up in pairs, fours and eights.
    let digits = plain << (64 - 8 * length);
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let all = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    (all, length)
}

/// Reads a number without sign and without leading zero, at most `i64::MAX`. None also if the text ends too early to tell.
#[inline]
pub(crate) fn number(text: &[u8], at: usize) -> Option<(u64, usize)> {
    let (value, length) = leading(word(text, at)?);
    if length == 8 {
        return long_number(text, at);
    }
    if length == 0 || (length > 1 && text[at] == b'0') {
        return None;
    }
    Some((value, length))
}

fn long_number(text: &[u8], at: usize) -> Option<(u64, usize)> {
    if text[at] == b'0' {
        return None;
    }
    let (mut value, mut length) = (0_i64, 0);
    loop {
        let digit = text.get(at + length)?.wrapping_sub(b'0');
        if digit > 9 {
            return Some((value.cast_unsigned(), length));
        }
        value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
        length += 1;
    }
}

/// The eight digits of a number below [`NINE_DIGITS`], the first one lowest, as values from zero to nine.
#[inline]
fn eight(number: u64) -> u64 {
    // Split into fours, pairs and single digits, all parts of a kind at once. The factors divide by 100 and by 10.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
}

/// Appends a number.
#[inline]
pub(crate) fn push(text: &mut Vec<u8>, number: u64) {
    if number >= NINE_DIGITS {
        return push_long(text, number);
    }
    let digits = eight(number);
    // The last digit stays even if it is a zero.
    let zeros = (digits | 1 << 56).trailing_zeros() as usize / 8;
    // Eight bytes are written whatever the length: that needs no branch.
    text.extend_from_slice(&((digits | ZEROS) >> (8 * zeros)).to_le_bytes());
    text.truncate(text.len() - zeros);
}

fn push_long(text: &mut Vec<u8>, number: u64) {
    push(text, number / NINE_DIGITS);
    text.extend_from_slice(&(eight(number % NINE_DIGITS) | ZEROS).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::{number, push};

    #[test]
    fn reads_what_it_writes() {
        let powers = (0..19).map(|exponent| 10_u64.pow(exponent));
        for number in powers
            .flat_map(|power| [power - 1, power, power + 1, 7 * (power / 9)])
            .chain([i64::MAX.cast_unsigned()])
            .chain((0..1_000_000).step_by(7))
        {
            let mut text = Vec::new();
            push(&mut text, number);
            assert_eq!(String::from_utf8(text.clone()), Ok(number.to_string()));
            for end in *b",]/: \x00\xff" {
                let mut text = text.clone();
                let length = text.len();
                text.extend([end; 8]);
                assert_eq!(super::number(&text, 0), Some((number, length)), "{number}");
            }
        }
    }

    #[test]
    fn refuses_leading_zeros_and_what_does_not_fit() {
        for text in [
            "00,xxxxxxxx",
            "012345678,",
            "9223372036854775808,",
            "99999999999999999999,",
            "-1,xxxxxx",
            ",xxxxxxxx",
            "\u{b2}xxxxxxxx",
            "12",
        ] {
            assert_eq!(number(text.as_bytes(), 0), None, "{text}");
        }
    }
}
