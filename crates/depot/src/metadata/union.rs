//! The union of reachability metadata (`reachability-metadata.json`, JDK 23 and later), in a canonical form.
//!
//! A set is an object of lists of entries (`reflection`, `resources`, …, and `foreign` with lists inside). An entry's
//! identity is everything in it but its flags and its lists of members: with `reflection` that is (condition, type). Entries
//! of one identity become one: flags by OR, members by union. Commutative, associative, idempotent; `{}` is the identity.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::fold::Rejection;

/// Nesting of objects and lists; the schema needs six.
const DEPTH: usize = 16;
/// Entries of one set.
const ENTRIES: usize = 200_000;
/// Lists whose members belong to the entry without naming it.
const MEMBERS: [&str; 4] = ["fields", "locales", "methods", "queriedMethods"];

/// A metadata set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct MetadataSet {
    lists: BTreeMap<String, List>,
    groups: BTreeMap<String, Self>,
}

/// Entries by their identity's canonical text.
#[derive(Clone, Debug, Default, PartialEq)]
struct List(BTreeMap<String, Entry>);

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    /// What is neither flag nor list of members.
    identity: Value,
    flags: BTreeMap<String, bool>,
    members: BTreeMap<String, List>,
}

impl MetadataSet {
    /// Reads a set; hostile input ends in a rejection.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Rejection> {
        let value: Value =
            serde_json::from_slice(text).map_err(|error| Rejection::new("Syntax", format!("not JSON: line {}", error.line())))?;
        let mut entries = ENTRIES;
        Self::from_value(value, 1, &mut entries)
    }

    fn from_value(value: Value, depth: usize, entries: &mut usize) -> Result<Self, Rejection> {
        let Value::Object(members) = value else {
            return Err(schema("a set is an object"));
        };
        check_depth(depth)?;
        let mut set = Self::default();
        for (name, value) in members {
            match value {
                Value::Array(items) => {
                    set.lists.insert(name, List::from_items(items, depth + 1, entries)?);
                }
                Value::Object(_) => {
                    set.groups.insert(name, Self::from_value(value, depth + 1, entries)?);
                }
                // A remark or a schema's address.
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        Ok(set)
    }

    /// Adds another set.
    pub(super) fn merge(&mut self, other: Self) {
        for (name, list) in other.lists {
            self.lists.entry(name).or_default().merge(list);
        }
        for (name, group) in other.groups {
            self.groups.entry(name).or_default().merge(group);
        }
    }

    /// The canonical bytes. Empty lists and groups say nothing and are left out.
    pub(super) fn canonical(&self) -> String {
        let mut text = String::new();
        write_value(&self.value(), &mut text);
        text
    }

    fn value(&self) -> Value {
        let lists = self
            .lists
            .iter()
            .filter(|(_, list)| !list.0.is_empty())
            .map(|(name, list)| (name.clone(), list.value()));
        let groups = self
            .groups
            .iter()
            .filter(|(_, group)| !group.is_empty())
            .map(|(name, group)| (name.clone(), group.value()));
        Value::Object(lists.chain(groups).collect())
    }

    fn is_empty(&self) -> bool {
        self.lists.values().all(|list| list.0.is_empty()) && self.groups.values().all(Self::is_empty)
    }
}

impl List {
    fn from_items(items: Vec<Value>, depth: usize, entries: &mut usize) -> Result<Self, Rejection> {
        check_depth(depth)?;
        let mut list = Self::default();
        for item in items {
            *entries = entries
                .checked_sub(1)
                .ok_or_else(|| Rejection::new("Limit", format!("more than {ENTRIES} entries")))?;
            list.add(Entry::from_value(item, depth + 1, entries)?);
        }
        Ok(list)
    }

    fn add(&mut self, entry: Entry) {
        let mut identity = String::new();
        write_value(&entry.identity, &mut identity);
        match self.0.entry(identity) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(entry);
            }
            std::collections::btree_map::Entry::Occupied(mut place) => place.get_mut().merge(entry),
        }
    }

    fn merge(&mut self, other: Self) {
        for entry in other.0.into_values() {
            self.add(entry);
        }
    }

    fn value(&self) -> Value {
        Value::Array(self.0.values().map(Entry::value).collect())
    }
}

impl Entry {
    fn from_value(value: Value, depth: usize, entries: &mut usize) -> Result<Self, Rejection> {
        check_depth(depth + height(&value, DEPTH))?;
        let Value::Object(fields) = value else {
            return Ok(Self {
                identity: value,
                flags: BTreeMap::new(),
                members: BTreeMap::new(),
            });
        };
        let (mut identity, mut flags, mut members) = (Map::new(), BTreeMap::new(), BTreeMap::new());
        for (name, value) in fields {
            match value {
                Value::Bool(flag) => {
                    flags.insert(name, flag);
                }
                Value::Array(items) if MEMBERS.contains(&&*name) => {
                    // An empty list says nothing.
                    if items.is_empty() {
                        continue;
                    }
                    members.insert(name, List::from_items(items, depth + 1, entries)?);
                }
                value => {
                    identity.insert(name, value);
                }
            }
        }
        Ok(Self {
            identity: Value::Object(identity),
            flags,
            members,
        })
    }

    fn merge(&mut self, other: Self) {
        for (name, flag) in other.flags {
            *self.flags.entry(name).or_default() |= flag;
        }
        for (name, list) in other.members {
            self.members.entry(name).or_default().merge(list);
        }
    }

    fn value(&self) -> Value {
        let Value::Object(identity) = &self.identity else {
            return self.identity.clone();
        };
        let mut fields = identity.clone();
        fields.extend(self.flags.iter().map(|(name, flag)| (name.clone(), Value::Bool(*flag))));
        fields.extend(self.members.iter().map(|(name, list)| (name.clone(), list.value())));
        Value::Object(fields)
    }
}

fn schema(message: &str) -> Rejection {
    Rejection::new("Schema", message)
}

fn check_depth(depth: usize) -> Result<(), Rejection> {
    if depth <= DEPTH {
        Ok(())
    } else {
        Err(Rejection::new("Limit", format!("nested deeper than {DEPTH}")))
    }
}

/// How deep a value is nested, as far as `most`.
fn height(value: &Value, most: usize) -> usize {
    if most == 0 {
        return 0;
    }
    let below = match value {
        Value::Array(items) => items.iter().map(|item| 1 + height(item, most - 1)).max(),
        Value::Object(fields) => fields.values().map(|field| 1 + height(field, most - 1)).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    below.unwrap_or(0)
}

/// Writes a value with sorted keys, whatever order the map keeps.
fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (number, (name, field)) in sorted.into_iter().enumerate() {
                separate(number, text);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_value(field, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (number, item) in items.iter().enumerate() {
                separate(number, text);
                write_value(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn separate(number: usize, text: &mut String) {
    if number > 0 {
        text.push(',');
    }
}

#[cfg(test)]
mod tests;
