//! What the suites share.
#![allow(dead_code, unreachable_pub, reason = "each suite uses a part")]

pub mod damage;
pub mod generate;
pub mod lists;
pub mod pair;
pub mod reference;

use anneal_iprof::{Intermediate, Limits, check};

/// Types 0 `int`, 1 `A`, 2 `B`; methods 0 `A.f()`, 1 `A.g()`, 2 `B.f(int)`, all returning `int`.
pub fn profile(sections: &str) -> String {
    format!(
        r#"{{"version":"1.0.0","types":[{{"id":0,"name":"int"}},{{"id":1,"name":"A"}},{{"id":2,"name":"B"}}],
        "methods":[{{"id":0,"name":"f","signature":[1,0]}},{{"id":1,"name":"g","signature":[1,0]}},
        {{"id":2,"name":"f","signature":[2,0,0]}}],{sections}}}"#
    )
}

pub fn fold_all(texts: &[&str]) -> Intermediate {
    let mut merge = Intermediate::new();
    for text in texts {
        merge.fold(text.as_bytes(), &Limits::default()).expect("the profile is valid");
    }
    merge
}

/// The final bytes; where shapes conflict, the intermediate's, which show them all.
pub fn canonical(merge: &Intermediate) -> String {
    let mut bytes = Vec::new();
    if merge.conflicts() == 0 {
        merge
            .to_final(anneal_iprof::ConflictPolicy::Dominant)
            .write_canonical(&mut bytes)
            .expect("memory takes everything");
    } else {
        merge.write_to(&mut bytes).expect("memory takes everything");
    }
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

#[track_caller]
pub fn refuses(text: &str, message: &str) {
    let limits = Limits::default();
    let fault = check(text.as_bytes(), &limits).expect_err(text);
    assert_eq!(fault.to_string(), message, "{text}");
    let folded = Intermediate::new().fold(text.as_bytes(), &limits).expect_err(text);
    assert_eq!(folded.to_string(), message, "{text}");
}

#[track_caller]
pub fn accepts(text: &str) {
    let fault = check(text.as_bytes(), &Limits::default()).err();
    assert!(fault.is_none(), "{fault:?}: {text}");
}

pub fn calls(entry: &str) -> String {
    profile(&format!(r#""callCountProfiles":[{{"ctx":"0:0","records":[1]}},{entry}]"#))
}
