//! The generated class: read back by our own parser, and run by a virtual machine where there is one.

mod support;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anneal_classfile::{ClassFile, Contract, Handler, Jar, JarLimits, Kind, Request, entry, find_handler};

fn handler(contract: Contract) -> Handler {
    let method = if contract == Contract::Map { "handle" } else { "apply" };
    Handler::new("com.shop.Größe$Fn", method, contract).expect("the names are valid")
}

#[test]
fn declares_what_the_launcher_asks_for() {
    for contract in [Contract::Map, Contract::Function(Kind::Bytes)] {
        let class = ClassFile::parse(&entry::generate(&handler(contract)).expect("a function")).expect("valid");
        assert_eq!(&*class.name, "anneal/Entry");
        assert_eq!(
            class.interfaces.iter().map(|name| &**name).collect::<Vec<_>>(),
            ["dev/anneal/launcher/Handler"]
        );
        let methods: Vec<_> = class
            .methods
            .iter()
            .map(|method| (method.access, &*method.name, &*method.descriptor))
            .collect();
        assert_eq!(
            methods,
            [
                (1, "<init>", "()V"),
                (1, "call", "(Ljava/lang/Object;)Ljava/lang/Object;"),
                (9, "main", "([Ljava/lang/String;)V"),
            ]
        );
        let fields: Vec<_> = class.fields.iter().map(|field| (&*field.name, &*field.descriptor)).collect();
        let expected: &[_] = if contract == Contract::Map {
            &[]
        } else {
            &[("function", "Lcom/shop/Größe$Fn;")]
        };
        assert_eq!(fields, expected);
    }
}

#[test]
fn a_program_needs_no_entry() {
    let program = Handler::new("A", "main", Contract::Http).expect("valid");
    assert_eq!(entry::generate(&program), None);
    assert_eq!(entry::jar(&program), None);
}

#[test]
fn writes_equal_jars_that_can_be_read_back() {
    let handler = handler(Contract::Map);
    let bytes = entry::jar(&handler).expect("a function");
    assert_eq!(entry::jar(&handler), Some(bytes.clone()));
    let mut jar = Jar::from_bytes(bytes, &JarLimits::default()).expect("valid");
    assert_eq!(jar.names().collect::<Vec<_>>(), ["anneal/Entry.class"]);
    assert_eq!(jar.scan().expect("intact").class_count, 1);
}

#[test]
fn refuses_names_that_a_class_cannot_have() {
    for (class, method) in [
        ("", "main"),
        ("a..B", "main"),
        (".A", "main"),
        ("a/B", "main"),
        ("A;", "main"),
        ("A\n", "m"),
    ] {
        assert_eq!(Handler::new(class, method, Contract::Map), None, "{class:?}");
    }
    for method in ["", "<init>", "a.b", "a/b", "a;", "a\0"] {
        assert_eq!(Handler::new("A", method, Contract::Map), None, "{method:?}");
    }
    assert!(Handler::new(&"x".repeat(5000), "main", Contract::Map).is_none());
}

const LAUNCHER: &str = r#"package dev.anneal.launcher;
import java.util.Map;
public final class Launcher {
    public static void run(Handler handler, String contract, String[] arguments) {
        try {
            Object in = switch (contract) {
                case "Map", "FunctionMap" -> Map.of("name", arguments[0]);
                case "FunctionBytes" -> arguments[0].getBytes();
                default -> arguments[0];
            };
            Object out = handler.call(in);
            System.out.println(contract + " " + (out instanceof byte[] bytes ? new String(bytes) : out));
        } catch (Throwable problem) {
            System.out.println(contract + " threw " + problem.getMessage());
        }
    }
}"#;

