//! What may be removed: a pure function of what is stored and what is needed.

use std::collections::{BTreeMap, BTreeSet};

use anneal_store::{ObjectKey, Prefix, Summary};
use jiff::Timestamp;

use super::{AGE, Retention};
use crate::{
    fold::Head,
    layout::{Identity, Layout, Subject},
    references::Record,
};

/// What an object of a Function is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Owned {
    /// A jar.
    Jar { jar: String },
    /// What was found in a jar.
    JarRecord { jar: String },
    /// An entry jar.
    Entry { jar: String },
    /// A build's.
    Build { key: String, rest: String },
    /// A merge's: raw, merged, lost or `HEAD`.
    Shelf { subject: Subject, rest: String },
    /// An upload of this build or jar that was not taken in.
    Quarantined { name: String, rest: String },
}

impl Owned {
    /// None for what no sweep looks at.
    pub(super) fn of(layout: &Layout, key: &ObjectKey) -> Option<Self> {
        let [functions, profiles, quarantine] = layout.prefixes();
        let split = |prefix: &Prefix| {
            let (first, rest) = prefix.strip(key)?.split_once('/')?;
            Some((first.to_owned(), rest.to_owned()))
        };
        if let Some((name, rest)) = split(quarantine) {
            return Some(Self::Quarantined { name, rest });
        }
        if let Some((build, rest)) = split(profiles) {
            let build = build.parse().ok()?;
            return Some(Self::Shelf {
                subject: Subject::Profile { build },
                rest,
            });
        }
        let (kind, rest) = split(functions)?;
        let digest = || rest.split('.').next().map(str::to_owned);
        match &*kind {
            "jar" if rest.strip_suffix(".json").is_some() => Some(Self::JarRecord { jar: digest()? }),
            "jar" => Some(Self::Jar { jar: digest()? }),
            "entry" => Some(Self::Entry { jar: digest()? }),
            "builds" => {
                let (key, rest) = rest.split_once('/')?;
                Some(Self::Build {
                    key: key.to_owned(),
                    rest: rest.to_owned(),
                })
            }
            "metadata" => {
                let (jar, rest) = rest.split_once('/')?;
                Some(Self::Shelf {
                    subject: Subject::Metadata { jar: jar.parse().ok()? },
                    rest: rest.to_owned(),
                })
            }
            _ => None,
        }
    }

    /// What stays or goes together.
    fn group(&self) -> (u8, String) {
        match self {
            Self::Jar { jar } | Self::JarRecord { jar } => (0, jar.clone()),
            Self::Entry { jar } => (1, jar.clone()),
            Self::Build { key, .. } => (2, key.clone()),
            Self::Shelf { subject, .. } => (3, subject_name(*subject)),
            Self::Quarantined { name, .. } => (4, name.clone()),
        }
    }

    /// In which order a group goes: a crash in between leaves nothing that is taken for whole.
    fn rank(&self) -> u8 {
        match self {
            Self::Build { rest, .. } if rest == "result.json" => 0,
            Self::Shelf { rest, .. } if rest.starts_with("raw/") => 0,
            Self::Shelf { rest, .. } if rest == "HEAD" => 2,
            Self::JarRecord { .. } => 0,
            _ => 1,
        }
    }
}

fn subject_name(subject: Subject) -> String {
    match subject {
        Subject::Profile { build } => build.to_string(),
        Subject::Metadata { jar } => jar.to_string(),
    }
}

/// What is known beside the list.
pub(super) struct Scene<'a> {
    pub(super) now: Timestamp,
    pub(super) retention: &'a Retention,
    pub(super) record: &'a Record,
    /// Merges whose `HEAD` can be read.
    pub(super) shelves: BTreeMap<Subject, Shelf>,
    /// Entry jars of jars that are needed.
    pub(super) entries: BTreeSet<String>,
    /// Attempts that made the artifacts of builds that are needed.
    pub(super) results: BTreeMap<String, String>,
}

/// A merge.
pub(super) struct Shelf {
    pub(super) head: Head,
    /// When `HEAD` changed.
    pub(super) changed: Timestamp,
    /// Whether both states that it names are there.
    pub(super) twice: bool,
}

/// What may go, in the order in which it is to go.
pub(super) fn surplus(scene: &Scene<'_>, objects: &[(Owned, Summary)]) -> Vec<ObjectKey> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (owned, object) in objects {
        groups.entry(owned.group()).or_default().push((owned, object));
    }
    let mut chosen = Vec::new();
    for mut group in groups.into_values() {
        group.sort_by_key(|(owned, object)| (owned.rank(), object.key.clone()));
        if scene.needs(&group) {
            scene.thin(&group, &mut chosen);
        } else if group.iter().all(|(_, object)| scene.is_old(object)) {
            chosen.extend(group.iter().map(|(_, object)| object.key.clone()));
        }
    }
    chosen
}

type Group<'a> = [(&'a Owned, &'a Summary)];

