//! Damaged profiles: what is accepted must be JSON, and must mean what the naive merger reads in it. The seeds are fixed and
//! the number of steps is bounded, so a failure can be repeated.

mod support;

use anneal_iprof::{ConflictPolicy, Intermediate, Limits, check};
use serde_json::Value;
use support::damage::{Dice, seeds};
use support::reference::{Policy, Reference};

const STEPS: usize = 60_000;

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
