//! Owns the way from the files of tracers before JDK 23 to the new form. What has no counterpart there is refused by name, so
//! that nothing is lost unseen.
//!
//! | file | becomes |
//! |---|---|
//! | `reflect-config.json` | `reflection`: `name` or `type` → `type` |
//! | `jni-config.json` | `jni`, likewise |
//! | `proxy-config.json` | `reflection` with the type `{"proxy": interfaces}`; the order of interfaces stays |
//! | `resource-config.json`, `globs` | `resources` |
//! | … `resources` or `resources.includes` | `resources`, if the pattern is literal text, as tracers write it: `\Qa/b\E` → glob `a/b`, `module:\Qa/b\E` → with `module`. A slash at an end is dropped, and so is the pattern of the root itself, which has no glob |
//! | … `bundles` | `bundles` |
//! | `serialization-config.json`, `types` | `serialization`: `name` or `type` → `type`; `customTargetConstructorClass` stays |
//! | … `proxies` | `serialization` with the type `{"proxy": interfaces}` |
//! | … `lambdaCapturingTypes` | a section of that name. The new form has no word for it; the agent of a build gives it to the image builder in the older file |
//! | `predefined-classes-config.json` | nothing, if it lists no class |
//!
//! Members and flags keep their names. These fall away, because the new form grants to every registered type what they ask
//! for: `queriedMethods`, `queryAllDeclaredConstructors`, `queryAllDeclaredMethods`, `queryAllPublicConstructors`,
//! `queryAllPublicMethods`, `allDeclaredClasses`, `allPublicClasses`, `allNestMembers`, `allPermittedSubclasses`,
//! `allRecordComponents`, `allSigners`, and a field's `allowWrite` and `allowUnsafeAccess`.
//!
//! Refused as `Unconvertible`: patterns that are no literal text, `resources.excludes`, predefined classes (their bytes are not
//! uploaded), and every key that is not named here. What a condition becomes is said in
//! [`super::schema`].

mod pattern;

use serde_json::{Map, Value, json};

use crate::fold::Rejection;

/// What the new form grants to every registered type.
const IMPLIED: [&str; 11] = [
    "allDeclaredClasses",
    "allNestMembers",
    "allPermittedSubclasses",
    "allPublicClasses",
    "allRecordComponents",
    "allSigners",
    "queriedMethods",
    "queryAllDeclaredConstructors",
    "queryAllDeclaredMethods",
    "queryAllPublicConstructors",
    "queryAllPublicMethods",
];

/// What an entry for a type may have in both forms.
const SHARED: [&str; 10] = [
    "allDeclaredConstructors",
    "allDeclaredFields",
    "allDeclaredMethods",
    "allPublicConstructors",
    "allPublicFields",
    "allPublicMethods",
    "condition",
    "methods",
    "serializable",
    "unsafeAllocated",
];

/// Classes whose lambdas are serialized.
const CAPTURING: &str = "lambdaCapturingTypes";

/// What a field's registration once had to ask for.
const IMPLIED_OF_FIELDS: [&str; 2] = ["allowUnsafeAccess", "allowWrite"];

/// A file's content in the new form.
pub(super) fn convert(name: &str, content: Value) -> Result<Map<String, Value>, Rejection> {
    let file = File { name };
    match name {
        "reflect-config.json" => Ok(section("reflection", file.types(content)?)),
        "jni-config.json" => Ok(section("jni", file.types(content)?)),
        "proxy-config.json" => Ok(section("reflection", file.proxies(content)?)),
        "resource-config.json" => file.resources(content),
        "serialization-config.json" => file.serialization(content),
        "predefined-classes-config.json" => file.predefined(content),
        _ => Err(Rejection::new(
            "Unconvertible",
            format!("a file of the unknown name {}", shorten(name)),
        )),
    }
}

fn section(name: &str, entries: Vec<Value>) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), Value::Array(entries))])
}

/// A file, for messages.
#[derive(Clone, Copy)]
struct File<'a> {
    name: &'a str,
}

