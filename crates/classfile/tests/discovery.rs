//! Which handler is found in which jar.

mod support;

use anneal_classfile::{
    ClassFile, Contract, ContractName, Handler, HandlerError, Jar, JarFacts, JarLimits, Kind, Request, access, find_handler,
};
use support::{Class, Entry, HTTP_MAIN, MAP_MAIN, STRINGS, archive, class, entry, function};

fn facts_of(entries: &[Entry]) -> JarFacts {
    Jar::from_bytes(archive(entries), &JarLimits::default())
        .and_then(|mut jar| jar.scan())
        .expect("valid")
}

fn facts(classes: &[Class]) -> JarFacts {
    facts_of(&classes.iter().map(Class::entry).collect::<Vec<_>>())
}

fn with_main_class(classes: &[Class], main: &str) -> JarFacts {
    let manifest = format!("Manifest-Version: 1.0\r\nMain-Class: {main}\r\n");
    let mut entries = vec![entry("META-INF/MANIFEST.MF", manifest.as_bytes())];
    entries.extend(classes.iter().map(Class::entry));
    facts_of(&entries)
}

fn found(facts: &JarFacts) -> Result<(String, String, Contract), HandlerError> {
    describe(find_handler(facts, Request::default()))
}

fn describe(handler: Result<Handler, HandlerError>) -> Result<(String, String, Contract), HandlerError> {
    handler.map(|handler| (handler.class().to_owned(), handler.method().to_owned(), handler.contract()))
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with a result")]
fn chosen(class: &str, method: &str, contract: Contract) -> Result<(String, String, Contract), HandlerError> {
    Ok((class.to_owned(), method.to_owned(), contract))
}

#[test]
fn finds_the_one_main_on_maps() {
    let jar = facts(&[class("com/shop/FileHash", &[MAP_MAIN]), class("com/shop/Other", &[])]);
    assert_eq!(found(&jar), chosen("com.shop.FileHash", "main", Contract::Map));
    assert_eq!(jar.class_count, 2);
    assert_eq!(jar.newest_class_version, 65);
}

#[test]
fn finds_functions_of_each_kind() {
    let strings = facts(&[function("F", STRINGS)]);
    assert_eq!(found(&strings), chosen("F", "apply", Contract::Function(Kind::String)));
    let bytes = facts(&[function("F", "Ljava/lang/Object;Ljava/util/function/Function<[B[B>;")]);
    assert_eq!(found(&bytes), chosen("F", "apply", Contract::Function(Kind::Bytes)));
    let maps = "Ljava/lang/Object;Ljava/util/function/Function<Ljava/util/Map<**>;Ljava/util/Map<**>;>;";
    assert_eq!(
        found(&facts(&[function("F", maps)])),
        chosen("F", "apply", Contract::Function(Kind::Map))
    );
}

#[test]
fn takes_no_class_that_cannot_be_called() {
    let hidden = Class {
        access: 0x20,
        ..class("A", &[MAP_MAIN])
    };
    let unfinished = Class {
        access: 0x21 | access::ABSTRACT,
        ..class("B", &[MAP_MAIN])
    };
    let interface = Class {
        access: 0x1 | access::INTERFACE | access::ABSTRACT,
        ..class("C", &[MAP_MAIN])
    };
    let generated = Class {
        access: 0x21 | access::SYNTHETIC,
        ..function("D", STRINGS)
    };
    let local = Class {
        local: true,
        ..function("E", STRINGS)
    };
    let private_inside = Class {
        inner: Some(0x2 | access::STATIC),
        ..function("F$G", STRINGS)
    };
    let raw = Class {
        signature: None,
        ..function("H", STRINGS)
    };
    let closed = Class {
        methods: vec![(0x2, "<init>", "()V")],
        ..function("I", STRINGS)
    };
    let inherited = Class {
        interfaces: vec![],
        ..function("J", STRINGS)
    };
    let instance = class("K", &[(0x1, "main", MAP_MAIN.2)]);
    let other_name = class("L", &[(0x9, "copyOf", MAP_MAIN.2)]);
    let mixed = "Ljava/lang/Object;Ljava/util/function/Function<Ljava/lang/String;[B>;";
    let two_kinds = function("M", mixed);
    for class in [
        hidden,
        unfinished,
        interface,
        generated,
        local,
        private_inside,
        raw,
        closed,
        inherited,
        instance,
        other_name,
        two_kinds,
    ] {
        let name = class.name;
        assert_eq!(found(&facts(&[class])), Err(HandlerError::NoHandler), "{name}");
    }
    let nested = Class {
        inner: Some(0x1 | access::STATIC),
        ..function("F$G", STRINGS)
    };
    assert!(found(&facts(&[nested])).is_ok());
}

#[test]
fn takes_no_class_from_another_place_than_its_name_says() {
    let class = function("com/F", STRINGS);
    for place in ["META-INF/versions/21/com/F.class", "BOOT-INF/classes/com/F.class", "lib/F.class"] {
        let jar = facts_of(&[entry(place, &class.bytes())]);
        assert_eq!(found(&jar), Err(HandlerError::NoHandler));
        assert!(jar.index.contains_class("com.F"));
    }
}

#[test]
fn names_the_candidates_where_there_are_several() {
    let jar = facts(&[function("Z", STRINGS), class("A", &[MAP_MAIN])]);
    let Err(HandlerError::Ambiguous { count: 2, candidates }) = found(&jar) else {
        panic!("two handlers")
    };
    assert_eq!(candidates, jar.candidates);
    assert_eq!(candidates[0].class, "A");
    let only_functions = Request {
        contract: Some(ContractName::Function),
        ..Request::default()
    };
    assert_eq!(
        describe(find_handler(&jar, only_functions)),
        chosen("Z", "apply", Contract::Function(Kind::String))
    );
}

#[test]
fn falls_back_to_the_manifests_program() {
    let program = class("app/Server", &[HTTP_MAIN]);
    assert_eq!(found(&facts(std::slice::from_ref(&program))), Err(HandlerError::NoHandler));
    let jar = with_main_class(std::slice::from_ref(&program), "app.Server");
    assert_eq!(found(&jar), chosen("app.Server", "main", Contract::Http));
    let both = with_main_class(&[program.clone(), class("A", &[MAP_MAIN])], "app.Server");
    assert_eq!(found(&both), chosen("A", "main", Contract::Map));
    let http = Request {
        contract: Some(ContractName::Http),
        ..Request::default()
    };
    assert_eq!(describe(find_handler(&both, http)), chosen("app.Server", "main", Contract::Http));
    assert_eq!(found(&with_main_class(&[program], "app.Missing")), Err(HandlerError::NoHandler));
}

#[test]
fn follows_superclasses_to_the_programs_main() {
    let child = Class {
        superclass: "app/Base",
        ..class("app/Child", &[])
    };
    let base = Class {
        access: 0x21 | access::ABSTRACT,
        ..class("app/Base", &[HTTP_MAIN])
    };
    let jar = with_main_class(&[child.clone(), base], "app.Child");
    assert_eq!(found(&jar), chosen("app.Child", "main", Contract::Http));
    let circle = Class {
        superclass: "app/Child",
        ..class("app/Base", &[])
    };
    assert_eq!(found(&with_main_class(&[child, circle], "app.Child")), Err(HandlerError::NoHandler));
}

#[test]
fn checks_what_was_asked_for() {
    let handlers = class(
        "com.shop.Jobs".replace('.', "/").leak(),
        &[MAP_MAIN, (0x9, "nightly", MAP_MAIN.2), (0x9, "helper", "()V"), HTTP_MAIN],
    );
    let jar = facts(&[handlers, function("G", STRINGS)]);
    let ask = |class, method, contract| describe(find_handler(&jar, Request { class, method, contract }));
    let jobs = Some("com.shop.Jobs");
    assert_eq!(ask(jobs, None, None), chosen("com.shop.Jobs", "main", Contract::Map));
    assert_eq!(ask(jobs, Some("nightly"), None), chosen("com.shop.Jobs", "nightly", Contract::Map));
    assert_eq!(ask(None, Some("nightly"), None), chosen("com.shop.Jobs", "nightly", Contract::Map));
    assert_eq!(
        ask(jobs, None, Some(ContractName::Http)),
        chosen("com.shop.Jobs", "main", Contract::Http)
    );
    assert_eq!(ask(Some("com.shop.Gone"), None, None), Err(HandlerError::ClassNotFound));
    assert_eq!(ask(jobs, Some("gone"), None), Err(HandlerError::MethodNotFound));
    assert_eq!(ask(jobs, Some("helper"), None), Err(HandlerError::WrongShape));
    assert_eq!(ask(jobs, None, Some(ContractName::Function)), Err(HandlerError::WrongShape));
    assert_eq!(
        ask(Some("G"), Some("apply"), None),
        chosen("G", "apply", Contract::Function(Kind::String))
    );
    assert_eq!(ask(Some("G"), Some("main"), None), Err(HandlerError::MethodNotFound));
}

#[test]
fn lists_what_would_configure_the_builder() {
    let jar = facts_of(&[
        entry("META-INF/native-image/g/a/native-image.properties", b"Args = --features=Evil"),
        entry("META-INF/native-image/native-image.properties", b""),
        entry("META-INF/native-image/g/a/reflect-config.json", b"[]"),
        entry("native-image.properties", b""),
    ]);
    assert_eq!(jar.native_image_properties.len(), 2);
}

#[test]
fn indexes_methods_by_class_name_and_descriptor() {
    let jar = facts(&[class("com/A", &[MAP_MAIN, (0, "f", "(I[J)V")]), class("com/B", &[(0, "f", "()V")])]);
    assert!(jar.index.contains("com.A", "f", "(I[J)V"));
    assert!(!jar.index.contains("com.B", "f", "(I[J)V"));
    assert!(!jar.index.contains("com.C", "f", "()V"));
    assert_eq!(jar.index.len(), 3);
    assert_eq!(jar.index.classes()[1], ("com.B", vec![("f", "()V")]));
}

#[test]
fn reads_the_parts_of_a_class() {
    let parsed = ClassFile::parse(&function("a/F", STRINGS).bytes()).expect("valid");
    assert_eq!((&*parsed.name, parsed.superclass.as_deref()), ("a/F", Some("java/lang/Object")));
    assert_eq!(parsed.signature.as_deref(), Some(STRINGS));
    assert_eq!(parsed.methods.len(), 2);
    assert_eq!(&*parsed.methods[1].name, "apply");
    assert!(parsed.fields.is_empty() && !parsed.local && parsed.has(access::PUBLIC));
}

#[test]
fn refuses_every_cut_class() {
    let bytes = Class {
        inner: Some(9),
        local: true,
        ..function("a/F", STRINGS)
    }
    .bytes();
    for length in 0..bytes.len() {
        assert!(ClassFile::parse(&bytes[..length]).is_err(), "{length}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(ClassFile::parse(&longer).is_err());
}

#[test]
fn a_small_class_cannot_unfold_into_a_large_index() {
    // One text of 60 000 bytes as the descriptor of 65 000 methods would be 4 GB if it were copied.
    let long: &'static str = "x".repeat(60_000).leak();
    let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 65, 0, 5, 7, 0, 2, 1, 0, 1, b'A', 7, 0, 2, 1];
    bytes.extend(60_000_u16.to_be_bytes());
    bytes.extend(long.as_bytes());
    bytes.extend([0, 0x21, 0, 1, 0, 0, 0, 0, 0, 0]);
    bytes.extend(65_000_u16.to_be_bytes());
    for _ in 0..65_000 {
        bytes.extend([0, 1, 0, 4, 0, 4, 0, 0]);
    }
    bytes.extend([0, 0]);
    let jar = facts_of(&[entry("A.class", &bytes)]);
    assert_eq!(jar.class_count, 1);
    assert_eq!(jar.index.len(), 1);
    assert!(jar.index.text_bytes() < 100_000);
}
