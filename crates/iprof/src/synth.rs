//! Owns synthetic profiles: deterministic, of any size, and shaped like those of a real image. For benchmarks, fuzzing and demonstrations.
//!
//! Every table entry and record is a function of the image and its position alone, so a profile is written as a stream. The
//! image decides what is listed and how hot each place is; the seed only moves the counts.

use std::io::{self, Write};

/// Whether the records stand in the order that every profile of the image has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// As all profiles of one image do.
    Same,
    /// Tables and records in an order that the seed decides.
    Shuffled,
}

/// A profile to be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Synth {
    /// About how many bytes; a few per cent more or fewer are written.
    pub bytes: u64,
    /// Decides the counts.
    pub seed: u64,
    /// Decides the order.
    pub order: Order,
    /// Decides tables and contexts.
    pub image: u64,
}

const PRIMITIVES: [&str; 9] = ["boolean", "byte", "char", "double", "float", "int", "long", "short", "void"];
const PACKAGES: [&str; 8] = [
    "java.util.concurrent",
    "java.lang",
    "com.example.orders.service",
    "io.netty.handler.codec.http",
    "com.oracle.svm.core.genscavenge",
    "org.example.json.databind",
    "jdk.internal.math",
    "com.example.orders",
];
const NOUNS: [&str; 12] = [
    "Buffer", "Request", "Handler", "Map", "Writer", "Context", "Node", "Parser", "Queue", "Session", "Invoice", "Codec",
];
const VERBS: [&str; 8] = ["get", "apply", "write", "lambda$main", "resolve", "next", "accept", "hash"];

/// Shares of the bytes in thousandths.
const TYPES: u64 = 50;
const METHODS: u64 = 250;
const SECTIONS: [(&str, u64, Kind); 6] = [
    ("monitorProfiles", 3, Kind::Monitors),
    ("callCountProfiles", 220, Kind::Calls),
    ("conditionalProfiles", 280, Kind::Branches),
    ("virtualInvokeProfiles", 100, Kind::Types),
    ("instanceofProfiles", 57, Kind::Types),
    ("samplingProfiles", 40, Kind::Samples),
];

/// Entries that are written to learn how long one is on average.
const SAMPLE: u64 = 256;

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Monitors,
    Calls,
    Branches,
    Types,
    Samples,
}

/// A stream of numbers that its parts decide: splitmix64.
struct Dice(u64);

impl Dice {
    fn of(parts: [u64; 3]) -> Self {
        let mut dice = Self(0x9e37_79b9_7f4a_7c15);
        for part in parts {
            dice.0 = dice.next() ^ part;
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap_or(0)]
    }
}

impl Synth {
    /// Writes the profile.
    pub fn write_to(&self, output: impl Write) -> io::Result<()> {
        let mut output = io::BufWriter::with_capacity(1 << 16, output);
        let image = self.image()?;
        output.write_all(b"{\"version\":\"1.1.0\",\"types\":[")?;
        image.list(&mut output, 0, image.types, Image::write_type)?;
        output.write_all(b"],\"methods\":[")?;
        image.list(&mut output, 1, image.methods, Image::write_method)?;
        output.write_all(b"]")?;
        for (number, (key, share, kind)) in (2..).zip(SECTIONS) {
            write!(output, ",\"{key}\":[")?;
            let write = |image: &Image, output: &mut dyn Write, index| image.write_record(output, number, kind, index);
            let count = if kind == Kind::Monitors { 1 } else { image.count(share, 1, write)? };
            image.list(&mut output, number, count, write)?;
            output.write_all(b"]")?;
        }
        output.write_all(b"}\n")?;
        output.flush()
    }

    fn image(&self) -> io::Result<Image> {
        let mut image = Image {
            synth: *self,
            types: PRIMITIVES.len() as u64 + 3,
            methods: 4,
        };
        image.types = image.count(TYPES, image.types, Image::write_type)?;
        image.methods = image.count(METHODS, image.methods, Image::write_method)?;
        Ok(image)
    }
}

/// A profile whose tables' sizes are known.
struct Image {
    synth: Synth,
    types: u64,
    methods: u64,
}

/// Takes the length of what is written.
struct Length(u64);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Image {
    /// How many entries fill a share of the bytes. The seed has no say, or profiles of one image would differ in length.
    fn count(&self, share: u64, least: u64, write: impl Fn(&Self, &mut dyn Write, u64) -> io::Result<()>) -> io::Result<u64> {
        let unseeded = Self {
            synth: Synth { seed: 0, ..self.synth },
            ..*self
        };
        let mut length = Length(SAMPLE);
        let bytes = self.synth.bytes.saturating_mul(share) / 1000;
        for index in 0..SAMPLE {
            // Ids grow with their number.
            write(&unseeded, &mut length, bytes / 128 / SAMPLE * index)?;
        }
        Ok((bytes * SAMPLE / length.0.max(1)).max(least))
    }

