//! The health check for Argo CD, run on its test data as Argo CD does: Lua 5.1, the object as the global `obj`.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::{apt, process};

const CHECK: &str = "deploy/argocd/anneal.dev/Function";

/// `health_test.yaml`, in Argo CD's own form.
#[derive(Deserialize)]
struct Tests {
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    health_status: Health,
    input_path: String,
}

#[derive(Debug, Deserialize, Eq, PartialEq)]
struct Health {
    status: String,
    #[serde(default)]
    message: String,
}

/// Runs every test; the first that fails ends them.
pub(crate) fn check(root: &Path) -> Result<()> {
    apt::need("lua5.1", "lua5.1")?;
    let folder = root.join(CHECK);
    let tests: Tests = yaml(&folder.join("health_test.yaml"))?;
    ensure!(!tests.tests.is_empty(), "there is no test");
    for test in &tests.tests {
        let found = judge(&folder.join("health.lua"), &yaml(&folder.join(&test.input_path))?)?;
        ensure!(
            found == test.health_status,
            "{}: found {found:?}, expected {:?}",
            test.input_path,
            test.health_status
        );
    }
    Ok(())
}

fn yaml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_yaml_ng::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
}

fn judge(check: &Path, object: &Value) -> Result<Health> {
    let program = format!(
        "obj = {}\nlocal health = dofile({})\nio.write(health.status, '\\n', health.message or '')",
        literal(object),
        literal(&Value::from(check.to_string_lossy()))
    );
    let said = process::output_with_input(Command::new("lua5.1").arg("-"), program.as_bytes())?;
    let (status, message) = said.split_once('\n').context("the check gave no status")?;
    Ok(Health {
        status: status.to_owned(),
        message: message.to_owned(),
    })
}

/// A value as Lua writes it. As in Argo CD, a null is an absent field.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        // Every byte by its number: no rule of escaping to get wrong.
        Value::String(text) => {
            let bytes: Vec<String> = text.bytes().map(|byte| format!("\\{byte:03}")).collect();
            format!("\"{}\"", bytes.concat())
        }
        Value::Array(items) => format!("{{{}}}", items.iter().map(literal).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| format!("[{}]={}", literal(&Value::from(name.as_str())), literal(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
    }
}
