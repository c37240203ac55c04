//! Damaged input must end in an error or in sound facts, never in a panic. The seeds are fixed, the number of steps bounded.

mod support;

use anneal_classfile::{ClassFile, Jar, JarLimits, Request, entry, find_handler};
use support::{Class, Dice, HTTP_MAIN, MAP_MAIN, STRINGS, archive, class, entry as file, function};

const STEPS: usize = 20_000;

#[test]
fn survives_mutated_class_files() {
    let seeds = [
        Class {
            inner: Some(9),
            local: true,
            ..function("a/F", STRINGS)
        }
        .bytes(),
        class("B", &[MAP_MAIN, HTTP_MAIN]).bytes(),
        entry::generate(&anneal_classfile::Handler::new("A", "m", anneal_classfile::Contract::Map).expect("valid")).expect("a function"),
    ];
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut parsed = 0;
    for step in 0..STEPS {
        let mut bytes = seeds[step % seeds.len()].clone();
        dice.mutate(&mut bytes);
        parsed += usize::from(ClassFile::parse(&bytes).is_ok());
    }
    assert!(parsed > 0 && parsed < STEPS, "{parsed}");
}

#[test]
fn survives_mutated_archives() {
    let seed = archive(&[
        file("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\nMain-Class: B\r\n\r\n"),
        function("a/F", STRINGS).entry(),
        support::Entry {
            method: 0,
            ..class("B", &[MAP_MAIN, HTTP_MAIN]).entry()
        },
    ]);
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut opened = 0;
    for _ in 0..STEPS {
        let mut bytes = seed.clone();
        dice.mutate(&mut bytes);
        if let Ok(facts) = Jar::from_bytes(bytes, &JarLimits::default()).and_then(|mut jar| jar.scan()) {
            opened += 1;
            if let Ok(handler) = find_handler(&facts, Request::default()) {
                assert!(facts.index.contains_class(handler.class()));
            }
        }
    }
    assert!(opened < STEPS, "{opened}");
}
