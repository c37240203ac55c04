use std::path::PathBuf;

use anneal_classfile::{Jar, JarLimits};

use super::{Filtered, filter, judge, parse};
use crate::testing::jar;

const PROPERTIES: &str = "META-INF/native-image/com.shop/app/native-image.properties";

fn filtered(entries: &[(&str, &[u8])]) -> (Filtered, Vec<String>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("app.jar"), folder.path().join("filtered.jar"));
    std::fs::write(&file, jar(entries)).unwrap();
    let filtered = filter(&file, &copy).unwrap();
    let used: PathBuf = if filtered.is_copied { copy } else { file };
    let mut opened = Jar::open(used, &JarLimits::default()).unwrap();
    // Every entry is unpacked and its checksum verified.
    opened.scan().unwrap();
    let names = opened.names().map(str::to_owned).collect();
    (filtered, names, folder)
}

#[test]
fn a_jar_that_asks_for_nothing_forbidden_is_used_as_it_is() {
    let allowed = b"Args = --initialize-at-build-time=com.shop \\\n  -H:ReflectionConfigurationResources=${.}/r.json";
    for entries in [
        vec![("a.txt", b"a".as_slice())],
        vec![(PROPERTIES, allowed.as_slice())],
        // Neither is looked for by the compiler.
        vec![("native-image.properties", b"Args = -o /x".as_slice())],
        vec![("META-INF/native-image/x/other-native-image.properties", b"Args = -o /x".as_slice())],
    ] {
        let (filtered, names, _folder) = filtered(&entries);
        assert_eq!(filtered, Filtered::default(), "{names:?}");
    }
}

#[test]
fn a_file_with_a_forbidden_argument_is_hidden_and_its_allowed_ones_are_kept() {
    let other = "META-INF/native-image/native-image.properties";
    let text = b"Args = -H:Name=x --features=com.shop.F -H:ResourceConfigurationResources=${.}/r.json";
    let (filtered, names, _folder) = filtered(&[
        ("a.txt", b"a"),
        (PROPERTIES, text),
        (other, b"Args = --enable-http"),
        ("z.txt", b"PK\x01\x02META-INF/native-image/com.shop/app/native-image.properties"),
    ]);
    assert!(filtered.is_copied);
    let kept = "-H:ResourceConfigurationResources=META-INF/native-image/com.shop/app/r.json";
    assert_eq!(filtered.arguments, ["--features=com.shop.F", kept]);
    let hidden = format!("{}~", &PROPERTIES[..PROPERTIES.len() - 1]);
    assert_eq!(names, ["a.txt", &hidden, other, "z.txt"]);
}

#[test]
fn whatever_could_change_the_build_is_forbidden() {
    for line in [
        "Args = -o /tmp/x",
        "Args = -H:Path=/x",
        "Args = --pgo=x.iprof",
        "Args = --pgo-instrument",
        "Args = -J-Xmx1g",
        "Args = @file",
        "Args = --shared",
        "Args = -march=native",
        "Args = -cp x",
        "Args = --static",
        "Args = -H:Class=Evil",
        "Args = -H:+AllowVMInspection",
        "Args = -Dx=y",
        "Args=\\u002do x",
        "\\u0041rgs = -o x",
        "Args : -o",
        "Args -o x",
        "Args = \\\n-o",
        "  Args=-o",
        "JavaArgs = -Xmx1g",
        "ImageName = x",
        "ProvidedHostedOptions = x",
        "ForceOnModulePath = m",
        "Args = --no-fallback\nArgs = -o",
        "Args = --features",
        "Args = --exclude-config x y",
    ] {
        assert!(judge(&parse(line.as_bytes()), "d").is_forbidden, "{line:?}");
    }
}

#[test]
fn ordinary_properties_are_understood() {
    for line in [
        "",
        "# Args = -o x",
        "! Args = -o x",
        "Args =",
        "Args = --no-fallback   --enable-https",
        "# comment \\\nArgs = --enable-http",
        "Args = --link-at-build-time",
        "\r\n\r\n",
        "Args = --initialize-at-run-time=a.B,\\\r\n        c.D",
    ] {
        assert!(!judge(&parse(line.as_bytes()), "d").is_forbidden, "{line:?}");
    }
    let parsed = parse(b"a\\ b = c\\td \\\n  e\nk");
    assert_eq!(parsed, [("a b".into(), "c\td e".into()), ("k".into(), String::new())]);
}
