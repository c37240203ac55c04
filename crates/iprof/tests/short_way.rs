//! The short way for files that are like the last one: whatever is different, the outcome is that of the general way.

mod support;

use std::io::{self, Read, Write};

use anneal_iprof::synth::{Order, Synth};
use anneal_iprof::{Intermediate, Limits};
use flate2::Compression;
use flate2::write::GzEncoder;
use support::damage::{Dice, seeds};
use support::pair::{Pair, Pieces, bytes};

#[test]
fn a_change_of_any_one_byte_ends_as_on_the_general_way() {
    let limits = Limits::default();
    let (mut accepted, mut refused) = (0, 0);
    for seed in seeds() {
        let pair = Pair::new(&seed);
        for at in 0..seed.len() {
            let mut files = vec![seed[..at].to_vec()];
            for byte in *b"0179-+. \n\",]}e\\\x00\xff" {
                let mut replaced = seed.clone();
                replaced[at] = byte;
                let mut inserted = seed.clone();
                inserted.insert(at, byte);
                files.extend([replaced, inserted]);
            }
            let mut removed = seed.clone();
            removed.remove(at);
            files.push(removed);
            for file in files {
                if pair.agree(&file, &limits) { accepted += 1 } else { refused += 1 }
            }
        }
    }
    assert!(accepted > 500 && refused > 5000, "{accepted} {refused}");
}

#[test]
fn numbers_at_their_bounds_end_as_on_the_general_way() {
    let file = |count: &str| support::calls(&format!(r#"{{"ctx":"1:0","records":[{count}]}}"#)).into_bytes();
    let pair = Pair::new(&file("5"));
    let counts = [
        ("0", true),
        ("00", false),
        ("01", false),
        ("-0", true),
        ("-1", false),
        ("1.0", false),
        ("1e2", false),
        ("12345678", true),
        ("123456789", true),
        ("99999999999999999", true),
        ("9223372036854775807", true),
        ("9223372036854775808", false),
        ("18446744073709551616", false),
        ("012345678901", false),
        (" 7", true),
        ("7 ", true),
        ("", false),
        ("NaN", false),
        ("7,7", false),
    ];
    for (count, valid) in counts {
        assert_eq!(pair.agree(&file(count), &Limits::default()), valid, "{count}");
    }
    // The other way round: a spelling of which there are two is in the file before.
    let odd = Pair::new(&file("-0"));
    assert!(odd.agree(&file("0"), &Limits::default()) && odd.agree(&file("-0"), &Limits::default()));
}

#[test]
fn random_damage_ends_as_on_the_general_way() {
    let seeds = seeds();
    let pairs: Vec<Pair> = seeds.iter().map(|seed| Pair::new(seed)).collect();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let mut accepted = 0;
    for step in 0..12_000 {
        let mut file = seeds[step % seeds.len()].clone();
        dice.mutate(&mut file);
        accepted += usize::from(pairs[step % seeds.len()].agree(&file, &Limits::default()));
    }
    assert!(accepted > 200, "{accepted}");
}

/// Larger than every buffer, so that pieces and numbers are cut anywhere.
#[test]
fn a_file_of_the_same_image_arrives_in_any_pieces_and_packed() {
    let synth = Synth {
        bytes: 700_000,
        seed: 1,
        order: Order::Same,
        image: 7,
    };
    let text = |synth: Synth| {
        let mut text = Vec::new();
        synth.write_to(&mut text).expect("memory takes everything");
        text
    };
    let pair = Pair::new(&text(synth));
    let other = text(Synth { seed: 2, ..synth });
    assert!(pair.agree(&other, &Limits::default()));
    let mut expected = pair.general.clone();
    expected.fold(&other[..], &Limits::default()).expect("valid");
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&other).expect("memory takes everything");
    let packed = packer.finish().expect("memory takes everything");
    let inputs: [&mut dyn Read; 2] = [&mut Pieces(&other, 1), &mut &packed[..]];
    for input in inputs {
        let mut merge = pair.short.clone();
        merge.fold(input, &Limits::default()).expect("valid");
        assert_eq!(bytes(&merge), bytes(&expected));
    }
    // Cut, and different only near the end.
    assert!(!pair.agree(&other[..other.len() - 20], &Limits::default()));
    let mut late = other.clone();
    let at = late.len() - 6;
    late[at] = b'x';
    assert!(!pair.agree(&late, &Limits::default()));
    assert!(pair.agree(
        &text(Synth {
            order: Order::Shuffled,
            ..synth
        }),
        &Limits::default()
    ));
    assert!(pair.agree(&text(Synth { image: 8, ..synth }), &Limits::default()));
}

#[test]
fn bounds_hold_for_files_that_are_like_the_last_one() {
    let file = support::calls(r#"{"ctx":"1:0","records":[5]}"#);
    let pair = Pair::new(file.as_bytes());
    let length = file.len() as u64;
    for limits in [
        Limits {
            bytes: length - 1,
            ..Limits::default()
        },
        Limits {
            input_bytes: length - 1,
            ..Limits::default()
        },
        Limits {
            entries: 1,
            ..Limits::default()
        },
        Limits {
            methods: 1,
            ..Limits::default()
        },
        Limits {
            merged_entries: 1,
            ..Limits::default()
        },
        Limits {
            merged_names: 1,
            ..Limits::default()
        },
        Limits {
            merged_values: 1,
            ..Limits::default()
        },
    ] {
        assert!(!pair.agree(file.as_bytes(), &limits), "{limits:?}");
    }
    assert!(pair.agree(
        file.as_bytes(),
        &Limits {
            bytes: length,
            ..Limits::default()
        }
    ));
    // The count is longer than the one before, and the bound was just met.
    let bounded = Limits {
        bytes: length,
        ..Limits::default()
    };
    let mut merge = Intermediate::new();
    merge.fold(file.as_bytes(), &bounded).expect("valid");
    let longer = file.replace("[5]", "[55]");
    let fault = merge.fold(longer.as_bytes(), &bounded).expect_err("longer");
    assert_eq!(fault.to_string(), format!("byte {length}: more than {length} bytes"));
}

#[test]
fn a_source_that_fails_midway_is_told_as_on_the_general_way() {
    let file = support::calls(r#"{"ctx":"1:0","records":[5]}"#);
    let mut merge = Pair::new(file.as_bytes()).short;
    let fault = merge.fold(file.as_bytes()[..90].chain(Dead), &Limits::default()).expect_err("dead");
    assert_eq!(fault.to_string(), "the input cannot be read or decompressed after byte 90");
}

struct Dead;

impl Read for Dead {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the line is dead"))
    }
}
