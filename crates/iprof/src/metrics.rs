//! Owns the figures by which a gate judges profiles. Exact integer arithmetic wherever a result decides something.

use std::collections::{HashMap, HashSet};

use crate::canonical::Entry;
use crate::form::Section;
use crate::model::{Frame, counts};
use crate::profile::Profile;

/// Sections in whose counts the metrics are interested, see [`Section::has_events`].
const EVENTS: [Section; 4] = [
    Section::CallCounts,
    Section::Conditionals,
    Section::InstanceOf,
    Section::VirtualInvokes,
];

pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        ratio(u128::from(part), u128::from(whole)) * 100.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share shown or compared in percent")]
fn ratio(part: u128, whole: u128) -> f64 {
    part as f64 / whole as f64
}

/// Weighted overlap: the sum of the smaller of both normalised counts, over every single counter. 1 means that both
/// profiles distribute their events alike, 0 that they have none in common. Symmetric; two empty profiles overlap fully.
pub fn overlap(left: &Profile, right: &Profile) -> f64 {
    let (left_mass, left_shift) = mass(left);
    let (right_mass, right_shift) = mass(right);
    if left_mass == 0 || right_mass == 0 {
        return if left_mass == right_mass { 1.0 } else { 0.0 };
    }
    let translation = Translation::new(left, right);
    let mut common = 0_u128;
    for section in EVENTS {
        let known: HashMap<&[Frame], &Entry> = left.entries(section).iter().map(|entry| (&*entry.context, entry)).collect();
        for entry in right.entries(section) {
            let Some(context) = translation.context(&entry.context) else {
                continue;
            };
            let Some(counterpart) = known.get(&*context) else {
                continue;
            };
            let own: HashMap<_, _> = cells(section, &counterpart.records, Some).collect();
            for (cell, count) in cells(section, &entry.records, |id| translation.type_id(id)) {
                let own = own.get(&cell).copied().unwrap_or(0);
                common += ((own >> left_shift) * right_mass).min((count >> right_shift) * left_mass);
            }
        }
    }
    ratio(common, left_mass * right_mass)
}

/// The mass as the sum of counts shifted so far that the sum fits in 63 bits: products of two then fit in 126.
fn mass(profile: &Profile) -> (u128, u32) {
    let all = || {
        EVENTS.into_iter().flat_map(|section| {
            profile
                .entries(section)
                .iter()
                .flat_map(move |entry| counts(section, &entry.records).map(u128::from))
        })
    };
    let total: u128 = all().sum();
    let shift = 65_u32.saturating_sub(total.leading_zeros());
    (all().map(|count| count >> shift).sum(), shift)
}

/// The single counters of an entry: a type, or the n-th successor with a bytecode index.
fn cells(section: Section, records: &[i64], translate: impl Fn(i64) -> Option<i64>) -> impl Iterator<Item = ((i64, u32), u128)> {
    let mut occurrences: HashMap<i64, u32> = HashMap::new();
    let stride = crate::model::stride(section);
    records.chunks_exact(stride).filter_map(move |record| {
        let count = u128::from(record[stride - 1].unsigned_abs());
        let key = match section {
            Section::CallCounts | Section::Samples => 0,
            Section::Conditionals => record[0],
            Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => translate(record[0])?,
        };
        let occurrence = occurrences.entry(key).or_default();
        let cell = (key, *occurrence);
        *occurrence += 1;
        Some((cell, count))
    })
}

/// From one profile's ids to another's, where the other knows the name.
struct Translation {
    types: Vec<Option<u32>>,
    methods: Vec<Option<u32>>,
}

impl Translation {
    fn new(to: &Profile, from: &Profile) -> Self {
        let names: HashMap<&str, u32> = to.types().iter().map(|name| &**name).zip(0..).collect();
        let types: Vec<_> = from.types().iter().map(|name| names.get(&**name).copied()).collect();
        let identities: HashMap<(&str, Vec<u32>), u32> = to
            .methods()
            .iter()
            .map(|method| (&*method.name, method.signature.to_vec()))
            .zip(0..)
            .collect();
        let methods = from.methods().iter().map(|method| {
            let signature: Option<Vec<u32>> = method.signature.iter().map(|id| types[*id as usize]).collect();
            identities.get(&(&*method.name, signature?)).copied()
        });
        let methods = methods.collect();
        Self { types, methods }
    }

    fn context(&self, frames: &[Frame]) -> Option<Vec<Frame>> {
        let translate = |frame: &Frame| {
            Some(Frame {
                method: self.methods[frame.method as usize]?,
                bci: frame.bci,
            })
        };
        frames.iter().map(translate).collect()
    }

    fn type_id(&self, id: i64) -> Option<i64> {
        self.types.get(usize::try_from(id).ok()?).copied().flatten().map(i64::from)
    }
}

/// The share of `newcomer`'s contexts, over all sections, that `known` does not have; from 0 to 100.
pub fn new_context_percent(known: &Profile, newcomer: &Profile) -> f64 {
    let translation = Translation::new(known, newcomer);
    let (mut all, mut fresh) = (0, 0);
    for section in Section::ALL {
        let contexts: HashSet<&[Frame]> = known.entries(section).iter().map(|entry| &*entry.context).collect();
        for entry in newcomer.entries(section) {
            all += 1;
            let old = translation
                .context(&entry.context)
                .is_some_and(|context| contexts.contains(&*context));
            fresh += u64::from(!old);
        }
    }
    percent(fresh, all)
}

