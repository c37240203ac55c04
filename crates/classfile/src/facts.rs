//! Owns what a scan learns about a jar.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use crate::archive::Jar;
use crate::class::ClassFile;
use crate::contract::Contract;
use crate::error::{ExceedLimitSnafu, Result};
use crate::handler::Candidate;
use crate::index::MethodIndex;
use crate::shapes;

/// Superclasses that are followed to find an inherited `main`.
const DEEPEST_INHERITANCE: usize = 32;

/// What is known about a jar after every entry was unpacked and verified.
#[derive(Clone, Debug, Default)]
pub struct JarFacts {
    /// Entries, directories included.
    pub entries: usize,
    /// Bytes of all entries after inflating.
    pub bytes: u64,
    /// Class files that could be read.
    pub class_count: usize,
    /// Entries that are named like class files and could not be read as such.
    pub unreadable_classes: usize,
    /// Newest major version of a class file: 65 is Java 21.
    pub newest_class_version: u16,
    /// Handlers that are found without being asked for, by class.
    pub candidates: Vec<Candidate>,
    /// Every shape that a user may ask for, the candidates included, by class.
    pub shapes: Vec<Candidate>,
    /// The manifest's main class, with dots; it need not exist.
    pub main_class: Option<String>,
    /// Entries by which the jar would configure the image builder.
    pub native_image_properties: Vec<String>,
    /// The methods of all classes.
    pub index: MethodIndex,
}

pub(crate) fn scan(jar: &mut Jar) -> Result<JarFacts> {
    let mut facts = JarFacts {
        entries: jar.listed().len(),
        ..JarFacts::default()
    };
    let mut superclasses = HashMap::new();
    let limits = jar.limits().clone();
    for index in 0..facts.entries {
        let entry = &jar.listed()[index];
        let name = entry.name.clone();
        let is_class = name.ends_with(".class") && !name.ends_with("module-info.class");
        let readable = is_class && entry.unpacked <= limits.class_bytes;
        facts.bytes += entry.unpacked;
        if name.starts_with("META-INF/native-image/") && name.ends_with("native-image.properties") {
            facts.native_image_properties.push(name.to_string());
        }
        if !readable {
            jar.unpack(index, &mut io::sink())?;
            facts.unreadable_classes += usize::from(is_class);
            continue;
        }
        let mut bytes = Vec::new();
        jar.unpack(index, &mut bytes)?;
        match ClassFile::parse(&bytes) {
            Ok(class) => take_class(&mut facts, &mut superclasses, &name, &class),
            Err(_) => facts.unreadable_classes += 1,
        }
        if facts.index.len() > limits.methods {
            return ExceedLimitSnafu {
                unit: "methods",
                allowed: limits.methods as u64,
            }
            .fail();
        }
        if facts.index.text_bytes() > limits.name_text_bytes {
            let unit = "bytes in names and descriptors";
            return ExceedLimitSnafu {
                unit,
                allowed: limits.name_text_bytes,
            }
            .fail();
        }
    }
    facts.main_class = jar.manifest_main_class()?;
    facts.shapes.extend(inherited_main(&facts, &superclasses));
    facts.shapes.sort_unstable();
    facts.candidates = facts.shapes.iter().filter(|shape| shapes::is_automatic(shape)).cloned().collect();
    Ok(facts)
}

fn take_class(facts: &mut JarFacts, superclasses: &mut HashMap<Arc<str>, Arc<str>>, path: &str, class: &ClassFile) {
    facts.class_count += 1;
    facts.newest_class_version = facts.newest_class_version.max(class.major);
    facts.index.insert(class);
    // A class elsewhere than its name says is not on the class path: a nested application, or one for another version.
    if path.strip_suffix(".class") == Some(&*class.name) {
        facts.shapes.extend(shapes::of(class));
        if let Some(superclass) = &class.superclass {
            superclasses.insert(Arc::clone(&class.name), Arc::clone(superclass));
        }
    }
}

/// The main class, if a superclass within the jar has its `main`.
fn inherited_main(facts: &JarFacts, superclasses: &HashMap<Arc<str>, Arc<str>>) -> Option<Candidate> {
    let main_class = facts.main_class.as_ref()?;
    let starts = |class: &str| {
        facts
            .shapes
            .iter()
            .any(|shape| shape.contract == Contract::Http && shape.class == class)
    };
    if starts(main_class) {
        return None;
    }
    let mut class = main_class.replace('.', "/");
    for _ in 0..DEEPEST_INHERITANCE {
        class = superclasses.get(class.as_str())?.to_string();
        if starts(&class.replace('/', ".")) {
            return Some(Candidate {
                class: main_class.clone(),
                method: "main".to_owned(),
                contract: Contract::Http,
            });
        }
    }
    None
}
