//! Random profiles over a small set of names, so that they meet often.

use proptest::collection::vec;
use proptest::prelude::*;

pub const TYPES: [&str; 8] = [
    "A",
    "int",
    "a.b.C",
    "[I",
    "void",
    "B",
    "Foo$$Lambda/0x0000",
    "\u{e9}\"\\\n\u{1}\u{1f600}",
];
/// A name and a signature in positions of [`TYPES`].
const METHODS: [(&str, &[usize]); 7] = [
    ("f", &[0, 1]),
    ("f", &[0, 4]),
    ("g", &[0, 1]),
    ("f", &[5, 1]),
    ("f", &[5, 1, 1, 3]),
    ("<init>", &[2, 4]),
    ("apply\u{7f}", &[6, 7, 7]),
];
const KEYS: [&str; 6] = [
    "callCountProfiles",
    "samplingProfiles",
    "conditionalProfiles",
    "virtualInvokeProfiles",
    "instanceofProfiles",
    "monitorProfiles",
];

/// Shapes of branches: the same, equal as sets, equal but for repeats or shared targets, and others.
const SHAPES: [&[(i32, i32)]; 8] = [
    &[(20, 0), (53, 1)],
    &[(53, 0), (20, 1)],
    &[(53, 1), (20, 0)],
    &[(20, 0), (-5, 1)],
    &[(-5, 1), (20, 0)],
    &[(20, 0), (53, 1), (20, 2)],
    &[(20, 0), (20, 1), (53, 2)],
    &[(20, 0), (53, 1), (44, 2)],
];

#[derive(Clone, Debug)]
pub struct Entry {
    section: usize,
    context: Vec<(usize, i32)>,
    triples: Vec<(usize, u8, i64)>,
}

/// One file: what it holds, and how it is spelled.
#[derive(Clone, Debug)]
pub struct File {
    entries: Vec<Entry>,
    minor: u8,
    rotation: usize,
    stride: usize,
    extra: u16,
    spaced: bool,
}

pub fn files(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<File>> {
    vec(file(), count)
}

pub fn file() -> impl Strategy<Value = File> {
    let spelling = (
        0..3_u8,
        0..8_usize,
        prop_oneof![Just(1_usize), Just(3), Just(40_000_000)],
        any::<u16>(),
    );
    (vec(entry(), 1..16), spelling, any::<bool>()).prop_map(|(entries, spelling, spaced)| {
        let (minor, rotation, stride, extra) = spelling;
        File {
            entries,
            minor,
            rotation,
            stride,
            extra,
            spaced,
        }
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let count = prop_oneof![8 => 0..50_i64, 1 => Just(i64::MAX), 1 => Just(i64::MAX - 3)];
    let frame = (0..METHODS.len(), prop_oneof![Just(0), Just(4), Just(-1)]);
    (
        prop_oneof![1 => Just(2), 2 => 0..KEYS.len()],
        vec(frame, 1..3),
        vec((0..TYPES.len(), 0..3_u8, count), 0..4),
    )
        .prop_map(|(section, mut context, triples)| {
            if section == 2 {
                // Branches have few places, so that shapes meet and conflict.
                context.truncate(1);
                context[0].0 %= 2;
            }
            Entry { section, context, triples }
        })
}

impl File {
    /// The file as JSON text.
    pub fn text(&self) -> String {
        let mut parts = vec![format!("\"version\":\"1.{}.0\"", self.minor)];
        parts.push(format!("\"types\":[{}]", self.types().join(",")));
        parts.push(format!("\"methods\":[{}]", self.methods().join(",")));
        for (section, key) in KEYS.iter().enumerate() {
            let entries: Vec<_> = self
                .entries
                .iter()
                .filter(|entry| entry.section == section)
                .map(|entry| self.entry(entry))
                .collect();
            let key = if section == 4 && self.extra & 1 == 1 {
                "instanceOfProfiles"
            } else {
                key
            };
            if !entries.is_empty() || self.extra >> section & 1 == 1 {
                parts.push(format!("\"{key}\":[{}]", entries.join(",")));
            }
        }
        let length = parts.len();
        parts.rotate_left(self.rotation % length);
        let text = format!("{{{}}}", parts.join(","));
        if self.spaced {
            text.replace(',', " ,\n\t").replace('{', "{ ").replace("\":", "\" :\r")
        } else {
            text
        }
    }

    fn type_id(&self, index: usize) -> usize {
        (index + self.rotation) % TYPES.len() * self.stride
    }

    fn method_id(&self, index: usize) -> usize {
        (index + self.rotation) % METHODS.len() * self.stride + 1
    }

    fn used_methods(&self) -> impl Iterator<Item = usize> {
        (0..METHODS.len()).filter(|index| {
            let placed = self.entries.iter().filter(|entry| entry.section != 5);
            self.extra >> index & 1 == 1 || placed.flat_map(|entry| &entry.context).any(|(method, _)| method == index)
        })
    }

    fn types(&self) -> Vec<String> {
        // Sometimes only what methods need, sometimes all.
        let needed = |index: &usize| {
            self.extra & 0x8000 == 0
                || self.used_methods().any(|method| METHODS[method].1.contains(index))
                || self
                    .entries
                    .iter()
                    .flat_map(|entry| &entry.triples)
                    .any(|triple| triple.0 == *index)
        };
        (0..TYPES.len())
            .filter(needed)
            .map(|index| {
                let name = serde_json::to_string(TYPES[index]).expect("text");
                format!("{{\"id\":{},\"name\":{name}}}", self.type_id(index))
            })
            .collect()
    }

    fn methods(&self) -> Vec<String> {
        let spell = |index: usize| {
            let (name, signature) = METHODS[index];
            let signature: Vec<_> = signature.iter().map(|id| self.type_id(*id).to_string()).collect();
            let id = self.method_id(index);
            format!("{{\"signature\":[{}],\"name\":\"{name}\",\"id\":{id}}}", signature.join(","))
        };
        let mut methods: Vec<_> = self.used_methods().map(spell).collect();
        methods.reverse();
        methods
    }

    fn entry(&self, entry: &Entry) -> String {
        let frames: Vec<_> = entry
            .context
            .iter()
            .enumerate()
            .map(|(at, (method, bci))| {
                let bci = if at == 0 && entry.section == 0 { 0 } else { *bci };
                format!("{}:{bci}", self.method_id(*method))
            })
            .collect();
        let context = if entry.section == 5 { "0:0".to_owned() } else { frames.join("<") };
        let records: Vec<String> = match entry.section {
            0 | 1 => vec![entry.triples.first().map_or(7, |triple| triple.2).to_string()],
            2 => {
                let shape = SHAPES[entry.triples.first().map_or(0, |triple| triple.0)];
                let counts = entry.triples.iter().cycle().map(|triple| triple.2);
                shape
                    .iter()
                    .zip(counts)
                    .map(|((bci, branch), count)| format!("{bci},{branch},{count}"))
                    .collect()
            }
            _ => entry
                .triples
                .iter()
                .map(|(index, _, count)| format!("{},{count}", self.type_id(*index)))
                .collect(),
        };
        format!("{{\"ctx\":\"{context}\",\"records\":[{}]}}", records.join(","))
    }
}
