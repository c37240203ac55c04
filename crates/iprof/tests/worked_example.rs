//! The format description's own example, and each trap it names.

mod support;

use anneal_iprof::{ConflictPolicy, Intermediate, Limits, Section, Version};
use support::{canonical, fold_all, profile};

const A: &str = r#"{"version":"1.0.0",
 "types":[{"id":0,"name":"int"},{"id":1,"name":"Fn"},{"id":2,"name":"A"}],
 "methods":[{"id":7,"name":"f","signature":[1,0]},{"id":8,"name":"g","signature":[1,0]}],
 "callCountProfiles":[{"ctx":"8:0<7:4","records":[10]}],
 "conditionalProfiles":[{"ctx":"7:11","records":[20,0,10,53,1,1]}],
 "virtualInvokeProfiles":[{"ctx":"7:9","records":[2,60]}],
 "monitorProfiles":[{"ctx":"0:0","records":[1,4]}]}"#;

const B: &str = r#"{"virtualInvokeProfiles":[{"records":[9,3],"ctx":"4:9"}],
 "monitorProfiles":[{"ctx":"0:0","records":[5,6]}],
 "conditionalProfiles":[{"ctx":"4:11","records":[53,0,2,20,1,8]}],
 "callCountProfiles":[{"ctx":"3:0<4:4","records":[5]}],
 "methods":[{"id":3,"name":"g","signature":[5,6]},{"signature":[5,6],"id":4,"name":"f"}],
 "types":[{"id":5,"name":"Fn"},{"id":6,"name":"int"},{"id":9,"name":"B"}],
 "version":"1.0.0"}"#;

const MERGED: &str = concat!(
    r#"{"callCountProfiles":[{"ctx":"1:0<0:4","records":[15]}],"#,
    r#""conditionalProfiles":[{"ctx":"0:11","records":[20,0,18,53,1,3]}],"#,
    r#""methods":[{"id":0,"name":"f","signature":[3,0]},{"id":1,"name":"g","signature":[3,0]}],"#,
    r#""monitorProfiles":[{"ctx":"0:0","records":[3,10]}],"samplingProfiles":[],"#,
    r#""types":[{"id":0,"name":"int"},{"id":1,"name":"A"},{"id":2,"name":"B"},{"id":3,"name":"Fn"}],"#,
    r#""version":"1.0.0","virtualInvokeProfiles":[{"ctx":"0:9","records":[1,60,2,3]}]}"#,
);

#[test]
fn merges_the_worked_example_in_both_orders() {
    assert_eq!(canonical(&fold_all(&[A, B])), MERGED);
    assert_eq!(canonical(&fold_all(&[B, A])), MERGED);
}

#[test]
fn reads_what_it_writes() {
    assert_eq!(canonical(&fold_all(&[MERGED])), MERGED);
}

#[test]
fn reports_what_a_profile_brought() {
    let mut merge = Intermediate::new();
    let limits = Limits::default();
    let first = merge.fold(A.as_bytes(), &limits).expect("A is valid");
    assert_eq!((first.contexts, first.new_contexts, first.repeated_contexts), (4, 4, 0));
    assert_eq!(first.summary.event_mass, 10 + 11 + 60);
    let second = merge.fold(B.as_bytes(), &limits).expect("B is valid");
    assert_eq!((second.contexts, second.new_contexts), (4, 0));
    assert!(second.new_context_percent().abs() < f64::EPSILON);
    assert_eq!(merge.event_mass(), 15 + 21 + 63);
    assert_eq!(merge.to_final(ConflictPolicy::Drop).event_mass(), 99);
}

