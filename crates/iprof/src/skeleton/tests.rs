//! When the short way is taken, and what it may not change.

use crate::synth::{Order, Synth};
use crate::{Intermediate, Limits};

fn text(seed: u64, image: u64) -> Vec<u8> {
    let synth = Synth {
        bytes: 50_000,
        seed,
        order: Order::Same,
        image,
    };
    let mut text = Vec::new();
    synth.write_to(&mut text).expect("memory takes everything");
    text
}

#[test]
fn takes_files_of_one_image_on_the_short_way_and_others_not() {
    let limits = Limits::default();
    let mut merge = Intermediate::new();
    let mut fold = |text: &[u8]| {
        merge.fold(text, &limits).expect("valid");
        merge.took_the_short_way()
    };
    assert!(!fold(&text(1, 1)));
    assert!(fold(&text(2, 1)));
    assert!(fold(&text(3, 1)));
    assert!(!fold(&text(1, 2)));
    assert!(fold(&text(2, 2)), "the last file is what counts");
    // A refused file is not what the next one is compared with.
    assert!(merge.fold(&b"{}"[..], &limits).is_err());
    merge.fold(&text(5, 2)[..], &limits).expect("valid");
    assert!(merge.took_the_short_way());
}

#[test]
fn finds_back_to_the_short_way_after_a_time_of_changes() {
    let limits = Limits::default();
    let mut merge = Intermediate::new();
    for image in 0..9 {
        merge.fold(&text(1, image)[..], &limits).expect("valid");
    }
    let found = (0..16).any(|seed| {
        merge.fold(&text(seed, 3)[..], &limits).expect("valid");
        merge.took_the_short_way()
    });
    assert!(found);
}
