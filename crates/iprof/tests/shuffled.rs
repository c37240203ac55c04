//! The short way for files that list what the last one does in another order: the outcome is that of the general way.

mod support;

use anneal_iprof::Limits;
use anneal_iprof::synth::{Order, Synth};
use support::damage::Dice;
use support::lists::{lists, reversed, text};
use support::pair::{Pair, Pieces, bytes};

#[test]
fn a_change_of_any_one_byte_ends_as_on_the_general_way() {
    let limits = Limits::default();
    let pair = Pair::new(&text(&lists()));
    let other = text(&reversed());
    assert!(pair.agree(&other, &limits));
    for at in 0..other.len() {
        pair.agree(&other[..at], &limits);
        let mut removed = other.clone();
        removed.remove(at);
        pair.agree(&removed, &limits);
        for byte in *b"0179-. \",]}{e\\\x00\xff" {
            let mut replaced = other.clone();
            replaced[at] = byte;
            pair.agree(&replaced, &limits);
            let mut inserted = other.clone();
            inserted.insert(at, byte);
            pair.agree(&inserted, &limits);
        }
    }
}

#[test]
fn an_element_too_many_too_few_or_elsewhere_ends_as_on_the_general_way() {
    let limits = Limits::default();
    let pair = Pair::new(&text(&lists()));
    let all = reversed();
    for (list, (_, elements)) in all.iter().enumerate() {
        for element in elements {
            for (to, (_, others)) in all.iter().enumerate() {
                for at in 0..=others.len() {
                    let mut repeated = all.clone();
                    repeated[to].1.insert(at, element);
                    pair.agree(&text(&repeated), &limits);
                    repeated[list].1.retain(|other| other != element);
                    pair.agree(&text(&repeated), &limits);
                }
            }
        }
    }
    let mut turned = all.clone();
    turned.reverse();
    assert!(pair.agree(&text(&turned), &limits));
}

#[test]
fn a_file_of_too_many_bytes_is_refused_as_on_the_general_way() {
    let known = text(&lists());
    let longer = String::from_utf8(text(&reversed())).expect("it is UTF-8");
    let longer = longer.replace("12345678]", "123456789]");
    for (bytes, accepted) in [(known.len(), false), (longer.len(), true)] {
        let limits = Limits {
            bytes: bytes as u64,
            ..Limits::default()
        };
        assert_eq!(Pair::under(&known, &limits).agree(longer.as_bytes(), &limits), accepted);
    }
}

/// Counts longer than before, at the end of the digits that are read at once and of what a count can be.
#[test]
fn counts_of_any_length_are_taken() {
    let limits = Limits::default();
    let pair = Pair::new(&text(&lists()));
    let other = String::from_utf8(text(&reversed())).expect("it is UTF-8");
    for (count, valid) in [
        ("1234567", true),
        ("12345678", true),
        ("9223372036854775807", true),
        ("9223372036854775808", false),
        ("05", false),
        ("-5", false),
        ("-0", true),
    ] {
        let file = other.replace("12345678]", &format!("{count}]"));
        assert_eq!(pair.agree(file.as_bytes(), &limits), valid, "{count}");
    }
}

/// Larger than every buffer, so that elements are cut anywhere, and what was taken must be given back.
#[test]
fn a_shuffled_file_arrives_in_any_pieces_and_may_turn_out_another() {
    let limits = Limits::default();
    let synth = Synth {
        bytes: 700_000,
        seed: 1,
        order: Order::Same,
        image: 7,
    };
    let written = |synth: Synth| {
        let mut text = Vec::new();
        synth.write_to(&mut text).expect("memory takes everything");
        text
    };
    let pair = Pair::new(&written(synth));
    let order = Order::Shuffled;
    let other = written(Synth { seed: 2, order, ..synth });
    assert!(pair.agree(&other, &limits));
    let mut expected = pair.general.clone();
    expected.fold(&other[..], &limits).expect("valid");
    let mut merge = pair.short.clone();
    merge.fold(Pieces(&other, 1), &limits).expect("valid");
    assert_eq!(bytes(&merge), bytes(&expected));
    let mut dice = Dice(0x0dd0_0dd0_5eed_5eed);
    for _ in 0..40 {
        let mut damaged = other.clone();
        dice.mutate(&mut damaged);
        pair.agree(&damaged, &limits);
    }
    assert!(!pair.agree(&other[..other.len() - 20], &limits));
    assert!(pair.agree(&[&other[..], b"  "].concat(), &limits));
}
