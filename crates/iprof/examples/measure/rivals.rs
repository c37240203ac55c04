//! Owns what the merge is compared with: the obvious ways to do it, without checks and without conflicts.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::Outcome;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    #[serde(borrow)]
    types: Vec<Type<'a>>,
    #[serde(borrow)]
    methods: Vec<Method<'a>>,
    #[serde(borrow, default)]
    call_count_profiles: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    conditional_profiles: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    virtual_invoke_profiles: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    instanceof_profiles: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    monitor_profiles: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    sampling_profiles: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Type<'a> {
    id: u32,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Method<'a> {
    id: u32,
    #[serde(borrow)]
    name: Cow<'a, str>,
    signature: Vec<u32>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    ctx: Cow<'a, str>,
    records: Vec<i64>,
}

type Counts = HashMap<Vec<(u32, i32)>, Vec<i64>>;

/// Typed structures by `serde_json`, and hash maps.
#[derive(Default)]
pub(crate) struct Typed {
    types: HashMap<String, u32>,
    methods: HashMap<(String, Vec<u32>), u32>,
    sections: [Counts; 6],
}

impl Typed {
    pub(crate) fn fold(&mut self, text: &[u8]) -> Outcome<()> {
        let profile: Profile<'_> = serde_json::from_slice(text)?;
        let mut types = HashMap::new();
        for Type { id, name } in &profile.types {
            let next = u32::try_from(self.types.len())?;
            types.insert(*id, *self.types.entry(name.to_string()).or_insert(next));
        }
        let mut methods = HashMap::new();
        for Method { id, name, signature } in &profile.methods {
            let signature = signature.iter().map(|id| types[id]).collect();
            let next = u32::try_from(self.methods.len())?;
            methods.insert(*id, *self.methods.entry((name.to_string(), signature)).or_insert(next));
        }
        let sections = [
            (profile.call_count_profiles, 1),
            (profile.sampling_profiles, 1),
            (profile.virtual_invoke_profiles, 2),
            (profile.instanceof_profiles, 2),
            (profile.monitor_profiles, 2),
            (profile.conditional_profiles, 3),
        ];
        for (known, (entries, stride)) in self.sections.iter_mut().zip(sections) {
            for Entry { ctx, mut records } in entries {
                let mut context = Vec::new();
                for frame in ctx.split('<') {
                    let (method, bci) = frame.split_once(':').ok_or("no colon")?;
                    context.push((methods.get(&method.parse()?).copied().unwrap_or(0), bci.parse()?));
                }
                if stride == 2 {
                    for pair in records.chunks_exact_mut(2) {
                        pair[0] = i64::from(types[&u32::try_from(pair[0])?]);
                    }
                }
                add(known.entry(context).or_default(), &records, stride);
            }
        }
        Ok(())
    }
}

/// Any JSON value by `serde_json`, and a hash map by the text of the context.
#[derive(Default)]
pub(crate) struct Untyped(HashMap<(String, String), Vec<i64>>);

impl Untyped {
    pub(crate) fn fold(&mut self, text: &[u8]) -> Outcome<()> {
        let profile: Value = serde_json::from_slice(text)?;
        let sections = profile.as_object().ok_or("no object")?;
        for (key, entries) in sections.iter().filter(|(key, _)| key.ends_with("Profiles")) {
            let stride = match key.as_str() {
                "callCountProfiles" | "samplingProfiles" => 1,
                "conditionalProfiles" => 3,
                _ => 2,
            };
            for entry in entries.as_array().into_iter().flatten() {
                let context = entry["ctx"].as_str().unwrap_or_default().to_owned();
                let records: Vec<i64> = entry["records"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_i64)
                    .collect();
                add(self.0.entry((key.clone(), context)).or_default(), &records, stride);
            }
        }
        Ok(())
    }
}

fn add(known: &mut Vec<i64>, records: &[i64], stride: usize) {
    if known.is_empty() {
        known.extend_from_slice(records);
        return;
    }
    let counts = known.iter_mut().zip(records).skip(stride - 1).step_by(stride);
    counts.for_each(|(known, count)| *known = known.saturating_add(*count));
}
