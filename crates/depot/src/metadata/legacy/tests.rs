//! What becomes of the files of older tracers.

use rstest::rstest;

use crate::metadata::{bounded, document, union::MetadataSet};

fn read(files: &str) -> Result<MetadataSet, crate::fold::Rejection> {
    document::read(format!(r#"{{"anneal.dev/files":{{{files}}}}}"#).as_bytes(), &bounded::ONE)
}

#[track_caller]
fn becomes(files: &str, expected: &str) {
    assert_eq!(read(files).unwrap().canonical(), expected);
}

#[test]
fn a_reflect_config_becomes_reflection() {
    let file = r#""reflect-config.json":[
        {"name":"a.A","allDeclaredFields":true,"queryAllDeclaredMethods":true,"queryAllPublicConstructors":true,
         "methods":[{"name":"<init>","parameterTypes":["int"]}],"queriedMethods":[{"name":"g","parameterTypes":[]}],
         "fields":[{"name":"x","allowWrite":true,"allowUnsafeAccess":true}],"allRecordComponents":true},
        {"type":{"proxy":["I"]},"condition":{"typeReachable":"a.C"},"unsafeAllocated":true},
        {"name":"[Z"}]"#;
    let expected = concat!(
        r#"{"reflection":[{"type":"[Z"},"#,
        r#"{"allDeclaredFields":true,"fields":[{"name":"x"}],"methods":[{"name":"<init>","parameterTypes":["int"]}],"type":"a.A"},"#,
        r#"{"type":{"proxy":["I"]},"unsafeAllocated":true}]}"#
    );
    becomes(file, expected);
}

#[test]
fn a_jni_config_becomes_jni() {
    let file =
        r#""jni-config.json":[{"name":"java.lang.Boolean","methods":[{"name":"getBoolean","parameterTypes":["java.lang.String"]}]}]"#;
    let expected = r#"{"jni":[{"methods":[{"name":"getBoolean","parameterTypes":["java.lang.String"]}],"type":"java.lang.Boolean"}]}"#;
    becomes(file, expected);
}

#[test]
fn a_proxy_config_becomes_types_of_reflection() {
    let expected = r#"{"reflection":[{"type":{"proxy":["B","A"]}}]}"#;
    becomes(r#""proxy-config.json":[{"interfaces":["B","A"]}]"#, expected);
    becomes(r#""proxy-config.json":[["B","A"]]"#, expected);
}

#[test]
fn a_resource_config_becomes_resources_and_bundles() {
    let file = r#""resource-config.json":{
        "resources":{"includes":[{"pattern":"\\Qa/b.txt\\E"},{"pattern":"java.base:\\Qc\\E","condition":{"typeReachable":"C"}},
            {"pattern":"\\Q\\E"}],"excludes":[]},
        "globs":[{"glob":"d/**","module":"m"}],
        "bundles":[{"name":"msg","locales":["de",""]},{"name":"other","classNames":["other_en"]}]}"#;
    let expected = concat!(
        r#"{"bundles":[{"locales":["","de"],"name":"msg"},{"classNames":["other_en"],"name":"other"}],"#,
        r#""resources":[{"glob":"a/b.txt"},{"glob":"c","module":"java.base"},{"glob":"d/**","module":"m"}]}"#
    );
    becomes(file, expected);
    becomes(
        r#""resource-config.json":{"resources":[{"pattern":"\\Qa\\E"}]}"#,
        r#"{"resources":[{"glob":"a"}]}"#,
    );
}

#[test]
fn a_serialization_config_becomes_serialization() {
    let file = r#""serialization-config.json":{"types":[{"name":"A"},{"name":"B","customTargetConstructorClass":"O"}],
        "lambdaCapturingTypes":[{"name":"L","condition":{"typeReachable":"C"}}],"proxies":[{"interfaces":["I"]}]}"#;
    let expected = r#"{"lambdaCapturingTypes":[{"name":"L"}],"serialization":[{"customTargetConstructorClass":"O","type":"B"},{"type":"A"},{"type":{"proxy":["I"]}}]}"#;
    becomes(file, expected);
    becomes(
        r#""serialization-config.json":[{"name":"A"}]"#,
        r#"{"serialization":[{"type":"A"}]}"#,
    );
}

#[test]
fn files_without_content_become_nothing() {
    let files = r#""predefined-classes-config.json":[{"type":"agent-extracted","classes":[]}],"reflect-config.json":[],
        "jni-config.json":[],"proxy-config.json":[],"resource-config.json":{"resources":{"includes":[]},"bundles":[]},
        "serialization-config.json":{"types":[],"lambdaCapturingTypes":[],"proxies":[]}"#;
    becomes(files, "{}");
}

#[test]
fn older_files_beside_the_new_one_are_united_with_it() {
    let files = r#""reachability-metadata.json":{"reflection":[{"type":"A","methods":[{"name":"f"}]}],"resources":[{"glob":"x"}]},
        "reflect-config.json":[{"name":"A","methods":[{"name":"g"}]}],"resource-config.json":{"globs":[{"glob":"x"},{"glob":"y"}]}"#;
    let expected = concat!(
        r#"{"reflection":[{"methods":[{"name":"f"},{"name":"g"}],"type":"A"}],"#,
        r#""resources":[{"glob":"x"},{"glob":"y"}]}"#
    );
    becomes(files, expected);
}

#[rstest]
#[case(
    r#""resource-config.json":{"resources":{"includes":[{"pattern":".*"}]}}"#,
    "resource-config.json: a resource pattern"
)]
#[case(
    r#""resource-config.json":{"resources":{"excludes":[{"pattern":"\\Qa\\E"}]}}"#,
    "resource-config.json: the key \"excludes\""
)]
#[case(
    r#""serialization-config.json":{"types":[],"lambdaCapturingTypes":[{"name":"A","future":1}]}"#,
    "serialization-config.json: the key \"future\""
)]
#[case(
    r#""predefined-classes-config.json":[{"type":"agent-extracted","classes":[{"hash":"x"}]}]"#,
    "predefined-classes-config.json: predefined classes"
)]
#[case(r#""reflect-config.json":[{"name":"A","future":true}]"#, "reflect-config.json: the key \"future\"")]
#[case(
    r#""reflect-config.json":[{"name":"A","fields":[{"name":"x","future":1}]}]"#,
    "reflect-config.json: the key \"future\""
)]
#[case(
    r#""reflect-config.json":[{"name":"A","type":"B"}]"#,
    "reflect-config.json: an entry has a type and another name"
)]
#[case(r#""../x":[]"#, "a file of the unknown name \"../x\"")]
fn what_has_no_counterpart_is_refused_by_name(#[case] files: &str, #[case] message: &str) {
    let refused = read(files).unwrap_err();
    assert_eq!(refused.reason, "Unconvertible");
    assert!(refused.message.starts_with(message), "{}", refused.message);
}

#[rstest]
#[case(r#""reflect-config.json":{}"#)]
#[case(r#""reflect-config.json":["A"]"#)]
#[case(r#""reflect-config.json":[{"methods":[]}]"#)]
#[case(r#""proxy-config.json":[{"interfaces":"A"}]"#)]
#[case(r#""proxy-config.json":[[1]]"#)]
#[case(r#""resource-config.json":[]"#)]
#[case(r#""serialization-config.json":{"types":{}}"#)]
#[case(r#""predefined-classes-config.json":{}"#)]
#[case(r#""reachability-metadata.json":[]"#)]
fn what_is_no_such_file_is_refused(#[case] files: &str) {
    assert_eq!(read(files).unwrap_err().reason, "Schema");
}

#[test]
fn a_document_of_files_has_nothing_else() {
    for text in [r#"{"anneal.dev/files":[]}"#, r#"{"anneal.dev/files":{},"reflection":[]}"#] {
        assert_eq!(document::read(text.as_bytes(), &bounded::ONE).unwrap_err().reason, "Schema");
    }
}
