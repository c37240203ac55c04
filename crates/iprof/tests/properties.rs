//! The laws of the merge, on generated profiles.

mod support;

use anneal_iprof::{ConflictPolicy, Intermediate, Limits, Profile, check, hot_set_stability, new_context_percent, overlap};
use proptest::prelude::*;
use support::generate::{File, file, files};
use support::reference::{Policy, Reference};

fn fold(texts: &[String]) -> Intermediate {
    support::fold_all(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn intermediate(merge: &Intermediate) -> Vec<u8> {
    let mut bytes = Vec::new();
    merge.write_to(&mut bytes).expect("memory takes everything");
    bytes
}

fn final_form(merge: &Intermediate, policy: ConflictPolicy) -> String {
    let mut bytes = Vec::new();
    merge.to_final(policy).write_canonical(&mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn texts(files: &[File]) -> Vec<String> {
    files.iter().map(File::text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]
    /// Some thousands of profiles, with every trap of the format.
    #[test]
    fn agrees_with_the_naive_merger(files in files(1..7)) {
        let texts = texts(&files);
        let mut reference = Reference::default();
        for text in &texts {
            reference.add(&serde_json::from_str(text).expect("generated profiles are JSON"));
        }
        let merge = fold(&texts);
        prop_assert_eq!(final_form(&merge, ConflictPolicy::Dominant), reference.canonical(Policy::Dominant));
        prop_assert_eq!(final_form(&merge, ConflictPolicy::Drop), reference.canonical(Policy::Drop));
    }

}

proptest! {
    #[test]
    fn is_commutative(files in files(1..5), turn in 0..5_usize) {
        let texts = texts(&files);
        let mut other = texts.clone();
        other.rotate_left(turn % texts.len());
        let mut reversed = texts.clone();
        reversed.reverse();
        prop_assert_eq!(intermediate(&fold(&texts)), intermediate(&fold(&other)));
        prop_assert_eq!(intermediate(&fold(&texts)), intermediate(&fold(&reversed)));
    }

    #[test]
    fn is_associative(left in files(0..3), middle in files(0..3), right in files(0..3)) {
        let [left, middle, right] = [left, middle, right].map(|files| fold(&texts(&files)));
        let mut grouped_left = left.clone();
        grouped_left.merge(&middle).expect("one major");
        grouped_left.merge(&right).expect("one major");
        let mut tail = middle;
        tail.merge(&right).expect("one major");
        let mut grouped_right = left;
        grouped_right.merge(&tail).expect("one major");
        prop_assert_eq!(intermediate(&grouped_left), intermediate(&grouped_right));
    }

    #[test]
    fn has_an_identity(file in file()) {
        let merge = fold(&[file.text()]);
        let mut left = Intermediate::new();
        left.merge(&merge).expect("one major");
        let mut right = merge.clone();
        right.merge(&Intermediate::new()).expect("one major");
        prop_assert_eq!(intermediate(&left), intermediate(&merge));
        prop_assert_eq!(intermediate(&right), intermediate(&merge));
    }

    #[test]
    fn folds_one_by_one_as_at_once(files in files(0..5)) {
        let texts = texts(&files);
        let mut stepwise = Intermediate::new();
        for text in &texts {
            // As the depot does it: read the state, fold one profile, write the state.
            stepwise = Intermediate::read_from(&intermediate(&stepwise)[..], &Limits::for_intermediate())
                .expect("our own bytes");
            stepwise.fold(text.as_bytes(), &Limits::default()).expect("valid");
        }
        let mut parts = Intermediate::new();
        for text in &texts {
            parts.merge(&fold(std::slice::from_ref(text))).expect("one major");
        }
        let at_once = fold(&texts);
        prop_assert_eq!(intermediate(&stepwise), intermediate(&at_once));
        prop_assert_eq!(intermediate(&parts), intermediate(&at_once));
        for policy in [ConflictPolicy::Dominant, ConflictPolicy::Drop] {
            let bytes = final_form(&at_once, policy);
            prop_assert_eq!(&final_form(&stepwise, policy), &bytes);
            let mut direct = Vec::new();
            stepwise.write_final(policy, &mut direct).expect("memory takes everything");
            prop_assert_eq!(String::from_utf8(direct).expect("JSON is UTF-8"), bytes);
            prop_assert_eq!(parts.digest(policy).expect("memory"), at_once.to_final(policy).digest().expect("memory"));
        }
    }

    #[test]
    fn reads_what_it_writes(files in files(1..4)) {
        let merge = fold(&texts(&files));
        let bytes = intermediate(&merge);
        let back = Intermediate::read_from(&bytes[..], &Limits::for_intermediate()).expect("our own bytes");
        prop_assert_eq!(intermediate(&back), bytes);
        let text = final_form(&merge, ConflictPolicy::Dominant);
        prop_assert_eq!(final_form(&fold(std::slice::from_ref(&text)), ConflictPolicy::Drop), text);
    }

    #[test]
    fn checks_as_it_folds(file in file()) {
        let text = file.text();
        let summary = check(text.as_bytes(), &Limits::default()).expect("valid");
        let mut merge = Intermediate::new();
        let report = merge.fold(text.as_bytes(), &Limits::default()).expect("valid");
        prop_assert_eq!(&report.summary, &summary);
        prop_assert_eq!(summary.bytes, text.len() as u64);
        prop_assert_eq!(summary.event_mass, merge.event_mass());
        prop_assert_eq!(report.contexts + report.repeated_contexts, summary.entries.total());
        prop_assert_eq!(report.new_contexts, report.contexts);
    }

    #[test]
    fn packs_without_loss(file in file()) {
        let merged = fold(&[file.text()]).to_final(ConflictPolicy::Dominant);
        let mut packed = Vec::new();
        merged.write_gzip(&mut packed).expect("memory takes everything");
        let back = Profile::read(&packed[..], &Limits::default(), ConflictPolicy::Drop).expect("our own");
        prop_assert_eq!(back.digest().expect("memory"), merged.digest().expect("memory"));
    }

    #[test]
    fn prunes_only_names(files in files(1..4)) {
        let whole = fold(&texts(&files)).to_final(ConflictPolicy::Dominant);
        let mut pruned = whole.clone();
        pruned.prune();
        prop_assert!((overlap(&whole, &pruned) - 1.0).abs() < 1e-9);
        prop_assert!(new_context_percent(&whole, &pruned) + new_context_percent(&pruned, &whole) < 1e-9);
        let again = { let mut again = pruned.clone(); again.prune(); again };
        prop_assert_eq!(&again, &pruned);
        let mut bytes = Vec::new();
        pruned.write_canonical(&mut bytes).expect("memory takes everything");
        let back = Profile::read(&bytes[..], &Limits::default(), ConflictPolicy::Drop).expect("our own");
        prop_assert_eq!(back, pruned);
    }

    #[test]
    fn reports_the_overlap_of_the_merge_before_and_after(files in files(1..5), twice in any::<bool>()) {
        let mut merge = Intermediate::new();
        for text in texts(&files) {
            // The second time the file is like the last one.
            for _ in 0..=usize::from(twice) {
                let before = merge.clone();
                let report = merge.fold(text.as_bytes(), &Limits::default()).expect("valid");
                prop_assert_eq!(report.overlap.is_none(), before.is_empty());
                let Some(reported) = report.overlap.filter(|_| merge.conflicts() == 0) else {
                    continue;
                };
                let policy = ConflictPolicy::Dominant;
                let measured = overlap(&before.to_final(policy), &merge.to_final(policy));
                prop_assert!((reported - measured).abs() < 1e-9, "{} {}", reported, measured);
            }
        }
    }

    #[test]
    fn a_sum_that_saturates_is_the_same_in_every_order(counts in prop::collection::vec(any::<u64>(), 1..6), turn in 0..6_usize) {
        let file = |count: &u64| support::calls(&format!(r#"{{"ctx":"1:0","records":[{}]}}"#, count >> 1));
        let mut texts: Vec<String> = counts.iter().map(file).collect();
        let merge = fold(&texts);
        let sum: u128 = counts.iter().map(|count| u128::from(count >> 1)).sum();
        let most = u128::from(i64::MAX.unsigned_abs());
        let bytes = final_form(&merge, ConflictPolicy::Dominant);
        let expected = format!(r#"{{"ctx":"1:0","records":[{}]}}"#, sum.min(most));
        prop_assert!(bytes.contains(&expected), "{} {}", bytes, expected);
        let length = texts.len();
        texts.rotate_left(turn % length);
        prop_assert_eq!(final_form(&fold(&texts), ConflictPolicy::Dominant), bytes);
    }

    #[test]
    fn measures_within_bounds_and_from_both_sides(left in files(1..3), right in files(1..3)) {
        let [left, right] =
            [left, right].map(|files| fold(&texts(&files)).to_final(ConflictPolicy::Dominant));
        let common = overlap(&left, &right);
        prop_assert!((0.0..=1.0).contains(&common));
        prop_assert_eq!(common.to_bits(), overlap(&right, &left).to_bits());
        prop_assert!((overlap(&left, &left) - 1.0).abs() < 1e-9);
        prop_assert!(new_context_percent(&left, &left).abs() < 1e-9);
        prop_assert!((0.0..=100.0).contains(&new_context_percent(&left, &right)));
        prop_assert!((hot_set_stability(&left, &left, 99) - 1.0).abs() < 1e-9);
        let stability = hot_set_stability(&left, &right, 99);
        prop_assert!((stability - hot_set_stability(&right, &left, 99)).abs() < 1e-9);
    }

    #[test]
    fn a_refused_profile_changes_nothing(files in files(1..3), bad in file(), cut in any::<prop::sample::Index>()) {
        let mut merge = fold(&texts(&files));
        let before = intermediate(&merge);
        let text = bad.text();
        let cut = &text.as_bytes()[..cut.index(text.len())];
        prop_assert!(merge.fold(cut, &Limits::default()).is_err());
        let small = Limits { merged_entries: 0, ..Limits::default() };
        prop_assert!(merge.fold(text.as_bytes(), &small).is_err());
        prop_assert_eq!(intermediate(&merge), before);
    }
}
