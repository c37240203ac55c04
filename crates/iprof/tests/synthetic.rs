//! The synthetic profiles: valid, of the size asked for, and the same each time.

use std::collections::BTreeSet;

use anneal_iprof::synth::{Order, Synth};
use anneal_iprof::{ConflictPolicy, Intermediate, Limits, Section, UnknownKeys, Version};

const SYNTH: Synth = Synth {
    bytes: 400_000,
    seed: 1,
    order: Order::Same,
    image: 1,
};

fn text(synth: Synth) -> Vec<u8> {
    let mut bytes = Vec::new();
    synth.write_to(&mut bytes).expect("memory takes everything");
    bytes
}

#[test]
fn is_about_as_long_as_asked() {
    for bytes in [400_000, 3_000_000] {
        let length = text(Synth { bytes, ..SYNTH }).len() as u64;
        assert!(length.abs_diff(bytes) < bytes / 10, "{length} for {bytes}");
    }
}

#[test]
fn is_valid_in_every_section_and_of_the_newest_version() {
    let strict = Limits {
        unknown_keys: UnknownKeys::Refuse,
        ..Limits::default()
    };
    let mut merge = Intermediate::new();
    let report = merge.fold(&text(SYNTH)[..], &strict).expect("a valid profile");
    assert_eq!(report.summary.version, Version::V1_1);
    assert_eq!(report.repeated_contexts, 0, "every place is listed once");
    for section in Section::ALL {
        assert!(report.summary.entries.get(section) > 0, "{section:?}");
    }
    assert!(serde_json::from_slice::<serde_json::Value>(&text(SYNTH)).is_ok());
}

#[test]
fn seeds_of_one_image_differ_in_counts_alone() {
    let digits_aside = |synth| -> Vec<u8> {
        let profile = String::from_utf8(text(synth)).expect("text");
        let mut merge = Intermediate::new();
        merge.fold(profile.as_bytes(), &Limits::default()).expect("a valid profile");
        let mut records = BTreeSet::new();
        for entry in profile.split("{\"ctx\":").skip(1) {
            records.insert(entry.split("\"records\"").next().unwrap_or_default().to_owned());
        }
        records.into_iter().collect::<String>().into_bytes()
    };
    let other = Synth { seed: 2, ..SYNTH };
    assert_ne!(text(SYNTH), text(other));
    assert_eq!(text(SYNTH), text(SYNTH));
    assert_eq!(digits_aside(SYNTH), digits_aside(other));
    let mut merge = Intermediate::new();
    merge.fold(&text(SYNTH)[..], &Limits::default()).expect("a valid profile");
    let report = merge.fold(&text(other)[..], &Limits::default()).expect("a valid profile");
    assert_eq!((report.new_contexts, merge.conflicts()), (0, 0));
}

#[test]
fn shuffled_profiles_list_the_same_records_in_another_order() {
    let shuffled = Synth {
        order: Order::Shuffled,
        ..SYNTH
    };
    assert_ne!(text(SYNTH), text(shuffled));
    let digest = |synth| {
        let mut merge = Intermediate::new();
        merge.fold(&text(synth)[..], &Limits::default()).expect("a valid profile");
        merge.to_final(ConflictPolicy::Dominant).digest().expect("memory takes everything")
    };
    assert_eq!(digest(SYNTH), digest(shuffled));
}
