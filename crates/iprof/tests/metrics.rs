//! The gate's figures, on profiles small enough to reckon by hand.

mod support;

use anneal_iprof::{ConflictPolicy, Presence, Profile, events_per_site, hot_set_stability, new_context_percent, overlap, relevance};
use support::{fold_all, profile};

fn of(sections: &str) -> Profile {
    fold_all(&[&profile(sections)]).to_final(ConflictPolicy::Dominant)
}

fn calls(counts: &[(&str, i64)]) -> Profile {
    let entries: Vec<_> = counts
        .iter()
        .map(|(context, count)| format!(r#"{{"ctx":"{context}","records":[{count}]}}"#))
        .collect();
    of(&format!(r#""callCountProfiles":[{}]"#, entries.join(",")))
}

#[track_caller]
fn near(left: f64, right: f64) {
    assert!((left - right).abs() < 1e-12, "{left} {right}");
}

#[test]
fn overlap_compares_shares_and_not_amounts() {
    let small = calls(&[("0:0", 1), ("1:0", 3)]);
    near(overlap(&small, &calls(&[("0:0", 100), ("1:0", 300)])), 1.0);
    near(overlap(&small, &calls(&[("0:0", 3), ("1:0", 1)])), 0.5);
    near(overlap(&small, &calls(&[("0:0", 1), ("2:0", 3)])), 0.25);
    near(overlap(&small, &calls(&[("2:0", 1)])), 0.0);
    near(overlap(&calls(&[("0:0", 0)]), &calls(&[("1:0", 0)])), 1.0);
    near(overlap(&small, &calls(&[("1:0", 0)])), 0.0);
}

#[test]
fn overlap_looks_at_each_branch_and_each_type() {
    let left = of(r#""conditionalProfiles":[{"ctx":"0:1","records":[20,0,1,53,1,3]}]"#);
    let right = of(r#""conditionalProfiles":[{"ctx":"0:1","records":[53,0,1,20,1,3]}]"#);
    near(overlap(&left, &right), 0.5);
    let left = of(r#""virtualInvokeProfiles":[{"ctx":"0:1","records":[0,1,1,3]}]"#);
    let right = of(r#""virtualInvokeProfiles":[{"ctx":"0:1","records":[1,3,2,1]}]"#);
    near(overlap(&left, &right), 0.75);
    let switch = of(r#""conditionalProfiles":[{"ctx":"0:1","records":[-5,0,1,-5,0,3]}]"#);
    near(overlap(&switch, &switch), 1.0);
}

#[test]
fn overlap_stays_exact_where_counts_are_saturated() {
    let most = i64::MAX;
    let full = calls(&[("0:0", most), ("1:0", most), ("2:0", most)]);
    near(overlap(&full, &full), 1.0);
    assert!((overlap(&full, &calls(&[("0:0", most)])) - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn samples_and_monitors_carry_no_events() {
    let quiet = of(r#""samplingProfiles":[{"ctx":"0:1","records":[9]}],"monitorProfiles":[{"ctx":"0:0","records":[1,4]}]"#);
    assert_eq!(quiet.event_mass(), 0);
    near(events_per_site(&quiet), 0.0);
    near(events_per_site(&calls(&[("0:0", 4), ("1:0", 2), ("2:0", 0)])), 3.0);
}

#[test]
fn new_contexts_are_counted_and_not_weighed() {
    let known = calls(&[("0:0", 1), ("1:0", 1)]);
    near(
        new_context_percent(&known, &calls(&[("0:0", 1000), ("2:0", 1), ("0:0<1:4", 1), ("1:0", 1)])),
        50.0,
    );
    near(new_context_percent(&known, &known), 0.0);
    near(
        new_context_percent(&known, &of(r#""samplingProfiles":[{"ctx":"0:0","records":[1]}]"#)),
        100.0,
    );
}

#[test]
fn hot_sets_ignore_the_cold_rest() {
    let left = calls(&[("0:0", 990), ("1:0", 10)]);
    let right = calls(&[("0:0", 995), ("2:0", 5)]);
    near(hot_set_stability(&left, &right, 99), 1.0);
    near(hot_set_stability(&left, &right, 100), 1.0 / 3.0);
    near(hot_set_stability(&left, &calls(&[("2:0", 1)]), 99), 0.0);
}

#[test]
fn relevance_asks_for_class_name_and_descriptor() {
    let profile = calls(&[("0:0", 60), ("1:0<2:3", 30), ("2:0", 10)]);
    let asked = std::cell::RefCell::new(Vec::new());
    let figures = relevance(&profile, |class, name, descriptor| {
        asked.borrow_mut().push(format!("{class}.{name}{descriptor}"));
        if name == "g" { Presence::Absent } else { Presence::Present }
    });
    let mut asked = asked.into_inner();
    asked.sort();
    assert_eq!(asked, ["A.f()I", "A.g()I", "B.f(I)I"]);
    near(figures.methods_percent, 200.0 / 3.0);
    near(figures.mass_percent, 70.0);
    let foreign = relevance(
        &profile,
        |class, _, _| {
            if class == "A" { Presence::Foreign } else { Presence::Absent }
        },
    );
    near(foreign.methods_percent, 0.0);
    near(foreign.mass_percent, 0.0);
    near(relevance(&profile, |_, _, _| Presence::Foreign).mass_percent, 100.0);
}

#[test]
fn relevance_spells_types_as_class_files_do() {
    let text = r#"{"version":"1.0.0","types":[{"id":0,"name":"a.b.C$D"},{"id":1,"name":"[[J"},
        {"id":2,"name":"[Ljava.lang.String;"},{"id":3,"name":"void"},{"id":4,"name":"double"}],
        "methods":[{"id":0,"name":"f","signature":[0,3,1,2,4,0]}],"callCountProfiles":[{"ctx":"0:0","records":[1]}]}"#;
    relevance(&fold_all(&[text]).to_final(ConflictPolicy::Drop), |class, _, descriptor| {
        assert_eq!((class, descriptor), ("a.b.C$D", "([[J[Ljava/lang/String;DLa/b/C$D;)V"));
        Presence::Present
    });
}