    fn list(
        &self,
        output: &mut dyn Write,
        number: u64,
        count: u64,
        write: impl Fn(&Self, &mut dyn Write, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let order = match self.synth.order {
            Order::Same => None,
            Order::Shuffled => Some(shuffled(count, &mut Dice::of([self.synth.seed, self.synth.image, number]))),
        };
        for position in 0..count {
            if position > 0 {
                output.write_all(b",")?;
            }
            let index = order
                .as_ref()
                .and_then(|order| order.get(usize::try_from(position).ok()?).copied())
                .unwrap_or(position);
            write(self, output, index)?;
        }
        Ok(())
    }

    fn write_type(&self, output: &mut dyn Write, index: u64) -> io::Result<()> {
        write!(output, "{{\"id\":{index},\"name\":\"")?;
        if let Some(name) = usize::try_from(index).ok().and_then(|index| PRIMITIVES.get(index)) {
            return write!(output, "{name}\"}}");
        }
        let mut dice = Dice::of([self.synth.image, 0, index]);
        let (package, outer, inner) = (dice.pick(&PACKAGES), dice.pick(&NOUNS), dice.pick(&NOUNS));
        match dice.below(16) {
            0 => write!(output, "[L{package}.{outer}{index:x};\"}}"),
            1 => write!(output, "{package}.{outer}$$Lambda/0x{index:016x}\"}}"),
            2..6 => write!(output, "{package}.{outer}{index:x}\"}}"),
            _ => write!(output, "{package}.{outer}{inner}{index:x}$Default{inner}\"}}"),
        }
    }

    /// Ids have gaps, as in files of the compiler.
    fn method_id(index: u64) -> u64 {
        index * 3 + 1
    }

    fn write_method(&self, output: &mut dyn Write, index: u64) -> io::Result<()> {
        let mut dice = Dice::of([self.synth.image, 1, index]);
        let types = self.types;
        let (verb, noun) = (dice.pick(&VERBS), dice.pick(&NOUNS));
        let id = Self::method_id(index);
        write!(output, "{{\"id\":{id},\"name\":\"{verb}{noun}{index:x}\",\"signature\":[")?;
        write!(output, "{},{}", 9 + dice.below(types - 9), dice.below(types))?;
        for _ in 0..dice.below(4) {
            write!(output, ",{}", dice.below(types))?;
        }
        output.write_all(b"]}")
    }

    fn write_record(&self, output: &mut dyn Write, section: u64, kind: Kind, index: u64) -> io::Result<()> {
        let mut dice = Dice::of([self.synth.image, section, index]);
        let mut noise = Dice::of([self.synth.image ^ self.synth.seed.rotate_left(32), self.synth.seed ^ section, index]);
        // A few places are hot and most are nearly cold; a seed moves each by a half.
        let heat = 1 << dice.below(1 + dice.0 % 21);
        let mut count = || {
            let share = noise.below(16);
            if share == 0 { 0 } else { heat + noise.below(heat) / 2 + share }
        };
        output.write_all(b"{\"ctx\":\"")?;
        self.write_context(output, kind, index, &mut dice)?;
        output.write_all(b"\",\"records\":[")?;
        match kind {
            Kind::Calls | Kind::Samples => write!(output, "{}", count())?,
            Kind::Branches => {
                let first = 3 + dice.below(400);
                let (cases, shared) = match dice.below(16) {
                    0 => (3 + dice.below(5), true),
                    _ => (2, false),
                };
                for case in 0..cases {
                    let comma = if case > 0 { "," } else { "" };
                    // A switch gives the cases with a common target one index each time.
                    let target = first + case * (3 + dice.below(20));
                    if shared && case % 3 == 1 {
                        write!(output, "{comma}-5,{},{}", case / 2, count())?;
                    } else {
                        write!(output, "{comma}{target},{case},{}", count())?;
                    }
                }
            }
            Kind::Types | Kind::Monitors => {
                let types = self.types;
                let pairs = if kind == Kind::Monitors {
                    types / 16
                } else {
                    1 + dice.below(1 + dice.0 % 8)
                };
                let (base, step) = (9 + dice.below(types - 9), 1 + dice.below(5));
                for pair in 0..pairs.max(1) {
                    let comma = if pair > 0 { "," } else { "" };
                    write!(output, "{comma}{},{}", (base + pair * step) % types, count())?;
                }
            }
        }
        output.write_all(b"]}")
    }

    fn write_context(&self, output: &mut dyn Write, kind: Kind, index: u64, dice: &mut Dice) -> io::Result<()> {
        if kind == Kind::Monitors {
            return output.write_all(b"0:0");
        }
        let methods = self.methods;
        // The innermost frame, or for calls the two innermost, tell every place of a section from the others.
        let (method, round) = (index * 7919 % methods, index / methods);
        let place = round * 97 + dice.below(97);
        let depth = match kind {
            Kind::Samples => 10 + dice.below(40),
            _ => 1 + u64::from(dice.next().trailing_zeros()).min(3) + dice.below(1 + dice.0 % 5),
        };
        let callers = if kind == Kind::Calls {
            write!(output, "{}:0", Self::method_id(method))?;
            if round > 0 {
                write!(output, "<{}:{place}", Self::method_id(dice.below(methods)))?;
            }
            depth - 1
        } else {
            write!(output, "{}:{place}", Self::method_id(method))?;
            depth - 1
        };
        for _ in 0..callers {
            let bci = dice.below(300);
            let caller = Self::method_id(dice.below(methods));
            if bci == 7 {
                write!(output, "<{caller}:-1")?;
            } else {
                write!(output, "<{caller}:{bci}")?;
            }
        }
        Ok(())
    }
}

/// The numbers below `count` in an order of chance.
fn shuffled(count: u64, dice: &mut Dice) -> Vec<u64> {
    let mut order: Vec<u64> = (0..count).collect();
    for index in (1..order.len()).rev() {
        let other = usize::try_from(dice.below(index as u64 + 1)).unwrap_or(index);
        order.swap(index, other);
    }
    order
}
