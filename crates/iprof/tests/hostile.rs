//! A corpus of hostile files by name: each is refused with its reason, or accepted because it is right, and none of them takes
//! more memory than the cap. Endless input is in `bombs.rs`, single rules are in `refused_files.rs` and `refused_parts.rs`.

mod support;

use std::io::Write;

use anneal_iprof::{Intermediate, Limits, check};
use flate2::Compression;
use flate2::write::GzEncoder;
use support::{calls, profile};

/// The most that a process may hold that reads all of them, one after the other, and keeps a merge.
const MOST_KIBIBYTES: u64 = 96 << 10;

/// The default bounds but for the bytes: a debug build is slow.
fn limits() -> Limits {
    Limits {
        input_bytes: 4 << 20,
        bytes: 4 << 20,
        ..Limits::default()
    }
}

struct Case {
    name: &'static str,
    file: Vec<u8>,
    /// The category of the fault, or `ok`.
    outcome: &'static str,
}

fn case(name: &'static str, file: impl Into<Vec<u8>>, outcome: &'static str) -> Case {
    let file = file.into();
    Case { name, file, outcome }
}

fn pack(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(text).expect("memory takes everything");
    packer.finish().expect("memory takes everything")
}

fn call(count: &str) -> String {
    calls(&format!(r#"{{"ctx":"1:0","records":[{count}]}}"#))
}

fn context(context: &str) -> String {
    calls(&format!(r#"{{"ctx":"{context}","records":[1]}}"#))
}

fn branches(records: &str) -> String {
    profile(&format!(r#""conditionalProfiles":[{{"ctx":"0:1","records":[{records}]}}]"#))
}

fn numbers() -> Vec<Case> {
    vec![
        case("a count that is no number", call("NaN"), "syntax"),
        case("an infinite count", call("Infinity"), "syntax"),
        case("a count of 1e400", call("1e400"), "syntax"),
        case("a count of 1e3", call("1e3"), "syntax"),
        case("a count of 1.0", call("1.0"), "syntax"),
        case("a negative count", call("-1"), "number"),
        case("a count of minus zero, which is zero", call("-0"), "ok"),
        case("the largest count", call("9223372036854775807"), "ok"),
        case("a count of 2^63", call("9223372036854775808"), "syntax"),
        case("a count of 2^64", call("18446744073709551616"), "syntax"),
        case("a count with a leading zero", call("007"), "syntax"),
        case("a count with a sign", call("+7"), "syntax"),
        case("a count as text", call("\"7\""), "syntax"),
        case("a count of null", call("null"), "syntax"),
        case("a count of a million digits", call(&"9".repeat(1_000_000)), "syntax"),
        case("a bytecode index of 2^31", branches("2147483648,0,1"), "number"),
        case("a branch of -2^31 - 1", branches("0,-2147483649,1"), "number"),
        case("shared targets of a switch", branches("30,0,7,-5,0,2,-5,0,1"), "ok"),
    ]
}

fn shapes() -> Vec<Case> {
    let typed = |records: &str| profile(&format!(r#""virtualInvokeProfiles":[{{"ctx":"0:1","records":[{records}]}}]"#));
    vec![
        case("a call without a count", calls(r#"{"ctx":"1:0","records":[]}"#), "shape"),
        case("a call with two counts", call("1,2"), "shape"),
        case("a branch with four numbers", branches("20,0,1,53"), "shape"),
        case("a virtual call with half a pair", typed("1"), "shape"),
        case("a virtual call of a type that is not there", typed("77,1"), "reference"),
        case("a type id of 2^32", typed("4294967296,1"), "number"),
        case("one type twice at a place", typed("1,2,1,3"), "ok"),
        case("a method that is not there", context("77:0"), "reference"),
        case(
            "ids of another image",
            profile(r#""samplingProfiles":[{"ctx":"120003:4<98001:7","records":[1]}]"#),
            "reference",
        ),
        case("a call within its method", context("1:4"), "context"),
        case("an empty context", context(""), "context"),
        case("a context of a separator", context("<"), "context"),
        case("a context that ends with a separator", context("1:0<"), "context"),
        case("a context with a space", context("1: 0"), "context"),
        case("a negative method", context("-1:0"), "context"),
        case("a bytecode index of 2^31 in a context", context("1:0<1:2147483648"), "number"),
        case("a method id of forty digits", context(&format!("{}:0", "9".repeat(40))), "number"),
        case("a context of a million frames", context(&vec!["1:0"; 1_000_000].join("<")), "limit"),
        case("a context of ten thousand frames", context(&vec!["1:0"; 10_000].join("<")), "ok"),
        case("a context written with escapes", context("1\\u003a0"), "ok"),
        case(
            "a monitor in a method",
            profile(r#""monitorProfiles":[{"ctx":"1:0","records":[1,1]}]"#),
            "context",
        ),
    ]
}

fn structures() -> Vec<Case> {
    let valid = call("5");
    let nested = |open: &str| profile(&format!(r#""x":{}"#, open.repeat(500_000)));
    let entries = vec![r#"{"ctx":"0:1","records":[]}"#; 40_000].join(",");
    vec![
        case("nothing", "", "cut"),
        case("a byte order mark", format!("\u{feff}{valid}"), "syntax"),
        case(
            "UTF-16",
            valid.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            "syntax",
        ),
        case("a list", "[]", "syntax"),
        case("an empty object", "{}", "schema"),
        case("two profiles", format!("{valid}{valid}"), "syntax"),
        case("white space around", format!(" \n{valid}\r\n"), "ok"),
        case("half a million brackets", nested("["), "limit"),
        case("half a million braces", nested("{\"a\":"), "limit"),
        case(
            "a key of a million bytes",
            profile(&format!(r#""{}":1"#, "k".repeat(1_000_000))),
            "limit",
        ),
        case(
            "a string of a million bytes",
            profile(&format!(r#""x":"{}""#, "s".repeat(1_000_000))),
            "limit",
        ),
        case("a string with a raw line break", valid.replace("\"f\"", "\"f\n\""), "syntax"),
        case("a string with half a surrogate", valid.replace("\"f\"", "\"\\ud800\""), "syntax"),
        case(
            "a string that is no UTF-8",
            valid
                .replace("\"f\"", "\"\u{e9}\"")
                .into_bytes()
                .iter()
                .map(|byte| byte & 0xdf)
                .collect::<Vec<u8>>(),
            "syntax",
        ),
        case(
            "a key twice in a profile",
            valid.replacen("\"types\"", "\"types\":[],\"types\"", 1),
            "schema",
        ),
        case(
            "a key twice in an entry",
            calls(r#"{"ctx":"1:0","ctx":"1:0","records":[1]}"#),
            "schema",
        ),
        case(
            "a section under both spellings",
            profile(r#""instanceofProfiles":[],"instanceOfProfiles":[]"#),
            "schema",
        ),
        case(
            "an id twice",
            valid.replace("{\"id\":1,\"name\":\"A\"}", "{\"id\":0,\"name\":\"A\"}"),
            "reference",
        ),
        case("a context twice, which is added up", calls(r#"{"ctx":"0:0","records":[1]}"#), "ok"),
        case(
            "a section that nobody knows",
            profile(r#""x":[{"ctx":5}],"callCountProfiles":[{"ctx":"1:0","records":[1]}]"#),
            "ok",
        ),
        case("no section", profile(r#""x":1"#), "empty"),
        case(
            "forty thousand entries without records",
            profile(&format!(r#""conditionalProfiles":[{entries}]"#)),
            "ok",
        ),
        case("entries that are empty", profile(r#""callCountProfiles":[{},{}]"#), "schema"),
        case("the next major", valid.replace("1.0.0", "2.0.0"), "version"),
        case("keys of the older form", profile(r#""hotnessPoints":[]"#), "version"),
    ]
}

fn archives() -> Vec<Case> {
    let packed = pack(call("5").as_bytes());
    let mut flipped = packed.clone();
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 4;
    vec![
        case("a packed profile", packed.clone(), "ok"),
        case("a packed profile, cut", &packed[..packed.len() - 9], "unreadable"),
        case("a packed profile with a flipped bit in its checksum", flipped, "unreadable"),
        case("a header of gzip alone", &packed[..2], "unreadable"),
        case("spaces, packed a thousand to one", pack(&vec![b' '; 5 << 20]), "limit"),
        case(
            "brackets, packed a thousand to one",
            pack(&[call("5").as_bytes(), &vec![b'['; 5 << 20]].concat()),
            "syntax",
        ),
        case("a packed profile, packed", pack(&packed), "syntax"),
        case("a packed profile and rubbish", [&packed[..], b"rubbish"].concat(), "unreadable"),
    ]
}

/// One test, because the high-water mark of memory belongs to the whole process.
#[test]
fn each_is_refused_with_its_reason_or_accepted_within_the_cap() {
    let cases: Vec<Case> = [numbers(), shapes(), structures(), archives()].into_iter().flatten().collect();
    assert!(cases.len() >= 70);
    let mut merge = support::fold_all(&[&call("5")]);
    for Case { name, file, outcome } in &cases {
        let checked = check(&file[..], &limits());
        let category = checked.as_ref().map_or_else(anneal_iprof::Error::category, |_| "ok");
        assert_eq!(category, *outcome, "{name}: {checked:?}");
        let before = merge.len();
        let folded = merge.fold(&file[..], &limits());
        let alike = folded.map(|report| report.summary).map_err(|fault| fault.to_string());
        assert_eq!(alike, checked.map_err(|fault| fault.to_string()), "{name}");
        assert!(*outcome == "ok" || merge.len() == before, "{name}");
    }
    if let Some(peak) = peak_kibibytes() {
        assert!(peak < MOST_KIBIBYTES, "{peak} KiB");
    }
}

/// The process' largest resident set, where the system tells it.
fn peak_kibibytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[test]
fn a_file_that_is_cut_anywhere_is_cut() {
    let text = call("5");
    for length in 0..text.len() {
        let fault = Intermediate::new().fold(&text.as_bytes()[..length], &limits()).expect_err("cut");
        assert_eq!(fault.category(), "cut", "{length}: {fault}");
    }
}

#[test]
fn the_seeds_of_the_fuzzer_are_valid() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus is there") {
        let path = entry.expect("the corpus is there").path();
        if path.extension().is_some_and(|extension| extension == "iprof") {
            let checked = check(std::fs::File::open(&path).expect("readable"), &limits());
            assert!(checked.is_ok(), "{}: {checked:?}", path.display());
            count += 1;
        }
    }
    assert!(count >= 5, "{count}");
}
