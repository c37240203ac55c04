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
                let urls = ["http", "https"].map(|scheme| format!("{scheme}://fileserver.{NAMESPACE}.svc/file"));
                urls.iter()
                    .map(|url| load::request(&json!({"url": url}), "/sha256", &json!(FILE_SHA256)))
                    .collect()
            }
            "json" => {
                let mut requests = vec![load::request(&order(4, "", ""), "/summary/pieces", &json!(8))];
                for (language, zone, total, placed) in LOCALIZED {
                    let order = order(1, language, zone);
                    requests.push(load::request(&order, "/summary/total", &json!(total)));
                    requests.push(load::request(&order, "/summary/placed", &json!(placed)));
                }
                requests
            }
            "reflect" => vec![
                load::request(&json!({"op": "common", "text": "abc"}), "/result", &json!("ABC")),
                load::request(&json!({"op": "rare", "text": "abc"}), "/result", &json!("cba")),
            ],
            _ => vec![load::request(&json!({"text": "abcabc"}), "/bytes", &json!(17))],
        }
    }
}

/// The bytes of the file server, by its seed.
const FILE_SHA256: &str = "a42d0cbb284872197a3f61fe426e182d890db6116eac7f17da4b7462f66422ec";

/// Language, zone, and what the price and the time of an order of 12 345.00 then are in words, by the CLDR of JDK 25.
const LOCALIZED: [(&str, &str, &str, &str); 3] = [
    (
        "de-DE",
        "Europe/Berlin",
        "12.345,00\u{a0}€",
        "Donnerstag, 2. Juli 2026, 00:30:00 Mitteleuropäische Sommerzeit",
    ),
    (
        "fr-FR",
        "America/Montreal",
        "12\u{202f}345,00\u{a0}€",
        "mercredi 1 juillet 2026, 18:30:00 heure d’été de l’Est nord-américain",
    ),
    ("ja-JP", "Asia/Tokyo", "￥12,345", "2026年7月2日木曜日 7時30分00秒 日本標準時"),
];

fn order(lines: usize, language: &str, zone: &str) -> Value {
    let lines: Vec<Value> = (0..lines)
        .map(|line| json!({"item": format!("item {line}"), "quantity": 2, "cents": 617_250}))
        .collect();
    json!({
        "customer": "Ada",
        "lines": lines,
        "tags": ["new"],
        "language": language,
        "zone": zone,
        "placed": "2026-07-01T22:30:00Z",
    })
}