const SOURCES: [(&str, &str); 7] = [
    (
        "dev/anneal/launcher/Handler.java",
        "package dev.anneal.launcher;
        public interface Handler { Object call(Object in) throws Throwable; }",
    ),
    ("dev/anneal/launcher/Launcher.java", LAUNCHER),
    (
        "user/Maps.java",
        r#"package user; import java.util.Map;
        public class Maps { public static Map<String, Object> main(Map<String, Object> in) {
            return Map.of("hello", in.get("name")); } }"#,
    ),
    (
        "user/Strings.java",
        r#"package user;
        public class Strings implements java.util.function.Function<String, String> {
            public String apply(String in) { return in + "!"; } }"#,
    ),
    (
        "user/Outer.java",
        r"package user; import java.util.function.Function;
        public class Outer { public static final class Größe implements Function<byte[], byte[]> {
            public byte[] apply(byte[] in) { return new byte[] {in[0], '?'}; } } }",
    ),
    (
        "user/FromMaps.java",
        r#"package user; import java.util.Map;
        public class FromMaps implements java.util.function.Function<Map<String, Object>, Map<String, Object>> {
            public Map<String, Object> apply(Map<String, Object> in) { throw new IllegalStateException("no"); } }"#,
    ),
    (
        "Plain.java",
        "import java.util.Map;
        public class Plain { public static Map<?, ?> work(Map<?, ?> in) throws Exception { return in; } }",
    ),
];

/// A kit to compile and run with, from `JAVA_HOME` or `PATH`.
fn find_kit() -> Option<(PathBuf, PathBuf)> {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = home.into_iter().chain(std::env::split_paths(&path));
    folders
        .map(|folder| (folder.join("java"), folder.join("javac")))
        .find(|(java, javac)| java.is_file() && javac.is_file())
}

#[test]
fn runs_on_a_virtual_machine() {
    let Some((java, javac)) = find_kit() else {
        // Past the harness, which would keep a passing test's words to itself.
        let reason = "neither JAVA_HOME nor PATH has java and javac";
        writeln!(std::io::stderr(), "SKIPPED runs_on_a_virtual_machine: {reason}").expect("stderr is open");
        return;
    };
    let folder = tempfile::tempdir().expect("a place for files");
    let mut arguments = vec![
        OsString::from("-encoding"),
        "UTF-8".into(),
        "-d".into(),
        folder.path().join("out").into(),
    ];
    for (name, text) in SOURCES {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("every source has a folder")).expect("a folder can be made");
        fs::write(&path, text).expect("a source can be written");
        arguments.push(path.into());
    }
    let compiled = Command::new(javac).args(arguments).output().expect("javac starts");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));

    let out = folder.path().join("out");
    let cases = [
        ("user/Maps", None, "Map {hello=you}"),
        ("user/Strings", None, "FunctionString you!"),
        ("user/Outer$Größe", None, "FunctionBytes y?"),
        ("user/FromMaps", None, "FunctionMap threw no"),
        ("Plain", Some("work"), "Map {name=you}"),
    ];
    for (class, method, expected) in cases {
        let handler = discover(&out, class, method);
        let jar = folder.path().join("entry.jar");
        fs::write(&jar, entry::jar(&handler).expect("a function")).expect("a jar can be written");
        let path = std::env::join_paths([&out, &jar]).expect("no colon in the path");
        let ran = Command::new(&java)
            .args(["-Xverify:all", "-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8", "-cp"])
            .arg(path)
            .args([entry::CLASS, "you"])
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("java starts");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(said.trim(), expected, "{class}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

/// Finds the handler in a jar of the one compiled class.
fn discover(out: &Path, class: &str, method: Option<&str>) -> Handler {
    let name = format!("{class}.class");
    let bytes = find_compiled(out, &name);
    let archive = support::archive(&[support::entry(&name, &bytes)]);
    let facts = Jar::from_bytes(archive, &JarLimits::default())
        .and_then(|mut jar| jar.scan())
        .expect("valid");
    find_handler(
        &facts,
        Request {
            method,
            ..Request::default()
        },
    )
    .expect("there is one handler")
}

/// A compiler may spell other letters than ASCII in its own way in file names.
fn find_compiled(out: &Path, name: &str) -> Vec<u8> {
    let path = out.join(name);
    let folder = path.parent().expect("classes are in a folder");
    let own = fs::read(&path).ok();
    own.or_else(|| {
        let stem = name.rsplit('/').next()?.chars().take_while(char::is_ascii).collect::<String>();
        let others = fs::read_dir(folder).ok()?.filter_map(Result::ok);
        let other = others
            .map(|file| file.path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&stem)))?;
        fs::read(other).ok()
    })
    .expect("the class was compiled")
}
