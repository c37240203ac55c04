//! What a jar offers to be called.

use serde::{Deserialize, Serialize};

/// How a function is called, as found in the jar.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Contract {
    /// `public static Map main(Map)`.
    Map,
    /// `java.util.function.Function<Map, Map>`.
    FunctionMap,
    /// `java.util.function.Function<String, String>`.
    FunctionString,
    /// `java.util.function.Function<byte[], byte[]>`.
    FunctionBytes,
    /// `main(String[])` that listens on `$PORT`.
    Http,
}

/// The contract a user asks for; absent means any.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RequestedContract {
    /// Any `java.util.function.Function`.
    Function,
    /// A static method over maps.
    Map,
    /// A program with its own HTTP server.
    Http,
}

/// The one thing in the jar that is called.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Handler {
    /// Binary class name with dots.
    pub class: String,
    /// Method name; `apply` for Function contracts.
    pub method: String,
    /// How it is called.
    pub contract: Contract,
}

/// What the spec says about the handler; what is absent is found in the jar.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HandlerRequest {
    /// Binary class name with dots.
    pub class: Option<String>,
    /// Method name.
    pub method: Option<String>,
    /// Contract.
    pub contract: Option<RequestedContract>,
}
