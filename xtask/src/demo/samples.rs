//! The sample functions of the demo: their jars, the stage each must reach, and the requests that are sent to them.

use anneal_suites::load;
use serde_json::{Value, json};

/// The namespace of the sample functions.
pub(crate) const NAMESPACE: &str = "demo";

/// How a sample's jar reaches the cluster.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Delivery {
    /// In the ConfigMap `<name>-jar`.
    ConfigMap,
    /// In the operator's store, below `uploads/demo/`.
    Store,
}

/// A sample function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Name of the Function and of the module below `java/samples`.
    pub(crate) name: &'static str,
    /// How the jar gets there.
    pub(crate) delivery: Delivery,
    /// Requests per second.
    pub(crate) rate: u32,
}

/// All samples, in the order of the report.
pub(crate) const SAMPLES: [Sample; 6] = [
    Sample {
        name: "hello",
        delivery: Delivery::ConfigMap,
        rate: 20,
    },
    Sample {
        name: "sleep",
        delivery: Delivery::ConfigMap,
        rate: 20,
    },
    Sample {
        name: "filehash",
        delivery: Delivery::ConfigMap,
        rate: 20,
    },
    Sample {
        name: "json",
        delivery: Delivery::ConfigMap,
        rate: 20,
    },
    Sample {
        name: "reflect",
        delivery: Delivery::ConfigMap,
        rate: 20,
    },
    Sample {
        name: "http",
        delivery: Delivery::Store,
        rate: 20,
    },
];

impl Sample {
    /// The jar, below the project's root, as Maven leaves it.
    pub(crate) fn jar(&self) -> String {
        format!("java/samples/{0}/target/{0}.jar", self.name)
    }

    /// The requests that are sent in turn: every answer's body is checked.
    pub(crate) fn requests(&self) -> Vec<Value> {
        match self.name {
            "hello" => {
                let names = ["Ada", "Grace", "Barbara", "a considerably longer name than the others"];
                names
                    .iter()
                    .map(|name| load::request(&json!({"name": name}), "/message", &json!(format!("Hello, {name}"))))
                    .collect()
            }
            "sleep" => [1, 2, 5]
                .iter()
                .map(|ms| load::request(&json!({"ms": ms}), "/slept", &json!(ms)))
                .collect(),
            "filehash" => {
                let url = format!("http://fileserver.{NAMESPACE}/file");
                vec![load::request(&json!({"url": url}), "/bytes", &json!(65_536))]
            }
            "json" => [1, 4]
                .iter()
                .map(|lines| load::request(&order(*lines), "/summary/pieces", &json!(2 * lines)))
                .collect(),
            "reflect" => vec![
                load::request(&json!({"op": "common", "text": "abc"}), "/result", &json!("ABC")),
                load::request(&json!({"op": "rare", "text": "abc"}), "/result", &json!("cba")),
            ],
            _ => vec![load::request(&json!({"text": "abcabc"}), "/bytes", &json!(17))],
        }
    }
}

fn order(lines: usize) -> Value {
    let lines: Vec<Value> = (0..lines)
        .map(|line| json!({"item": format!("item {line}"), "quantity": 2, "cents": 250}))
        .collect();
    json!({"customer": "Ada", "lines": lines, "tags": ["new"]})
}
