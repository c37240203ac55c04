//! Reasons to refuse a whole profile: its version, its end, its unknown keys.

mod support;

use anneal_iprof::{Intermediate, Limits, UnknownKeys, check};
use support::{accepts, calls, profile, refuses};

#[test]
fn refuses_versions_by_name() {
    let versioned = |version: &str| profile(r#""callCountProfiles":[{"ctx":"0:0","records":[1]}]"#).replace("1.0.0", version);
    for version in ["1.0.0", "1.1.0", "1.2.3", "1.99.0", "1.0.1-beta", "1.0.0+build"] {
        accepts(&versioned(version));
    }
    for version in ["2.0.0", "0.1.0", "0.3.0", "10.0.0", "0.0.0"] {
        refuses(
            &versioned(version),
            &format!("version {version:?} is not supported, only 1.x and 0.2.x are"),
        );
    }
    for version in [
        "",
        "1",
        "1.0",
        "1.0.0.0",
        "v1.0.0",
        "1.0.x",
        "01.0.0",
        "1.-1.0",
        "one",
        "1.0.99999999999999999999",
    ] {
        refuses(&versioned(version), &format!("version {version:?} is not a semantic version"));
    }
    refuses(&versioned("0.2.0"), "key \"name\" does not belong to version 0.2");
    refuses(
        r#"{"version":"1.0.0","types":[{"id":0,"typeName":"A"}]}"#,
        "key \"typeName\" does not belong to version 1",
    );
    refuses(
        r#"{"version":"1.0.0","hotnessPoints":[]}"#,
        "key \"hotnessPoints\" does not belong to version 1",
    );
}

#[test]
fn refuses_every_cut() {
    let text = profile(r#""callCountProfiles":[{"ctx":"0:0","records":[1]}],"other":{"a":[1.5,"é",null]}"#);
    accepts(&text);
    for length in 0..text.len() {
        let fault = check(&text.as_bytes()[..length], &Limits::default()).expect_err("cut");
        assert!(matches!(fault.category(), "cut" | "syntax"), "{length}: {fault}");
    }
    let fault = check(&text.as_bytes()[..40], &Limits::default()).expect_err("cut");
    assert_eq!(fault.to_string(), "byte 40: the profile is cut short");
    refuses(
        &format!("{text}x"),
        &format!("byte {}: expected the end of the profile", text.len()),
    );
    accepts(&format!("\n{text} \r\n"));
}

#[test]
fn drops_unknown_keys_and_says_so_or_refuses_them() {
    let text =
        profile(r#""callCountProfiles":[{"ctx":"0:0","hot":true,"records":[1]}],"newProfiles":[{"ctx":"9:9"}],"annealIntermediate":1"#);
    let summary = check(text.as_bytes(), &Limits::default()).expect("unknown keys are fine");
    assert_eq!(summary.unknown_sections, ["newProfiles", "annealIntermediate"]);
    assert_eq!(summary.unknown_fields, 1);
    let strict = Limits {
        unknown_keys: UnknownKeys::Refuse,
        ..Limits::default()
    };
    assert_eq!(check(text.as_bytes(), &strict).expect_err("strict").category(), "schema");
    let many: Vec<_> = (0..100).map(|index| format!(r#""{}{index}":0"#, "x".repeat(200))).collect();
    let text = profile(&format!(
        r#""callCountProfiles":[{{"ctx":"0:0","records":[1]}}],{}"#,
        many.join(",")
    ));
    let summary = check(text.as_bytes(), &Limits::default()).expect("unknown keys are fine");
    assert_eq!(summary.unknown_sections.len(), 16);
    assert!(summary.unknown_sections.iter().all(|name| name.len() == 64));
}

#[test]
fn warns_of_profiles_with_samples_alone() {
    let samples = profile(r#""samplingProfiles":[{"ctx":"0:5","records":[1]}]"#);
    let summary = check(samples.as_bytes(), &Limits::default()).expect("valid");
    assert!(summary.has_only_samples());
    assert_eq!(summary.event_mass, 0);
    assert!(
        !check(calls(r#"{"ctx":"0:0","records":[2]}"#).as_bytes(), &Limits::default())
            .expect("valid")
            .has_only_samples()
    );
}

#[test]
fn recognises_only_its_own_intermediate_form() {
    let limits = Limits::for_intermediate();
    let text = profile(r#""callCountProfiles":[{"ctx":"0:0","records":[1]}]"#);
    assert_eq!(
        Intermediate::read_from(text.as_bytes(), &limits).expect_err("not ours").category(),
        "intermediate"
    );
    let newer = text.replacen('{', r#"{"annealIntermediate":2,"#, 1);
    assert_eq!(
        Intermediate::read_from(newer.as_bytes(), &limits).expect_err("newer").category(),
        "intermediate"
    );
    let ours = text.replacen('{', r#"{"annealIntermediate":1,"#, 1);
    assert!(Intermediate::read_from(ours.as_bytes(), &limits).is_ok());
    let mut empty = Vec::new();
    Intermediate::new().write_to(&mut empty).expect("memory takes everything");
    assert!(Intermediate::read_from(&empty[..], &limits).expect("ours").is_empty());
}
