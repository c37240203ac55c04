//! A second merger, written from the description of the format alone: slow, on whole JSON values, without any thought for
//! memory. What it says is what the crate must say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// Declaring type, name, return type, parameter types.
type MethodIdentity = (String, String, String, Vec<String>);
type Place = Vec<(MethodIdentity, i64)>;
/// Records by context, in the numbering and order of the output.
type Ranked = BTreeMap<Vec<(usize, i64)>, Vec<i64>>;

const PRIMITIVES: [&str; 9] = ["boolean", "byte", "char", "double", "float", "int", "long", "short", "void"];
const COUNTERS: [&str; 2] = ["callCountProfiles", "samplingProfiles"];
const TYPED: [&str; 2] = ["virtualInvokeProfiles", "instanceofProfiles"];

#[derive(Default)]
pub struct Reference {
    newest: bool,
    types: BTreeSet<String>,
    methods: BTreeSet<MethodIdentity>,
    counters: BTreeMap<(&'static str, Place), u128>,
    typed: BTreeMap<(&'static str, Place), BTreeMap<String, u128>>,
    branches: BTreeMap<Place, Vec<Vec<i64>>>,
    monitors: Option<BTreeMap<String, u128>>,
}

/// Which variant of a conflicting place survives.
#[derive(Clone, Copy)]
pub enum Policy {
    Dominant,
    Drop,
}

impl Reference {
    pub fn add(&mut self, profile: &Value) {
        let version = profile["version"].as_str().expect("a version");
        self.newest |= !version.starts_with("1.0.");
        let types: BTreeMap<i64, String> = list(&profile["types"])
            .iter()
            .map(|entry| (int(&entry["id"]), text(&entry["name"])))
            .collect();
        let methods: BTreeMap<i64, MethodIdentity> = list(&profile["methods"])
            .iter()
            .map(|entry| {
                let names: Vec<String> = list(&entry["signature"]).iter().map(|id| types[&int(id)].clone()).collect();
                let identity = (names[0].clone(), text(&entry["name"]), names[1].clone(), names[2..].to_vec());
                (int(&entry["id"]), identity)
            })
            .collect();
        self.types.extend(types.values().cloned());
        self.methods.extend(methods.values().cloned());
        let place = |entry: &Value| -> Place {
            let frames = text(&entry["ctx"]);
            frames
                .split('<')
                .map(|frame| {
                    let (method, bci) = frame.split_once(':').expect("a colon");
                    (methods[&method.parse().expect("an id")].clone(), bci.parse().expect("an index"))
                })
                .collect()
        };
        for section in COUNTERS {
            for entry in list(&profile[section]) {
                *self.counters.entry((section, place(entry))).or_default() += count(&entry["records"][0]);
            }
        }
        for entry in list(&profile["conditionalProfiles"]) {
            let records = list(&entry["records"]).iter().map(int).collect();
            self.branches.entry(place(entry)).or_default().push(records);
        }
        let other = if profile["instanceOfProfiles"].is_array() {
            "instanceOfProfiles"
        } else {
            TYPED[1]
        };
        for (section, key) in [(TYPED[0], TYPED[0]), (TYPED[1], other)] {
            for entry in list(&profile[key]) {
                self.newest |= section == TYPED[1];
                let total = self.typed.entry((section, place(entry))).or_default();
                add_types(total, &entry["records"], &types);
            }
        }
        for entry in list(&profile["monitorProfiles"]) {
            add_types(self.monitors.get_or_insert_default(), &entry["records"], &types);
        }
    }

    pub fn canonical(&self, policy: Policy) -> String {
        let mut types: Vec<&String> = self.types.iter().collect();
        types.sort_by_key(|name| (!PRIMITIVES.contains(&name.as_str()), *name));
        let type_id: BTreeMap<&String, usize> = types.iter().enumerate().map(|(id, name)| (*name, id)).collect();
        let method_id: BTreeMap<&MethodIdentity, usize> = self.methods.iter().enumerate().map(|(id, method)| (method, id)).collect();
        let rank = |place: &Place| -> Vec<(usize, i64)> { place.iter().map(|(method, bci)| (method_id[method], *bci)).collect() };
        let spell = |place: &[(usize, i64)]| {
            let frames: Vec<String> = place.iter().map(|(method, bci)| format!("{method}:{bci}")).collect();
            frames.join("<")
        };
        let pairs = |totals: &BTreeMap<String, u128>| -> Vec<i64> {
            let mut pairs: Vec<_> = totals.iter().map(|(name, total)| (type_id[name], clamp(*total))).collect();
            pairs.sort_unstable();
            pairs
                .into_iter()
                .flat_map(|(id, total)| [i64::try_from(id).expect("few"), total])
                .collect()
        };
        let mut sections: BTreeMap<&str, Ranked> = BTreeMap::new();
        for ((section, place), total) in &self.counters {
            sections.entry(section).or_default().insert(rank(place), vec![clamp(*total)]);
        }
        for ((section, place), totals) in &self.typed {
            sections.entry(section).or_default().insert(rank(place), pairs(totals));
        }
        for (place, variants) in &self.branches {
            if let Some(records) = resolve(variants, policy) {
                sections.entry("conditionalProfiles").or_default().insert(rank(place), records);
            }
        }
        let mut profile = json!({
            "version": if self.newest { "1.1.0" } else { "1.0.0" },
            "types": types.iter().enumerate().map(|(id, name)| json!({"id": id, "name": name})).collect::<Vec<_>>(),
            "methods": self.methods.iter().enumerate().map(|(id, method)| {
                let (declaring, name, returns, parameters) = method;
                let signature: Vec<usize> =
                    [declaring, returns].into_iter().chain(parameters).map(|name| type_id[name]).collect();
                json!({"id": id, "name": name, "signature": signature})
            }).collect::<Vec<_>>(),
            "monitorProfiles": self.monitors.iter().map(|totals| {
                json!({"ctx": "0:0", "records": pairs(totals)})
            }).collect::<Vec<_>>(),
        });
        for section in COUNTERS.into_iter().chain(TYPED).chain(["conditionalProfiles"]) {
            if section == TYPED[1] && !self.newest {
                continue;
            }
            let entries = sections.remove(section).unwrap_or_default();
            profile[section] = entries
                .iter()
                .map(|(place, records)| json!({"ctx": spell(place), "records": records}))
                .collect();
        }
        profile.to_string()
    }
}

/// Merges the lists of one place pair by pair as the three rules say, then resolves what is left.
fn resolve(inputs: &[Vec<i64>], policy: Policy) -> Option<Vec<i64>> {
    let mut groups: Vec<Vec<&Vec<i64>>> = Vec::new();
    for input in inputs {
        match groups.iter_mut().find(|group| agree(group[0], input)) {
            Some(group) => group.push(input),
            None => groups.push(vec![input]),
        }
    }
    if groups.len() > 1 && matches!(policy, Policy::Drop) {
        return None;
    }
    let merged = groups.iter().map(|group| sum(group));
    merged.min_by_key(|records| {
        let mass: u128 = records
            .iter()
            .skip(2)
            .step_by(3)
            .map(|count| u128::from(count.unsigned_abs()))
            .sum();
        (std::cmp::Reverse(mass), shape(records))
    })
}

fn shape(records: &[i64]) -> Vec<(i64, i64)> {
    records.chunks(3).map(|triple| (triple[0], triple[1])).collect()
}

fn agree(left: &[i64], right: &[i64]) -> bool {
    let by_position = shape(left) == shape(right);
    let indexes = |records: &[i64]| {
        let all: Vec<i64> = shape(records).into_iter().map(|(bci, _)| bci).collect();
        let distinct: BTreeSet<i64> = all.iter().copied().collect();
        (distinct.len() == all.len() && !distinct.contains(&-5)).then_some(distinct)
    };
    by_position || (indexes(left).is_some() && indexes(left) == indexes(right))
}

fn sum(group: &[&Vec<i64>]) -> Vec<i64> {
    let smallest = group.iter().map(|records| shape(records)).min().expect("a group has a member");
    let total = |position: usize, bci: i64| -> u128 {
        group
            .iter()
            .map(|records| {
                let by_position = shape(records) == smallest;
                let found = records
                    .chunks(3)
                    .enumerate()
                    .find(|(at, triple)| if by_position { *at == position } else { triple[0] == bci });
                u128::from(found.expect("members agree").1[2].unsigned_abs())
            })
            .sum()
    };
    let triples = smallest.iter().enumerate();
    triples
        .flat_map(|(at, (bci, branch))| [*bci, *branch, clamp(total(at, *bci))])
        .collect()
}

fn add_types(totals: &mut BTreeMap<String, u128>, records: &Value, types: &BTreeMap<i64, String>) {
    for pair in list(records).chunks(2) {
        *totals.entry(types[&int(&pair[0])].clone()).or_default() += count(&pair[1]);
    }
}

fn clamp(total: u128) -> i64 {
    i64::try_from(total).unwrap_or(i64::MAX)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn int(value: &Value) -> i64 {
    // `-0` is the integer 0, which serde_json takes for a float.
    value
        .as_i64()
        .or_else(|| (value.as_f64() == Some(0.0)).then_some(0))
        .expect("an integer")
}

fn count(value: &Value) -> u128 {
    u128::from(int(value).unsigned_abs())
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}