/// The share of contexts that two profiles' hot sets have in common (intersection by union). The hot set is the smallest
/// one that carries `percent` of the events; of equal counts, the earlier in canonical order is the hotter.
pub fn hot_set_stability(left: &Profile, right: &Profile, percent: u8) -> f64 {
    let translation = Translation::new(left, right);
    let ours = hot_set(left, percent);
    let theirs = hot_set(right, percent);
    let is_ours = |(section, context): &(Section, &[Frame])| {
        translation
            .context(context)
            .is_some_and(|context| ours.contains(&(*section, &context[..])))
    };
    let common = theirs.iter().filter(|place| is_ours(place)).count();
    let union = ours.len() + theirs.len() - common;
    if union == 0 { 1.0 } else { ratio(common as u128, union as u128) }
}

fn hot_set(profile: &Profile, percent: u8) -> HashSet<(Section, &[Frame])> {
    let mut places: Vec<(u128, Section, &[Frame])> = EVENTS
        .into_iter()
        .flat_map(|section| {
            profile
                .entries(section)
                .iter()
                .map(move |entry| (counts(section, &entry.records).map(u128::from).sum(), section, &*entry.context))
        })
        .collect();
    let total: u128 = places.iter().map(|place| place.0).sum();
    places.sort_by_key(|place| std::cmp::Reverse(place.0));
    let mut carried = 0;
    let wanted = total * u128::from(percent.min(100));
    let hot = places.into_iter().take_while(|place| {
        let more = carried * 100 < wanted;
        carried += place.0;
        more
    });
    hot.map(|(_, section, context)| (section, context)).collect()
}

/// Events per place that has any: low figures mean that the profile is noise.
pub fn events_per_site(profile: &Profile) -> f64 {
    let (mut events, mut sites) = (0_u128, 0);
    for section in EVENTS {
        for entry in profile.entries(section) {
            let mass: u128 = counts(section, &entry.records).map(u128::from).sum();
            events += mass;
            sites += u128::from(mass > 0);
        }
    }
    if sites == 0 { 0.0 } else { ratio(events, sites) }
}

/// What a jar says about a method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presence {
    /// The class is not the application's: it says nothing about the jar's age.
    Foreign,
    /// The class is the application's, and has the method with this descriptor.
    Present,
    /// The class is the application's, and it or the method is gone.
    Absent,
}

/// How much of a profile still applies to a jar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relevance {
    /// Share of the application's methods that still exist, from 0 to 100. 100 if there are none.
    pub methods_percent: f64,
    /// Share of the application's event mass whose method still exists, from 0 to 100. 100 if there is none.
    pub mass_percent: f64,
}

/// Compares a profile with the methods of a jar. `presence` is asked for a class's binary name with dots, a method's name
/// and its descriptor. Only methods that a context names count; an event belongs to its innermost method.
pub fn relevance(profile: &Profile, presence: impl Fn(&str, &str, &str) -> Presence) -> Relevance {
    let mut known: HashMap<u32, Presence> = HashMap::new();
    let mut look_up = |id: u32| {
        *known.entry(id).or_insert_with(|| {
            let method = &profile.methods()[id as usize];
            let mut names = method.signature.iter().map(|id| &*profile.types()[*id as usize]);
            let (class, returns) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
            let mut descriptor = String::from("(");
            names.for_each(|name| push_descriptor(&mut descriptor, name));
            descriptor.push(')');
            push_descriptor(&mut descriptor, returns);
            presence(class, &method.name, &descriptor)
        })
    };
    let (mut present, mut absent) = (0, 0);
    for section in Section::ALL {
        for entry in profile.entries(section) {
            for frame in &entry.context {
                look_up(frame.method);
            }
            let Some(frame) = entry.context.first().filter(|_| section.has_events()) else {
                continue;
            };
            let mass: u128 = counts(section, &entry.records).map(u128::from).sum();
            match look_up(frame.method) {
                Presence::Foreign => {}
                Presence::Present => present += mass,
                Presence::Absent => absent += mass,
            }
        }
    }
    let of = |wanted| known.values().filter(|presence| **presence == wanted).count() as u128;
    let share = |present, absent| {
        if present + absent == 0 {
            100.0
        } else {
            ratio(present, present + absent) * 100.0
        }
    };
    Relevance {
        methods_percent: share(of(Presence::Present), of(Presence::Absent)),
        mass_percent: share(present, absent),
    }
}

/// Appends a type's descriptor; the profile spells types as `Class.getName` does.
fn push_descriptor(descriptor: &mut String, name: &str) {
    let primitive = match name {
        "boolean" => "Z",
        "byte" => "B",
        "char" => "C",
        "double" => "D",
        "float" => "F",
        "int" => "I",
        "long" => "J",
        "short" => "S",
        "void" => "V",
        _ => {
            let dotted = name.chars().map(|symbol| if symbol == '.' { '/' } else { symbol });
            if name.starts_with('[') {
                descriptor.extend(dotted);
            } else {
                descriptor.push('L');
                descriptor.extend(dotted);
                descriptor.push(';');
            }
            return;
        }
    };
    descriptor.push_str(primitive);
}