/// A profile with one conditional entry for each list of records.
fn branching(records: &[&str]) -> String {
    let entries: Vec<_> = records
        .iter()
        .map(|records| format!(r#"{{"ctx":"0:5","records":[{records}]}}"#))
        .collect();
    profile(&format!(r#""conditionalProfiles":[{}]"#, entries.join(",")))
}

fn branches(merge: &Intermediate, policy: ConflictPolicy) -> Vec<Vec<i64>> {
    let merged = merge.to_final(policy);
    merged
        .entries(Section::Conditionals)
        .iter()
        .map(|entry| entry.records.to_vec())
        .collect()
}

#[test]
fn adds_switches_with_shared_targets_by_position() {
    let switch = branching(&["30,0,7,-5,0,2,44,1,1"]);
    let merge = fold_all(&[&switch, &switch]);
    assert_eq!(branches(&merge, ConflictPolicy::Drop), [[30, 0, 14, -5, 0, 4, 44, 1, 2]]);
    assert_eq!(merge.conflicts(), 0);
}

#[test]
fn adds_other_orders_of_distinct_indexes_by_index_and_writes_the_smallest() {
    let (left, right) = (branching(&["53,0,2,20,1,8"]), branching(&["20,0,10,53,1,1"]));
    let last = branching(&["20,1,100,53,0,1000"]);
    for order in [[&left, &right, &last], [&last, &right, &left], [&right, &last, &left]] {
        let merge = fold_all(&order.map(String::as_str));
        assert_eq!(branches(&merge, ConflictPolicy::Drop), [[20, 0, 118, 53, 1, 1003]]);
    }
}

#[test]
fn keeps_conflicting_shapes_apart_until_the_end() {
    let (small, large) = (branching(&["20,0,1,53,1,1"]), branching(&["20,0,5,60,1,1"]));
    let shared = branching(&["20,0,9,-5,0,9"]);
    let merge = fold_all(&[&small, &large, &shared, &large]);
    assert_eq!(merge.conflicts(), 1);
    assert_eq!(branches(&merge, ConflictPolicy::Dominant), [[20, 0, 9, -5, 0, 9]]);
    assert_eq!(branches(&merge, ConflictPolicy::Drop), Vec::<Vec<i64>>::new());
    let later = fold_all(&[&large, &shared, &large, &small, &large, &large]);
    assert_eq!(branches(&later, ConflictPolicy::Dominant), [[20, 0, 20, 60, 1, 4]]);
}

#[test]
fn breaks_ties_between_conflicting_shapes_by_their_order() {
    let (left, right) = (branching(&["20,0,5"]), branching(&["60,0,5"]));
    for order in [[&left, &right], [&right, &left]] {
        let merge = fold_all(&order.map(String::as_str));
        assert_eq!(branches(&merge, ConflictPolicy::Dominant), [[20, 0, 5]]);
    }
}

#[test]
fn repeats_and_shared_targets_never_merge_by_index() {
    for (left, right) in [
        ("-5,0,1,-5,1,2", "-5,1,1,-5,0,2"),
        ("-5,0,1,44,1,2", "44,0,1,-5,1,2"),
        ("20,0,1,20,1,2", "20,1,1,20,0,2"),
        ("20,0,1,53,1,2,20,2,3", "20,0,1,20,1,2,53,2,3"),
    ] {
        let merge = fold_all(&[&branching(&[left]), &branching(&[right])]);
        assert_eq!(merge.conflicts(), 1, "{left}");
    }
}

#[test]
fn treats_repeats_of_a_context_in_one_file_as_a_merge() {
    let repeated = branching(&["20,0,1", "20,0,2", "30,0,9"]);
    let mut merge = Intermediate::new();
    let report = merge.fold(repeated.as_bytes(), &Limits::default()).expect("valid");
    assert_eq!((report.contexts, report.repeated_contexts), (1, 2));
    assert_eq!(
        canonical(&merge),
        canonical(&fold_all(&[&branching(&["30,0,9"]), &branching(&["20,0,3"])]))
    );
}

#[test]
fn never_remaps_the_dummy_context_of_monitors() {
    // Method 0 of the file becomes method 1 of the merge.
    let text = r#"{"version":"1.0.0","types":[{"id":0,"name":"Z"}],
        "methods":[{"id":0,"name":"z","signature":[0,0]},{"id":1,"name":"a","signature":[0,0]}],
        "monitorProfiles":[{"ctx":"0:0","records":[0,4]}]}"#;
    assert!(canonical(&fold_all(&[text])).contains(r#""monitorProfiles":[{"ctx":"0:0","records":[0,4]}]"#));
}

#[test]
fn sums_a_type_that_a_site_lists_twice() {
    let twice = profile(r#""virtualInvokeProfiles":[{"ctx":"0:5","records":[0,1,1,2,0,3]}]"#);
    let merge = fold_all(&[&twice]).to_final(ConflictPolicy::Drop);
    assert_eq!(*merge.entries(Section::VirtualInvokes)[0].records, [0, 4, 1, 2]);
}

#[test]
fn reads_both_spellings_of_instanceof_and_lifts_the_version() {
    for key in ["instanceofProfiles", "instanceOfProfiles"] {
        let text = profile(&format!(r#""{key}":[{{"ctx":"0:5","records":[0,1]}}]"#));
        let merged = fold_all(&[&text]).to_final(ConflictPolicy::Drop);
        assert_eq!(merged.version(), Version::V1_1);
        assert_eq!(merged.entries(Section::InstanceOf).len(), 1);
        assert!(canonical(&fold_all(&[&text])).contains(r#""instanceofProfiles":[{"ctx""#));
    }
}

#[test]
fn merges_minor_versions_into_the_newer() {
    let newer = A.replace("1.0.0", "1.1.0");
    assert!(canonical(&fold_all(&[&newer, B])).contains(r#""version":"1.1.0""#));
    assert_eq!(canonical(&fold_all(&[&newer, B])), canonical(&fold_all(&[B, &newer])));
    let latest = A.replace("1.0.0", "1.9.3");
    assert_eq!(canonical(&fold_all(&[&latest])), canonical(&fold_all(&[&newer])));
}

#[test]
fn saturates_where_the_consumer_would_overflow() {
    let most = profile(&format!(r#""callCountProfiles":[{{"ctx":"0:0","records":[{}]}}]"#, i64::MAX));
    let merge = fold_all(&[&most, &most, &most]);
    assert_eq!(
        *merge.to_final(ConflictPolicy::Drop).entries(Section::CallCounts)[0].records,
        [i64::MAX]
    );
    assert_eq!(merge.event_mass(), i64::MAX.unsigned_abs());
}

#[test]
fn prunes_names_that_nothing_refers_to() {
    let mut merged = fold_all(&[&profile(r#""callCountProfiles":[{"ctx":"1:0","records":[1]}]"#)]).to_final(ConflictPolicy::Drop);
    merged.prune();
    assert_eq!(merged.types().len(), 2);
    assert_eq!(merged.methods().len(), 1);
    assert_eq!(merged.entries(Section::CallCounts)[0].context[0].method, 0);
    let mut bytes = Vec::new();
    merged.write_canonical(&mut bytes).expect("memory takes everything");
    assert_eq!(
        canonical(&fold_all(&[std::str::from_utf8(&bytes).expect("JSON")])).into_bytes(),
        bytes
    );
}

const OLD: &str = r#"{"version":"0.2.0","types":[{"id":1,"typeName":"Fn"},{"id":0,"typeName":"int"}],
    "methods":[{"id":7822,"methodName":"f","signature":[1,0]},{"id":11372,"methodName":"g","signature":[1,0]}],
    "hotnessPoints":[{"methodBciList":"7822:3,11372:13","records":[4]}],
    "conditionalPoints":[{"methodBciList":"7822:5","records":[9,0,1]}],
    "invokePoints":[{"methodBciList":"7822:7","records":[1,2]}],"monitorsProfile":{"records":[1,3]}}"#;

#[test]
fn keeps_the_older_form() {
    let expected = concat!(
        r#"{"conditionalPoints":[{"methodBciList":"0:5","records":[9,0,2]}],"#,
        r#""hotnessPoints":[{"methodBciList":"0:3,1:13","records":[8]}],"#,
        r#""invokePoints":[{"methodBciList":"0:7","records":[1,4]}],"#,
        r#""methods":[{"id":0,"methodName":"f","signature":[1,0]},"#,
        r#"{"id":1,"methodName":"g","signature":[1,0]}],"monitorsProfile":{"records":[1,6]},"#,
        r#""types":[{"id":0,"typeName":"int"},{"id":1,"typeName":"Fn"}],"version":"0.2.0"}"#,
    );
    assert_eq!(canonical(&fold_all(&[OLD, OLD])), expected);
    assert_eq!(canonical(&fold_all(&[expected])), expected);
}

#[test]
fn never_mixes_major_versions() {
    let mut merge = fold_all(&[OLD]);
    let before = canonical(&merge);
    let fault = merge.fold(A.as_bytes(), &Limits::default()).expect_err("the majors differ");
    assert_eq!(fault.to_string(), "a profile of version 1.0.0 cannot be merged with version 0.2.0");
    assert!(merge.merge(&fold_all(&[A])).is_err());
    assert_eq!(canonical(&merge), before);
}

#[test]
fn weighs_counts_with_half_away_from_zero() {
    let text = profile(r#""callCountProfiles":[{"ctx":"0:0","records":[5]},{"ctx":"1:0","records":[1]}]"#);
    let merge = fold_all(&[&text]);
    let weighted = Intermediate::merge_weighted([(&merge, 0.5)]).expect("the weight is positive");
    let counts: Vec<_> = weighted
        .to_final(ConflictPolicy::Drop)
        .entries(Section::CallCounts)
        .iter()
        .map(|entry| entry.records[0])
        .collect();
    assert_eq!(counts, [3, 1]);
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Intermediate::merge_weighted([(&merge, weight)]).is_err());
    }
    let long_lived = Intermediate::merge_weighted([(&merge, 100.0)]).expect("the weight is positive");
    let equal = Intermediate::merge_equally(&[merge, long_lived]).expect("weights are positive");
    assert_eq!(equal.event_mass(), 1200);
}
