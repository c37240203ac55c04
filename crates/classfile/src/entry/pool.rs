//! Owns the constant pool of the generated class.

use std::collections::HashMap;

/// Constants in the order of their first use; equal ones are written once.
#[derive(Default)]
pub(super) struct Pool {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u16>,
    count: u16,
}

impl Pool {
    pub(super) fn text(&mut self, text: &str) -> u16 {
        let encoded = encode(text);
        let length = u16::try_from(encoded.len()).unwrap_or(u16::MAX);
        let mut constant = vec![1];
        constant.extend(length.to_be_bytes());
        constant.extend(encoded);
        self.add(constant)
    }

    pub(super) fn class(&mut self, name: &str) -> u16 {
        let name = self.text(name);
        self.add(numbers(7, &[name]))
    }

    pub(super) fn string(&mut self, text: &str) -> u16 {
        let text = self.text(text);
        self.add(numbers(8, &[text]))
    }

    pub(super) fn field(&mut self, class: &str, name: &str, descriptor: &str) -> u16 {
        self.reference(9, class, name, descriptor)
    }

    pub(super) fn method(&mut self, class: &str, name: &str, descriptor: &str) -> u16 {
        self.reference(10, class, name, descriptor)
    }

    pub(super) fn interface_method(&mut self, class: &str, name: &str, descriptor: &str) -> u16 {
        self.reference(11, class, name, descriptor)
    }

    fn reference(&mut self, tag: u8, class: &str, name: &str, descriptor: &str) -> u16 {
        let class = self.class(class);
        let (name, descriptor) = (self.text(name), self.text(descriptor));
        let pair = self.add(numbers(12, &[name, descriptor]));
        self.add(numbers(tag, &[class, pair]))
    }

    fn add(&mut self, constant: Vec<u8>) -> u16 {
        if let Some(index) = self.known.get(&constant) {
            return *index;
        }
        // The class has some thirty constants.
        self.count += 1;
        self.bytes.extend(&constant);
        self.known.insert(constant, self.count);
        self.count
    }

    /// The pool with its count in front.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = (self.count + 1).to_be_bytes().to_vec();
        bytes.extend(self.bytes);
        bytes
    }
}

fn numbers(tag: u8, numbers: &[u16]) -> Vec<u8> {
    std::iter::once(tag)
        .chain(numbers.iter().flat_map(|number| number.to_be_bytes()))
        .collect()
}

/// The class file's variant of UTF-8: NUL takes two bytes, characters beyond 16 bits are pairs of three bytes each.
fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let [high, low] = unit.to_be_bytes();
        match unit {
            0x01..=0x7f => bytes.push(low),
            0 | 0x80..=0x7ff => bytes.extend([0xc0 | high << 2 | low >> 6, 0x80 | low & 0x3f]),
            _ => bytes.extend([0xe0 | high >> 4, 0x80 | (high & 0x0f) << 2 | low >> 6, 0x80 | low & 0x3f]),
        }
    }
    bytes
}
