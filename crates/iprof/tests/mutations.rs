//! Damaged profiles: what is accepted must be JSON, and must mean what the naive merger reads in it. The seeds are fixed and
//! the number of steps is bounded, so a failure can be repeated.

mod support;

use anneal_iprof::{ConflictPolicy, Intermediate, Limits, check};
use serde_json::Value;
use support::profile;
use support::reference::{Policy, Reference};

const STEPS: usize = 60_000;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap_or_default()
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
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

fn seeds() -> Vec<Vec<u8>> {
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

#[test]
fn accepts_nothing_that_serde_json_refuses_and_reads_it_alike() {
    let seeds = seeds();
    let limits = Limits::default();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for step in 0..STEPS {
        let mut bytes = seeds[step % seeds.len()].clone();
        dice.mutate(&mut bytes);
        let mut merge = Intermediate::new();
        let folded = merge.fold(&bytes[..], &limits);
        let checked = check(&bytes[..], &limits);
        assert_eq!(folded.is_ok(), checked.is_ok());
        if let Err(fault) = folded {
            assert!(!fault.to_string().is_empty() && !fault.category().is_empty());
            assert!(merge.is_empty());
            continue;
        }
        accepted += 1;
        let text = String::from_utf8_lossy(&bytes);
        let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
            panic!("no JSON: {text}")
        };
        let mut reference = Reference::default();
        reference.add(&value);
        let mut canonical = Vec::new();
        merge
            .to_final(ConflictPolicy::Dominant)
            .write_canonical(&mut canonical)
            .expect("memory takes everything");
        assert_eq!(String::from_utf8_lossy(&canonical), reference.canonical(Policy::Dominant), "{text}");
    }
    assert!(accepted > STEPS / 100 && accepted < STEPS, "{accepted}");
}

#[test]
fn survives_damaged_archives_and_intermediates() {
    let mut merge = Intermediate::new();
    for seed in seeds() {
        merge.fold(&seed[..], &Limits::default()).expect("valid");
    }
    let mut plain = Vec::new();
    merge.write_to(&mut plain).expect("memory takes everything");
    let mut packed = Vec::new();
    merge
        .to_final(ConflictPolicy::Dominant)
        .write_gzip(&mut packed)
        .expect("memory takes everything");
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut intact = 0;
    for _ in 0..STEPS / 4 {
        let mut bytes = packed.clone();
        dice.mutate(&mut bytes);
        intact += usize::from(check(&bytes[..], &Limits::default()).is_ok());
        let mut bytes = plain.clone();
        dice.mutate(&mut bytes);
        if let Ok(read) = Intermediate::read_from(&bytes[..], &Limits::for_intermediate()) {
            assert!(serde_json::from_slice::<Value>(&bytes).is_ok());
            let mut again = Vec::new();
            read.write_to(&mut again).expect("memory takes everything");
            assert!(Intermediate::read_from(&again[..], &Limits::for_intermediate()).is_ok());
        }
    }
    // The checksum finds damage; only the header's date, name and flags may change without harm.
    assert!(intact < STEPS / 8, "{intact}");
}

#[test]
fn accepts_all_that_the_seeds_hold() {
    for seed in seeds() {
        assert!(check(&seed[..], &Limits::default()).is_ok(), "{}", String::from_utf8_lossy(&seed));
    }
}