impl Scene<'_> {
    fn is_old(&self, object: &Summary) -> bool {
        object.modified + AGE <= self.now
    }

    /// Whether a group is named, or part of it is.
    fn needs(&self, group: &Group<'_>) -> bool {
        group.iter().any(|(owned, _)| match owned {
            Owned::Jar { jar } | Owned::JarRecord { jar } => self.record.names(jar),
            Owned::Entry { jar } => self.record.names(jar) || self.entries.contains(jar),
            Owned::Build { key, .. } => self.record.names(key),
            Owned::Shelf { subject, rest } => self.record.names(&subject_name(*subject)) || self.names_merged(rest),
            Owned::Quarantined { name, .. } => self.record.names(name),
        })
    }

    fn names_merged(&self, rest: &str) -> bool {
        merged_digest(rest).is_some_and(|digest| self.record.names(digest))
    }

    /// Of a group that stays: what it has too much of.
    fn thin(&self, group: &Group<'_>, chosen: &mut Vec<ObjectKey>) {
        match group.first().map(|(owned, _)| *owned) {
            Some(Owned::Build { key, .. }) => self.thin_build(key, group, chosen),
            Some(Owned::Shelf { subject, .. }) => {
                if let Some(shelf) = self.shelves.get(subject) {
                    self.thin_merges(shelf, group, chosen);
                    self.thin_raws(*subject, shelf, group, chosen);
                }
            }
            Some(Owned::Quarantined { .. }) => self.thin_quarantine(group, chosen),
            _ => {}
        }
    }

    /// Attempts beside the one that made the artifact.
    fn thin_build(&self, key: &str, group: &Group<'_>, chosen: &mut Vec<ObjectKey>) {
        let Some(made) = self.results.get(key) else { return };
        for (owned, object) in group {
            let Owned::Build { rest, .. } = owned else { continue };
            if rest.split_once('/').is_some_and(|(attempt, _)| attempt != made) && self.is_old(object) {
                chosen.push(object.key.clone());
            }
        }
    }

    /// Merges that neither `HEAD` nor a decision names. A decision on an earlier `HEAD` may not have been told yet: there must
    /// have been time for that.
    fn thin_merges(&self, shelf: &Shelf, group: &Group<'_>, chosen: &mut Vec<ObjectKey>) {
        let Head {
            published,
            state,
            previous,
            ..
        } = &shelf.head;
        if self.record.at.is_none_or(|at| at < shelf.changed + AGE) {
            return;
        }
        let named = [Some(published), Some(state), previous.as_ref().map(|previous| &previous.state)];
        for (owned, object) in group {
            let Owned::Shelf { rest, .. } = owned else { continue };
            let Some(name) = rest.strip_prefix("merged/") else { continue };
            let is_named = named.iter().flatten().any(|object| object.name == name);
            if !is_named && !self.names_merged(rest) && self.is_old(object) {
                chosen.push(object.key.clone());
            }
        }
    }

    /// Raw objects beyond their number and age, if two committed states hold them.
    fn thin_raws(&self, subject: Subject, shelf: &Shelf, group: &Group<'_>, chosen: &mut Vec<ObjectKey>) {
        if !shelf.twice {
            return;
        }
        let held: BTreeSet<_> = shelf.head.held_twice().collect();
        let mut raws: BTreeMap<Identity, Vec<&Summary>> = BTreeMap::new();
        for (owned, object) in group {
            let Owned::Shelf { rest, .. } = owned else { continue };
            if let Some(identity) = rest.strip_prefix("raw/").and_then(|name| identity(subject, name)) {
                raws.entry(identity).or_default().push(object);
            }
        }
        let Retention { raw_profiles, raw_age, .. } = self.retention;
        for (identity, objects) in self.beyond(raws, *raw_profiles, *raw_age) {
            if held.contains(&identity) {
                chosen.extend(objects.into_iter().map(|object| object.key.clone()));
            }
        }
    }

    fn thin_quarantine(&self, group: &Group<'_>, chosen: &mut Vec<ObjectKey>) {
        let mut uploads: BTreeMap<String, Vec<&Summary>> = BTreeMap::new();
        for (owned, object) in group {
            let Owned::Quarantined { rest, .. } = owned else { continue };
            let upload = rest.split('.').next().unwrap_or(rest);
            uploads.entry(upload.to_owned()).or_default().push(object);
        }
        let Retention {
            quarantined,
            quarantine_age,
            ..
        } = self.retention;
        for (_, objects) in self.beyond(uploads, *quarantined, *quarantine_age) {
            chosen.extend(objects.into_iter().map(|object| object.key.clone()));
        }
    }

    /// What is older than an age or beyond a number of the newest, the oldest first.
    fn beyond<'o, K: Clone + Ord>(
        &self,
        uploads: BTreeMap<K, Vec<&'o Summary>>,
        number: usize,
        age: std::time::Duration,
    ) -> Vec<(K, Vec<&'o Summary>)> {
        let newest = |objects: &[&Summary]| objects.iter().map(|object| object.modified).max().unwrap_or_default();
        let mut uploads: Vec<_> = uploads.into_iter().collect();
        uploads.sort_by_key(|(key, objects)| (std::cmp::Reverse(newest(objects)), key.clone()));
        let mut beyond: Vec<_> = uploads
            .into_iter()
            .enumerate()
            .filter(|(rank, (_, objects))| *rank >= number || newest(objects) + age <= self.now)
            .map(|(_, upload)| upload)
            .filter(|(_, objects)| objects.iter().all(|object| self.is_old(object)))
            .collect();
        beyond.reverse();
        beyond
    }
}

/// The digest in a merged object's name.
fn merged_digest(rest: &str) -> Option<&str> {
    rest.strip_prefix("merged/")?.split('.').next()
}

/// The identity of a raw object or of what was said beside it.
fn identity(subject: Subject, name: &str) -> Option<Identity> {
    let name = match subject {
        Subject::Profile { .. } => name.strip_suffix(".iprof.gz").or_else(|| name.strip_suffix(".json")),
        Subject::Metadata { .. } => name.strip_suffix(".json"),
    };
    name?.parse().ok()
}
