//! When the short way is taken, and what it may not change.

#[path = "../../tests/support/lists.rs"]
#[expect(unreachable_pub, reason = "the suites use it too")]
mod lists;

use crate::synth::{Order, Synth};
use crate::{Intermediate, Limits};

fn text(seed: u64, image: u64) -> Vec<u8> {
    ordered(seed, image, Order::Same)
}

fn ordered(seed: u64, image: u64, order: Order) -> Vec<u8> {
    let synth = Synth {
        bytes: 50_000,
        seed,
        order,
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

#[test]
fn takes_files_in_any_order_on_the_short_way() {
    let limits = Limits::default();
    let mut merge = Intermediate::new();
    merge.fold(&text(1, 1)[..], &limits).expect("valid");
    for seed in 2..5 {
        merge.fold(&ordered(seed, 1, Order::Shuffled)[..], &limits).expect("valid");
        assert!(merge.took_the_short_way(), "{seed}");
    }
    merge.fold(&ordered(5, 2, Order::Shuffled)[..], &limits).expect("valid");
    assert!(!merge.took_the_short_way());
}

#[test]
fn takes_elements_with_signs_in_their_names_on_the_short_way() {
    let limits = Limits::default();
    let mut merge = Intermediate::new();
    for lists in [lists::lists(), lists::reversed(), lists::lists()] {
        merge.fold(&lists::text(&lists)[..], &limits).expect("valid");
    }
    assert!(merge.took_the_short_way());
    let longer = String::from_utf8(lists::text(&lists::reversed())).expect("it is UTF-8");
    for count in ["1", "9223372036854775807"] {
        let file = longer.replace("12345678]", &format!("{count}]"));
        merge.fold(file.as_bytes(), &limits).expect("valid");
        assert!(merge.took_the_short_way(), "{count}");
    }
}
