//! A small profile whose lists can be put in any order.

/// The lists of a profile: names with braces and other signs that an element could be thought to end with.
const LISTS: [(&str, &[&str]); 7] = [
    (
        "types",
        &[r#"{"id":0,"name":"int"}"#, r#"{"id":1,"name":"A},{"}"#, r#"{"id":20,"name":"B"}"#],
    ),
    (
        "methods",
        &[
            r#"{"id":3,"name":"f}","signature":[1,0]}"#,
            r#"{"id":4,"name":"g","signature":[1,0,20]}"#,
            r#"{"id":11,"name":"f","signature":[20,0]}"#,
        ],
    ),
    ("monitorProfiles", &[r#"{"ctx":"0:0","records":[1,4,20,123456789]}"#]),
    (
        "callCountProfiles",
        &[
            r#"{"ctx":"3:0","records":[5]}"#,
            r#"{"ctx":"3:0<4:-1","records":[12345678]}"#,
            r#"{"ctx":"11:0","records":[0]}"#,
        ],
    ),
    (
        "conditionalProfiles",
        &[
            r#"{"ctx":"3:0","records":[20,0,10,53,1,1]}"#,
            r#"{"ctx":"4:7<3:2","records":[30,0,7,-5,0,2,44,1,1]}"#,
        ],
    ),
    (
        "virtualInvokeProfiles",
        &[
            r#"{"ctx":"3:0","records":[20,60]}"#,
            r#"{"ctx":"3:9","records":[]}"#,
            r#"{"ctx":"4:9","records":[1,60,20,7]}"#,
        ],
    ),
    (
        "samplingProfiles",
        &[r#"{"ctx":"3:1<4:2<11:3","records":[9]}"#, r#"{"ctx":"3:1","records":[8]}"#],
    ),
];

pub fn text(lists: &[(&str, Vec<&str>)]) -> Vec<u8> {
    let lists: Vec<String> = lists
        .iter()
        .map(|(key, elements)| format!(r#","{key}":[{}]"#, elements.join(",")))
        .collect();
    format!(r#"{{"version":"1.0.0"{}}}"#, lists.concat()).into_bytes()
}

pub fn lists() -> Vec<(&'static str, Vec<&'static str>)> {
    LISTS.iter().map(|(key, elements)| (*key, elements.to_vec())).collect()
}

pub fn reversed() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut lists = lists();
    for (_, elements) in &mut lists {
        elements.reverse();
    }
    lists
}
