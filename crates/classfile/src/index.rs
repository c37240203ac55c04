//! Owns the set of methods that a jar's classes declare.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::class::ClassFile;

/// Which methods exist, by class, name and descriptor. Names of classes are binary names, with dots.
/// Texts are kept once, however often they occur.
#[derive(Clone, Debug, Default)]
pub struct MethodIndex {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
    classes: HashMap<u32, BTreeSet<(u32, u32)>>,
    methods: usize,
    text_bytes: u64,
}

impl MethodIndex {
    /// Adds a class with the methods it declares.
    pub fn insert(&mut self, class: &ClassFile) {
        let name = self.number(&Arc::from(class.binary_name()));
        // A hostile class can name one long text in each of its methods: look at each text once.
        let mut seen = HashMap::new();
        let mut number = |index: &mut Self, text: &Arc<str>| {
            let address = Arc::as_ptr(text).cast::<u8>().addr();
            *seen.entry(address).or_insert_with(|| index.number(text))
        };
        let methods: Vec<_> = class
            .methods
            .iter()
            .map(|method| (number(self, &method.name), number(self, &method.descriptor)))
            .collect();
        let known = self.classes.entry(name).or_default();
        self.methods -= known.len();
        known.extend(methods);
        self.methods += known.len();
    }

    /// Bytes of text held.
    pub fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// Whether the jar has the class.
    pub fn contains_class(&self, class: &str) -> bool {
        self.numbers.get(class).is_some_and(|class| self.classes.contains_key(class))
    }

    /// Whether the class declares the method.
    pub fn contains(&self, class: &str, name: &str, descriptor: &str) -> bool {
        let numbers = [class, name, descriptor].map(|text| self.numbers.get(text).copied());
        let [Some(class), Some(name), Some(descriptor)] = numbers else {
            return false;
        };
        self.classes
            .get(&class)
            .is_some_and(|methods| methods.contains(&(name, descriptor)))
    }

    /// Whether the class declares a method of this name, whatever its types.
    pub fn contains_name(&self, class: &str, name: &str) -> bool {
        let numbers = [class, name].map(|text| self.numbers.get(text).copied());
        let [Some(class), Some(name)] = numbers else {
            return false;
        };
        let with_name = |methods: &BTreeSet<(u32, u32)>| methods.range((name, 0)..=(name, u32::MAX)).next().is_some();
        self.classes.get(&class).is_some_and(with_name)
    }

    /// Methods of all classes.
    pub fn len(&self) -> usize {
        self.methods
    }

    /// Whether no class declares a method.
    pub fn is_empty(&self) -> bool {
        self.methods == 0
    }

    /// Every class with its methods as (name, descriptor), sorted by text.
    pub fn classes(&self) -> Vec<(&str, Vec<(&str, &str)>)> {
        let text = |number: u32| &*self.texts[number as usize];
        let sorted = |methods: &BTreeSet<(u32, u32)>| {
            let mut methods: Vec<_> = methods.iter().map(|(name, descriptor)| (text(*name), text(*descriptor))).collect();
            methods.sort_unstable();
            methods
        };
        let mut classes: Vec<_> = self
            .classes
            .iter()
            .map(|(class, methods)| (text(*class), sorted(methods)))
            .collect();
        classes.sort_unstable();
        classes
    }

    fn number(&mut self, text: &Arc<str>) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.text_bytes += text.len() as u64;
        self.texts.push(Arc::clone(text));
        self.numbers.insert(Arc::clone(text), number);
        number
    }
}
