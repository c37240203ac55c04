//! The process that `cargo xtask fuzz iprof` watches: damages profiles and compares what becomes of them.
//!
//! Usage: `fuzz STATE SEED SECONDS FILE…`. Before each step the input is written to STATE, behind the number of the step, so
//! that the watcher has it whatever happens here. Prints the number of steps at the end.

#![expect(clippy::print_stdout, reason = "the result is the output")]
#![expect(clippy::panic, reason = "a difference ends the process; the watcher keeps the input")]

mod mutate;
#[path = "../../tests/support/reference.rs"]
#[expect(unreachable_pub, reason = "the suites use it too")]
mod reference;

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use anneal_iprof::synth::{Order, Synth};
use anneal_iprof::{ConflictPolicy, Intermediate, Limits, check};
use flate2::Compression;
use flate2::write::GzEncoder;
use mutate::Dice;
use reference::{Policy, Reference};
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A profile, and merges that have seen it: with and without a memory of what it looked like.
struct Seed {
    text: Vec<u8>,
    remembers: Intermediate,
    forgets: Intermediate,
    state: Vec<u8>,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [state, seed, seconds, files @ ..] = &arguments[..] else {
        return Err("usage: fuzz STATE SEED SECONDS FILE…".into());
    };
    let state = File::create(state)?;
    let mut seeds = files
        .iter()
        .map(|file| Seed::new(std::fs::read(file)?))
        .collect::<Outcome<Vec<_>>>()?;
    for order in [Order::Same, Order::Shuffled] {
        let mut text = Vec::new();
        Synth {
            bytes: 6000,
            seed: 1,
            order,
            image: 1,
        }
        .write_to(&mut text)?;
        seeds.push(Seed::new(text)?);
    }
    let mut dice = Dice(seed.parse()?);
    let (start, length) = (Instant::now(), Duration::from_secs(seconds.parse()?));
    let (mut steps, mut accepted) = (0_u64, 0_u64);
    while start.elapsed() < length {
        for _ in 0..256 {
            let seed = &seeds[dice.below(seeds.len())];
            let intermediate = dice.below(8) == 0;
            let mut text = if intermediate { seed.state.clone() } else { seed.text.clone() };
            dice.damage(&mut text);
            if dice.below(16) == 0 {
                text = pack(&text, &mut dice)?;
            }
            steps += 1;
            note(&state, steps, &text)?;
            let taken = if intermediate { restore(&text) } else { seed.fold(&text) };
            accepted += u64::from(taken);
        }
    }
    println!("{steps} {accepted}");
    Ok(())
}

fn note(state: &File, step: u64, text: &[u8]) -> io::Result<()> {
    let mut block = step.to_le_bytes().to_vec();
    block.extend((text.len() as u64).to_le_bytes());
    block.extend_from_slice(text);
    state.write_all_at(&block, 0)
}

fn pack(text: &[u8], dice: &mut Dice) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text)?;
    let mut packed = packer.finish()?;
    if dice.below(4) == 0 {
        dice.damage(&mut packed);
    }
    Ok(packed)
}

fn bytes(merge: &Intermediate) -> Vec<u8> {
    let mut bytes = Vec::new();
    merge.write_to(&mut bytes).expect("memory takes everything");
    bytes
}

fn restore(text: &[u8]) -> bool {
    let Ok(merge) = Intermediate::read_from(text, &Limits::for_intermediate()) else {
        return false;
    };
    let written = bytes(&merge);
    let again = Intermediate::read_from(&written[..], &Limits::for_intermediate()).expect("our own bytes are read");
    assert!(bytes(&again) == written, "a restored merge is written differently");
    true
}

impl Seed {
    fn new(text: Vec<u8>) -> Outcome<Self> {
        let mut remembers = Intermediate::new();
        remembers.fold(&text[..], &Limits::default())?;
        let state = bytes(&remembers);
        let forgets = Intermediate::read_from(&state[..], &Limits::for_intermediate())?;
        Ok(Self {
            text,
            remembers,
            forgets,
            state,
        })
    }

    /// Folds in three ways and compares. Returns whether the file was accepted.
    fn fold(&self, text: &[u8]) -> bool {
        let limits = Limits::default();
        let mut fresh = Intermediate::new();
        let folded = fresh.fold(text, &limits);
        let checked = check(text, &limits);
        let words = |fault: &anneal_iprof::Error| fault.to_string();
        assert!(folded.as_ref().map(|report| &report.summary).map_err(words) == checked.as_ref().map_err(words));
        let (mut short, mut general) = (self.remembers.clone(), self.forgets.clone());
        let ways = [short.fold(text, &limits), general.fold(text, &limits)];
        let [left, right] = ways.map(|way| {
            way.map(|report| (report.summary, report.new_contexts))
                .map_err(|fault| fault.to_string())
        });
        assert!(left == right, "the short way differs: {left:?} {right:?}");
        assert!(bytes(&short) == bytes(&general), "the short way merges differently");
        if folded.is_err() {
            assert!(fresh.is_empty(), "a refused profile changed the merge");
            return false;
        }
        compare(text, &fresh);
        true
    }
}

/// What is accepted is JSON, and means what the naive merger reads in it.
fn compare(text: &[u8], merge: &Intermediate) {
    let mut plain = Vec::new();
    let text = if text.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = flate2::read::MultiGzDecoder::new(text);
        io::Read::read_to_end(&mut unpacked, &mut plain).expect("it was read before");
        &plain
    } else {
        text
    };
    let value: Value = serde_json::from_slice(text).unwrap_or_else(|fault| panic!("accepted what is not JSON: {fault}"));
    if !value["version"].as_str().is_some_and(|version| version.starts_with("1.")) {
        return;
    }
    let mut reference = Reference::default();
    reference.add(&value);
    for (policy, theirs) in [(ConflictPolicy::Dominant, Policy::Dominant), (ConflictPolicy::Drop, Policy::Drop)] {
        let mut canonical = Vec::new();
        merge.write_final(policy, &mut canonical).expect("memory takes everything");
        assert!(canonical == reference.canonical(theirs).into_bytes(), "the naive merger differs");
    }
}
