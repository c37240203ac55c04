//! Profiles to be damaged, and the damage.

use super::profile;

pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap_or_default()
    }

    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const LIKELY: &[u8] = b"0123456789-:<,.eE\"\\{}[]u tfn\x00\x1f\x7f\xc3\xff";
        for _ in 0..=self.roll(3) {
            let at = self.roll(bytes.len());
            let other = self.roll(bytes.len());
            let likely = LIKELY[self.roll(LIKELY.len())];
            match self.roll(7) {
                _ if bytes.is_empty() => bytes.push(likely),
                0 => bytes[at] ^= 1 << self.roll(8),
                1 | 2 => bytes[at] = likely,
                3 => bytes.insert(at, likely),
                4 => bytes.truncate(at.max(bytes.len().saturating_sub(8))),
                5 => {
                    let (start, end) = (at.min(other), at.max(other).min(at.min(other) + 40));
                    let piece = bytes[start..end].to_vec();
                    let to = self.roll(bytes.len());
                    bytes.splice(to..to, piece);
                }
                _ => {
                    let end = (at + self.roll(6)).min(bytes.len());
                    bytes.drain(at..end);
                }
            }
        }
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    [
        r#""callCountProfiles":[{"ctx":"0:0<2:4","records":[10]},{"ctx":"1:0","records":[3]}]"#,
        r#""conditionalProfiles":[{"ctx":"0:1","records":[20,0,10,53,1,1]},{"ctx":"0:1","records":[53,0,2,20,1,8]}]"#,
        r#""virtualInvokeProfiles":[{"ctx":"0:9","records":[1,60,2,3]}],"monitorProfiles":[{"ctx":"0:0","records":[1,4]}]"#,
        r#""instanceofProfiles":[{"ctx":"2:-5","records":[0,1]}],"samplingProfiles":[{"ctx":"2:1<1:2<0:3","records":[7]}]"#,
        r#""other":{"a":[1.5e3,-0,true,null,"\ud83d\ude00\n"]},"callCountProfiles":[{"x":[],"ctx":"0:0","records":[1]}]"#,
    ]
    .iter()
    .map(|sections| profile(sections).split_whitespace().collect::<String>().into_bytes())
    .collect()
}
