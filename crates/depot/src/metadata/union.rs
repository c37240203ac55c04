//! The union of reachability metadata in a canonical form.
//!
//! A set is an object of lists of entries (`reflection`, `resources`, …, and `foreign` with lists inside). An entry's
//! identity is everything in it but its flags and its lists of members: with `reflection` that is (condition, type). Entries
//! of one identity become one: flags by OR, members by union. Commutative, associative, idempotent; `{}` is the identity.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::bounded::{Bounds, MERGED};
use super::schema;
use crate::fold::Rejection;

/// Lists whose members belong to the entry without naming it.
const MEMBERS: [&str; 4] = ["classNames", "fields", "locales", "methods"];
/// Of these, the ones that narrow their entry: a bundle without them is one in all locales, so it is another entry than
/// one that has them, even empty.
const NARROWING: [&str; 2] = ["classNames", "locales"];

/// A metadata set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct MetadataSet {
    lists: BTreeMap<String, List>,
    groups: BTreeMap<String, Self>,
}

/// Entries by their identity's canonical text, apart by whether they are narrowed.
#[derive(Clone, Debug, Default, PartialEq)]
struct List(BTreeMap<(String, bool), Entry>);

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    /// What is neither flag nor list of members.
    identity: Value,
    flags: BTreeMap<String, bool>,
    members: BTreeMap<String, List>,
}

impl MetadataSet {
    /// The set that a document in the new form describes.
    pub(super) fn from_document(document: Map<String, Value>, bounds: &Bounds) -> Result<Self, Rejection> {
        let mut entries = Entries {
            left: bounds.entries,
            allowed: bounds.entries,
        };
        let mut set = Self::default();
        for (name, value) in document {
            if !schema::is_remark(&name) {
                schema::check_section(&name, &value)?;
                set.insert(name, value, &mut entries)?;
            }
        }
        Ok(set)
    }

    fn insert(&mut self, name: String, value: Value, entries: &mut Entries) -> Result<(), Rejection> {
        match value {
            Value::Array(items) => {
                let list = List::from_items(&name, items, entries)?;
                self.lists.insert(name, list);
            }
            Value::Object(members) => {
                let mut group = Self::default();
                for (name, value) in members {
                    group.insert(name, value, entries)?;
                }
                self.groups.insert(name, group);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(schema::refuse(&name, "it is neither a list nor a group of lists"));
            }
        }
        Ok(())
    }

    /// Why no later fold could read the set, if it has grown too far.
    pub(super) fn check_size(&self) -> Result<(), Rejection> {
        let (entries, values) = self.size();
        if entries <= MERGED.entries && values <= MERGED.values {
            return Ok(());
        }
        let message = format!("the union would have {entries} entries and {values} values");
        Err(Rejection::new("Limit", message))
    }

    /// Entries with their members, and JSON values of all kinds.
    fn size(&self) -> (usize, usize) {
        let lists = self.lists.values().map(List::size);
        let groups = self.groups.values().map(Self::size);
        lists.chain(groups).fold((0, 1), add)
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

/// Entries that a document may still have.
struct Entries {
    left: usize,
    allowed: usize,
}

impl Entries {
    fn take(&mut self) -> Result<(), Rejection> {
        let refuse = || Rejection::new("Limit", format!("more than {} entries", self.allowed));
        self.left = self.left.checked_sub(1).ok_or_else(refuse)?;
        Ok(())
    }
}

fn add(left: (usize, usize), right: (usize, usize)) -> (usize, usize) {
    (left.0 + right.0, left.1 + right.1)
}

impl List {
    fn from_items(section: &str, items: Vec<Value>, entries: &mut Entries) -> Result<Self, Rejection> {
        let mut list = Self::default();
        for item in items {
            entries.take()?;
            list.add(Entry::from_value(section, item, entries)?);
        }
        Ok(list)
    }

    fn size(&self) -> (usize, usize) {
        self.0.values().map(Entry::size).fold((0, 1), add)
    }

    fn add(&mut self, entry: Entry) {
        let mut identity = String::new();
        write_value(&entry.identity, &mut identity);
        let is_narrowed = NARROWING.iter().any(|name| entry.members.contains_key(*name));
        match self.0.entry((identity, is_narrowed)) {
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
    fn from_value(section: &str, value: Value, entries: &mut Entries) -> Result<Self, Rejection> {
        let mut fields = match value {
            Value::Object(fields) => fields,
            _ if schema::is_known(section) => return Err(schema::refuse(section, "an entry is not an object")),
            plain => return Ok(Self::plain(plain)),
        };
        schema::normalize(section, &mut fields)?;
        let (mut identity, mut flags, mut members) = (Map::new(), BTreeMap::new(), BTreeMap::new());
        for (name, value) in fields {
            match value {
                Value::Bool(flag) => {
                    flags.insert(name, flag);
                }
                Value::Array(items) if MEMBERS.contains(&&*name) => {
                    // An empty list says nothing, unless it narrows.
                    if !items.is_empty() || NARROWING.contains(&&*name) {
                        let list = List::from_items(&name, items, entries)?;
                        members.insert(name, list);
                    }
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

    fn plain(identity: Value) -> Self {
        Self {
            identity,
            flags: BTreeMap::new(),
            members: BTreeMap::new(),
        }
    }

    fn size(&self) -> (usize, usize) {
        let own = (1, count(&self.identity) + self.flags.len());
        self.members.values().map(List::size).fold(own, add)
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

/// A value with all that is in it. Its depth is bounded by the reader.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
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
