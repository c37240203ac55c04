//! Writes the merged metadata a second time, in the files that image builders before JDK 23 read: those know no other.
//!
//! A newer builder reads both and finds nothing in the older files that the new one does not grant. So only entries without
//! a condition are written there: a condition that the new form can express comes from a newer tracer. What the older files
//! cannot say stays in the new one alone: `foreign`, lambdas, and sections that this module does not know.

use std::{fs, io, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a registered type grants in the new form, and has to be asked for in the older one.
const GRANTED: [&str; 10] = [
    "allDeclaredClasses",
    "allNestMembers",
    "allPermittedSubclasses",
    "allPublicClasses",
    "allRecordComponents",
    "allSigners",
    "queryAllDeclaredConstructors",
    "queryAllDeclaredMethods",
    "queryAllPublicConstructors",
    "queryAllPublicMethods",
];

/// The section of the depot's own that is for the older files alone.
const CAPTURING: &str = "lambdaCapturingTypes";

type Entry = Map<String, Value>;

/// The new form, as the depot writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    reflection: Vec<Entry>,
    jni: Vec<Entry>,
    resources: Vec<Entry>,
    bundles: Vec<Entry>,
    serialization: Vec<Entry>,
    /// No section of the new form: kept by the depot for the older one.
    #[serde(rename = "lambdaCapturingTypes")]
    capturing: Vec<Entry>,
}

/// The older form, by file.
#[derive(Default)]
struct Older {
    reflect: Vec<Value>,
    jni: Vec<Value>,
    proxy: Vec<Value>,
    patterns: Vec<Value>,
    bundles: Vec<Value>,
    serialized: Vec<Value>,
    serialized_proxies: Vec<Value>,
    capturing: Vec<Value>,
}

/// Writes the older files beside the new one, and takes out of that what belongs to the older ones alone. Blocks.
pub(super) fn write(new: &Path, folder: &Path) -> io::Result<()> {
    let mut document: Map<String, Value> = serde_json::from_slice(&fs::read(new)?)?;
    let metadata = Metadata::deserialize(&document)?;
    if document.remove(CAPTURING).is_some() {
        fs::write(new, Value::Object(document).to_string())?;
    }
    let older = Older::of(metadata);
    let resources = json!({ "resources": { "includes": older.patterns }, "bundles": older.bundles });
    let serialization = json!({
        "types": older.serialized,
        CAPTURING: older.capturing,
        "proxies": older.serialized_proxies,
    });
    for (name, content) in [
        ("reflect-config.json", Value::Array(older.reflect)),
        ("jni-config.json", Value::Array(older.jni)),
        ("proxy-config.json", Value::Array(older.proxy)),
        ("resource-config.json", resources),
        ("serialization-config.json", serialization),
    ] {
        fs::write(folder.join(name), content.to_string())?;
    }
    Ok(())
}

impl Older {
    fn of(metadata: Metadata) -> Self {
        let mut older = Self::default();
        let unconditional = |entries: Vec<Entry>| entries.into_iter().filter(|entry| !entry.contains_key("condition"));
        unconditional(metadata.reflection).for_each(|entry| older.reflection(entry));
        unconditional(metadata.jni).for_each(|entry| older.jni.extend(named(entry)));
        unconditional(metadata.resources).for_each(|entry| older.resource(&entry));
        older.bundles.extend(unconditional(metadata.bundles).map(Value::Object));
        unconditional(metadata.serialization).for_each(|entry| older.serialization(entry));
        older.capturing.extend(unconditional(metadata.capturing).map(Value::Object));
        older
    }

    fn reflection(&mut self, mut entry: Entry) {
        let mut take = |flag: &str| entry.remove(flag) == Some(Value::Bool(true));
        let (is_native, is_serializable) = (take("jniAccessible"), take("serializable"));
        if let Some(interfaces) = proxy(&entry) {
            if is_serializable {
                self.serialized_proxies.push(interfaces.clone());
            }
            self.proxy.push(interfaces);
            return;
        }
        if is_serializable && let Some(name) = entry.get("type").filter(|kind| kind.is_string()) {
            self.serialized.push(json!({ "name": name }));
        }
        if is_native {
            self.jni.extend(named(entry.clone()));
        }
        entry.extend(GRANTED.map(|flag| (flag.to_owned(), Value::Bool(true))));
        self.reflect.extend(named(entry));
    }

    fn resource(&mut self, entry: &Entry) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        if let Some(glob) = text("glob") {
            let module = text("module").map(|module| format!("{module}:")).unwrap_or_default();
            self.patterns.push(json!({ "pattern": module + &pattern(glob) }));
        }
        if let Some(bundle) = text("bundle") {
            self.bundles.push(json!({ "name": bundle }));
        }
    }

    fn serialization(&mut self, entry: Entry) {
        match proxy(&entry) {
            Some(interfaces) => self.serialized_proxies.push(interfaces),
            None => self.serialized.extend(named(entry)),
        }
    }
}

/// The entry with the older word for its type; nothing for types that the older files cannot name.
fn named(mut entry: Entry) -> Option<Value> {
    let kind = entry.remove("type").filter(Value::is_string)?;
    entry.insert("name".to_owned(), kind);
    Some(Value::Object(entry))
}

fn proxy(entry: &Entry) -> Option<Value> {
    let interfaces = entry.get("type")?.get("proxy")?;
    Some(json!({ "interfaces": interfaces }))
}

/// The regular expression that matches what a glob matches: `*` within a level, `**` across levels.
fn pattern(glob: &str) -> String {
    let mut pattern = String::with_capacity(glob.len() + 8);
    let mut symbols = glob.chars().peekable();
    while let Some(symbol) = symbols.next() {
        match symbol {
            '*' if symbols.next_if_eq(&'*').is_some() => pattern.push_str(".*"),
            '*' => pattern.push_str("[^/]*"),
            '\\' => push_literal(&mut pattern, symbols.next().unwrap_or('\\')),
            literal => push_literal(&mut pattern, literal),
        }
    }
    pattern
}

fn push_literal(pattern: &mut String, literal: char) {
    if r"\^$.|?*+()[]{}".contains(literal) {
        pattern.push('\\');
    }
    pattern.push(literal);
}

#[cfg(test)]
mod tests;
