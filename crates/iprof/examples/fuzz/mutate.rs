//! Owns damage: of bytes, and of what a profile is made of.

/// A stream of numbers that the seed decides: splitmix64.
pub(crate) struct Dice(pub(crate) u64);

const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "1",
    "-1",
    "-5",
    "7",
    "01",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "1.0",
    "99999999999999999999999",
];
const WORDS: [&str; 24] = [
    "\"ctx\"",
    "\"records\"",
    "\"id\"",
    "\"name\"",
    "\"signature\"",
    "\"types\"",
    "\"methods\"",
    "\"version\"",
    "\"1.1.0\"",
    "\"0.2.0\"",
    "\"2.0.0\"",
    "\"callCountProfiles\"",
    "\"conditionalProfiles\"",
    "\"instanceofProfiles\"",
    "\"monitorProfiles\"",
    "\"samplingProfiles\"",
    "\"virtualInvokeProfiles\"",
    "\"hotnessPoints\"",
    "\"methodBciList\"",
    "null",
    "[[[[[[[[[[[[[[[[[[",
    "\"\\ud800\"",
    "\"0:0<0:0\"",
    "NaN",
];
const BYTES: &[u8] = b"0123456789-:<,.eE\"\\{}[]u tfn\x00\x1f\x7f\xc3\xff\n";

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// Damages a text once to six times, mostly once.
    pub(crate) fn damage(&mut self, text: &mut Vec<u8>) {
        for _ in 0..=self.next().trailing_zeros().min(5) {
            match self.below(8) {
                0..3 => self.damage_bytes(text),
                3..5 => self.replace_number(text),
                5 => self.replace_word(text),
                _ => self.move_object(text),
            }
        }
    }

    fn damage_bytes(&mut self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let at = self.below(text.len());
        let byte = BYTES[self.below(BYTES.len())];
        match self.below(6) {
            0 => text[at] ^= 1 << self.below(8),
            1 => text[at] = byte,
            2 => text.insert(at, byte),
            3 => text.truncate(at),
            4 => drop(text.drain(at..(at + self.below(9)).min(text.len()))),
            _ => {
                let piece = text[at..(at + self.below(64)).min(text.len())].to_vec();
                let to = self.below(text.len());
                drop(text.splice(to..to, piece));
            }
        }
    }

    /// The start and end of a run of bytes of one sort, searched from somewhere.
    fn find(&mut self, text: &[u8], is_part: impl Fn(u8) -> bool) -> Option<(usize, usize)> {
        let from = self.below(text.len());
        let start = from + text[from..].iter().position(|byte| is_part(*byte))?;
        let length = text[start..].iter().take_while(|byte| is_part(**byte)).count();
        Some((start, start + length))
    }

    fn replace_number(&mut self, text: &mut Vec<u8>) {
        if let Some((start, end)) = self.find(text, |byte| byte.is_ascii_digit()) {
            let number = match self.below(3) {
                0 => self.below(12).to_string(),
                1 => (self.next() >> self.below(64)).to_string(),
                _ => self.pick(&NUMBERS).to_owned(),
            };
            drop(text.splice(start..end, number.into_bytes()));
        }
    }

    fn replace_word(&mut self, text: &mut Vec<u8>) {
        if let Some((start, end)) = self.find(text, |byte| byte == b'"' || byte.is_ascii_alphabetic()) {
            drop(text.splice(start..end, self.pick(&WORDS).bytes()));
        }
    }

    /// Doubles, drops or moves what stands between two braces or brackets.
    fn move_object(&mut self, text: &mut Vec<u8>) {
        let (open, close) = if self.below(3) == 0 { (b'[', b']') } else { (b'{', b'}') };
        let from = self.below(text.len());
        let Some(start) = text.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == open)) else {
            return;
        };
        let start = from + start;
        let Some(length) = text[start..].iter().position(|byte| *byte == close) else {
            return;
        };
        let mut object = text[start..=start + length].to_vec();
        match self.below(3) {
            0 => drop(text.drain(start..=start + length)),
            1 => {
                object.push(b',');
                drop(text.splice(start..start, object));
            }
            _ => {
                let to = self.below(text.len());
                drop(text.splice(to..to, object));
            }
        }
    }
}
