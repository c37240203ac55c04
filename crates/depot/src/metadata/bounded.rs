//! Owns the way from a tenant's text to JSON values: every quantity has a bound that is met before memory is taken.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::fold::Rejection;

/// Bounds of one document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Nesting of objects and lists. The schema needs eight, and two more in a document of several files.
    pub(super) depth: usize,
    /// Values of all kinds: each costs some ten bytes of text and up to some hundred of memory.
    pub(super) values: usize,
    /// Bytes of one string. The class-file format cannot hold longer names.
    pub(super) string: usize,
    /// Entries and members of entries.
    pub(super) entries: usize,
}

/// What one pod may store: ten times what large applications leave.
pub(super) const ONE: Bounds = Bounds {
    depth: 16,
    values: 1_000_000,
    string: u16::MAX as usize,
    entries: 200_000,
};

/// A merge may have more, but not without end.
pub(super) const GROWTH: usize = 4;

/// What the union of many may hold.
pub(super) const MERGED: Bounds = Bounds {
    values: ONE.values * GROWTH,
    entries: ONE.entries * GROWTH,
    ..ONE
};

/// Reads JSON. A key that appears twice in one object is refused: which of its values counts is nowhere said.
pub(super) fn read(text: &[u8], bounds: &Bounds) -> Result<Value, Rejection> {
    let budget = Budget {
        bounds,
        values: Cell::new(0),
        breach: RefCell::default(),
    };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let seed = Seed { budget: &budget, depth: 1 };
    let read = seed.deserialize(&mut deserializer);
    read.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        let syntax = || Rejection::new("Syntax", format!("not JSON: line {}", error.line()));
        budget.breach.take().unwrap_or_else(syntax)
    })
}

struct Budget<'a> {
    bounds: &'a Bounds,
    values: Cell<usize>,
    /// Why reading ended, if the text was not at fault.
    breach: RefCell<Option<Rejection>>,
}

impl Budget<'_> {
    fn refuse<E: serde::de::Error>(&self, reason: &str, message: String) -> E {
        *self.breach.borrow_mut() = Some(Rejection::new(reason, message));
        E::custom("out of bounds")
    }

    fn check_string<E: serde::de::Error>(&self, text: &str) -> Result<(), E> {
        if text.len() <= self.bounds.string {
            return Ok(());
        }
        Err(self.refuse("Limit", format!("a string has more than {} bytes", self.bounds.string)))
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    budget: &'a Budget<'a>,
    depth: usize,
}

impl Seed<'_> {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        let Bounds { depth, .. } = *self.budget.bounds;
        if self.depth > depth {
            return Err(self.budget.refuse("Limit", format!("nested deeper than {depth}")));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Budget { bounds, values, .. } = self.budget;
        values.set(values.get() + 1);
        if values.get() > bounds.values {
            let message = format!("more than {} values", bounds.values);
            return Err(self.budget.refuse("Limit", message));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.budget.check_string(text)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            self.budget.check_string(&name)?;
            if map.contains_key(&name) {
                return Err(self.budget.refuse("Schema", "a key appears twice in one object".to_owned()));
            }
            let value = fields.next_value_seed(below)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{ONE, read};

    #[test]
    fn reads_what_json_has() {
        let text = r#"{"a":[null,true,-1,2,0.5,"ü"],"b":{}}"#;
        assert_eq!(read(text.as_bytes(), &ONE).unwrap().to_string(), text);
    }

    #[rstest]
    #[case::cut("{", "Syntax")]
    #[case::tail("{} x", "Syntax")]
    #[case::twice(r#"{"a":1,"a":2}"#, "Schema")]
    #[case::deep(&format!("{}{}", "[".repeat(17), "]".repeat(17)), "Limit")]
    #[case::long(&format!("\"{}\"", "x".repeat(1 << 16)), "Limit")]
    #[case::long_key(&format!("{{\"{}\":1}}", "x".repeat(1 << 16)), "Limit")]
    #[case::many(&format!("[0{}]", ",0".repeat(ONE.values)), "Limit")]
    fn refuses(#[case] text: &str, #[case] reason: &str) {
        assert_eq!(read(text.as_bytes(), &ONE).unwrap_err().reason, reason);
    }

    #[test]
    fn a_bomb_of_brackets_ends_in_a_rejection() {
        for open in ["[", r#"{"a":"#, r#"[{"a":"#] {
            assert_eq!(read(open.repeat(100_000).as_bytes(), &ONE).unwrap_err().reason, "Limit");
        }
    }
}
