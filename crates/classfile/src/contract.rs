//! Owns the contracts: the ways in which a jar can offer a function.

use std::fmt;

/// How a handler is called.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Contract {
    /// `public static Map main(Map)`.
    Map,
    /// A `java.util.function.Function` from and to this kind of value.
    Function(Kind),
    /// `public static void main(String[])` that listens on a port.
    Http,
}

/// What a `Function` takes and gives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// `java.util.Map`.
    Map,
    /// `java.lang.String`.
    String,
    /// `byte[]`.
    Bytes,
}

/// The contract a user can ask for; the kind of a `Function` follows from the class.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ContractName {
    /// See [`Contract::Map`].
    Map,
    /// See [`Contract::Function`].
    Function,
    /// See [`Contract::Http`].
    Http,
}

impl Contract {
    /// The word that the launcher knows the contract by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Map => "Map",
            Self::Function(Kind::Map) => "FunctionMap",
            Self::Function(Kind::String) => "FunctionString",
            Self::Function(Kind::Bytes) => "FunctionBytes",
            Self::Http => "Http",
        }
    }

    /// The contract of a launcher's word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::Map,
            Self::Function(Kind::Map),
            Self::Function(Kind::String),
            Self::Function(Kind::Bytes),
            Self::Http,
        ];
        all.into_iter().find(|contract| contract.as_str() == word)
    }

    /// The name a user would ask for.
    pub fn name(self) -> ContractName {
        match self {
            Self::Map => ContractName::Map,
            Self::Function(_) => ContractName::Function,
            Self::Http => ContractName::Http,
        }
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