impl File<'_> {
    fn refuse(self, what: &str) -> Rejection {
        Rejection::new("Unconvertible", format!("{}: {what}", self.name))
    }

    fn unknown(self, key: &str) -> Rejection {
        self.refuse(&format!("the key {} has no counterpart", shorten(key)))
    }

    fn list(self, value: Value, what: &str) -> Result<Vec<Value>, Rejection> {
        match value {
            Value::Array(items) => Ok(items),
            _ => Err(Rejection::new("Schema", format!("{}: {what} is not a list", self.name))),
        }
    }

    fn object(self, value: Value) -> Result<Map<String, Value>, Rejection> {
        match value {
            Value::Object(fields) => Ok(fields),
            _ => Err(Rejection::new("Schema", format!("{}: an entry is not an object", self.name))),
        }
    }

    fn types(self, content: Value) -> Result<Vec<Value>, Rejection> {
        let entries = self.list(content, "the file")?;
        entries.into_iter().map(|entry| self.type_entry(entry)).collect()
    }

    fn type_entry(self, entry: Value) -> Result<Value, Rejection> {
        let mut converted = Map::new();
        let mut entry = self.object(entry)?;
        self.take_type(&mut entry, &mut converted)?;
        for (key, value) in entry {
            match key.as_str() {
                "fields" => {
                    let fields = self.list(value, "fields")?;
                    let fields = fields.into_iter().map(|field| self.field(field)).collect::<Result<_, _>>()?;
                    converted.insert(key, Value::Array(fields));
                }
                shared if SHARED.contains(&shared) => {
                    converted.insert(key, value);
                }
                implied if IMPLIED.contains(&implied) => {}
                _ => return Err(self.unknown(&key)),
            }
        }
        Ok(Value::Object(converted))
    }

    /// `name` is the older word for `type`.
    fn take_type(self, entry: &mut Map<String, Value>, converted: &mut Map<String, Value>) -> Result<(), Rejection> {
        match (entry.remove("type"), entry.remove("name")) {
            (Some(value), None) | (None, Some(value)) => {
                converted.insert("type".to_owned(), value);
                Ok(())
            }
            (Some(kind), Some(name)) if kind == name => {
                converted.insert("type".to_owned(), kind);
                Ok(())
            }
            (Some(_), Some(_)) => Err(self.refuse("an entry has a type and another name")),
            (None, None) => Err(Rejection::new("Schema", format!("{}: an entry has no type", self.name))),
        }
    }

    fn field(self, field: Value) -> Result<Value, Rejection> {
        let mut field = self.object(field)?;
        for key in IMPLIED_OF_FIELDS {
            field.remove(key);
        }
        match field.keys().find(|key| *key != "name") {
            Some(key) => Err(self.unknown(key)),
            None => Ok(Value::Object(field)),
        }
    }

    fn proxies(self, content: Value) -> Result<Vec<Value>, Rejection> {
        let entries = self.list(content, "the file")?;
        entries.into_iter().map(|entry| self.proxy(entry)).collect()
    }

    /// An object, or, as the oldest files have it, the list of interfaces alone.
    fn proxy(self, entry: Value) -> Result<Value, Rejection> {
        if entry.is_array() {
            return Ok(json!({ "type": { "proxy": entry } }));
        }
        let mut entry = self.object(entry)?;
        let interfaces = entry.remove("interfaces").unwrap_or(Value::Null);
        let interfaces = self.list(interfaces, "interfaces")?;
        let mut converted = Map::from_iter([("type".to_owned(), json!({ "proxy": interfaces }))]);
        self.keep(entry, &["condition"], &mut converted)?;
        Ok(Value::Object(converted))
    }

    /// Keeps the `known` keys and refuses all others.
    fn keep(self, entry: Map<String, Value>, known: &[&str], converted: &mut Map<String, Value>) -> Result<(), Rejection> {
        for (key, value) in entry {
            if !known.contains(&key.as_str()) {
                return Err(self.unknown(&key));
            }
            converted.insert(key, value);
        }
        Ok(())
    }

    fn resources(self, content: Value) -> Result<Map<String, Value>, Rejection> {
        let mut converted = Map::new();
        let mut resources = Vec::new();
        for (key, value) in self.object(content)? {
            match key.as_str() {
                "globs" => resources.extend(self.list(value, "globs")?),
                "bundles" => {
                    converted.insert(key, value);
                }
                "resources" => self.patterns(value, &mut resources)?,
                _ => return Err(self.unknown(&key)),
            }
        }
        converted.insert("resources".to_owned(), Value::Array(resources));
        Ok(converted)
    }

    /// `includes` and `excludes`, or, as the oldest files have it, the list of what is included.
    fn patterns(self, value: Value, resources: &mut Vec<Value>) -> Result<(), Rejection> {
        let mut patterns = match value {
            Value::Array(includes) => Map::from_iter([("includes".to_owned(), Value::Array(includes))]),
            other => self.object(other)?,
        };
        let includes = patterns.remove("includes").unwrap_or_else(|| Value::Array(Vec::new()));
        for entry in self.list(includes, "includes")? {
            resources.extend(self.pattern(entry)?);
        }
        match patterns
            .into_iter()
            .find(|(_, rest)| rest.as_array().is_none_or(|rest| !rest.is_empty()))
        {
            Some((key, _)) => Err(self.unknown(&key)),
            None => Ok(()),
        }
    }

    fn pattern(self, entry: Value) -> Result<Option<Value>, Rejection> {
        let mut entry = self.object(entry)?;
        let text = entry.remove("pattern");
        let literal = text.as_ref().and_then(Value::as_str).and_then(pattern::literal);
        let Some(pattern::Literal { module, glob }) = literal else {
            return Err(self.refuse("a resource pattern is no literal text and has no glob"));
        };
        let mut converted = Map::new();
        self.keep(entry, &["condition"], &mut converted)?;
        let Some(glob) = glob else { return Ok(None) };
        converted.insert("glob".to_owned(), glob.into());
        converted.extend(module.map(|module| ("module".to_owned(), module.into())));
        Ok(Some(Value::Object(converted)))
    }

    /// An object of lists, or, as the oldest files have it, the list of types alone.
    fn serialization(self, content: Value) -> Result<Map<String, Value>, Rejection> {
        let (mut entries, mut capturing) = (Vec::new(), Vec::new());
        let lists = match content {
            Value::Array(types) => Map::from_iter([("types".to_owned(), Value::Array(types))]),
            other => self.object(other)?,
        };
        for (key, value) in lists {
            let items = self.list(value, &shorten(&key))?;
            match key.as_str() {
                "types" => {
                    for item in items {
                        entries.push(self.serialized(item)?);
                    }
                }
                "proxies" => {
                    for item in items {
                        entries.push(self.proxy(item)?);
                    }
                }
                CAPTURING => {
                    for item in items {
                        let mut converted = Map::new();
                        self.keep(self.object(item)?, &["condition", "name"], &mut converted)?;
                        capturing.push(Value::Object(converted));
                    }
                }
                _ => return Err(self.unknown(&key)),
            }
        }
        let mut converted = section("serialization", entries);
        converted.extend(section(CAPTURING, capturing));
        Ok(converted)
    }

    fn serialized(self, entry: Value) -> Result<Value, Rejection> {
        let mut converted = Map::new();
        let mut entry = self.object(entry)?;
        self.take_type(&mut entry, &mut converted)?;
        self.keep(entry, &["condition", "customTargetConstructorClass"], &mut converted)?;
        Ok(Value::Object(converted))
    }

    fn predefined(self, content: Value) -> Result<Map<String, Value>, Rejection> {
        for origin in self.list(content, "the file")? {
            let classes = self.object(origin)?.remove("classes").unwrap_or_default();
            if !matches!(&classes, Value::Null) && !self.list(classes, "classes")?.is_empty() {
                return Err(self.refuse("predefined classes are not supported"));
            }
        }
        Ok(Map::new())
    }
}

/// A key of a tenant's for a message.
fn shorten(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests;
