//! What the real apiserver says to manifests that make no sense: only it checks the rules' cost and wording.

use anneal_suites::{function, kube::Kube};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

fn refusal(kube: &Kube, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut spec = function::spec("hello", "Native");
    change(&mut spec);
    let metadata = json!({"name": name, "namespace": "default"});
    let object = json!({"apiVersion": "anneal.dev/v1alpha1", "kind": "Function", "metadata": metadata, "spec": spec});
    kube.dry_run(&object).err().map(|error| error.to_string()).unwrap_or_default()
}

type Change = Box<dyn FnOnce(&mut Value)>;

#[test]
fn manifests_that_make_no_sense_are_refused_with_a_sentence() -> Result<()> {
    let kube = Kube::from_environment()?;
    ensure!(refusal(&kube, "hello", |_| {}).is_empty(), "a good manifest is refused");
    let cases: Vec<(&str, Change, &str)> = vec![
        ("hello", Box::new(|spec| spec["source"] = json!({})), "source must have exactly one"),
        (
            "hello",
            Box::new(|spec| spec["source"]["s3"] = json!({"key": "a", "sha256": "0".repeat(64)})),
            "source must have exactly one",
        ),
        (
            "hello",
            Box::new(|spec| spec["source"] = json!({"s3": {"key": "../a", "sha256": "0".repeat(64)}})),
            "key must not have",
        ),
        (
            "hello",
            Box::new(|spec| spec["pipeline"]["profiles"] = json!({"min": 3, "max": 2})),
            "must not exceed",
        ),
        (
            "hello",
            Box::new(|spec| spec["env"] = json!([{"name": "PORT", "value": "1"}])),
            "the operator's",
        ),
        ("hello", Box::new(|spec| spec["env"] = json!([{"name": "A"}])), "exactly one"),
        ("hello", Box::new(|spec| spec["target"] = json!("PgoInstrumented")), "target"),
        (
            "hello",
            Box::new(|spec| spec["resources"]["memoryMebibytes"] = json!(1)),
            "memoryMebibytes",
        ),
        (
            "hello",
            Box::new(|spec| spec["build"]["arguments"] = json!(["no-dash"])),
            "arguments",
        ),
        ("a-name-that-is-longer-than-any-child-could-carry", Box::new(|_| {}), "at most 36"),
        ("dotted.name", Box::new(|_| {}), "DNS-1035"),
    ];
    for (name, change, sentence) in cases {
        let said = refusal(&kube, name, change);
        ensure!(said.contains(sentence), "expected {sentence:?}, the apiserver said {said:?}");
    }
    Ok(())
}
