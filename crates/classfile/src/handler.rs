//! Owns the choice of a handler among the shapes that a jar offers. Pure.

use snafu::Snafu;

use crate::contract::{Contract, ContractName};
use crate::facts::JarFacts;

/// Candidates that an error carries at most.
const SHOWN: usize = 16;

/// A shape that a jar offers. `class` is a binary name, with dots.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Candidate {
    /// The class.
    pub class: String,
    /// The method.
    pub method: String,
    /// How it is called.
    pub contract: Contract,
}

/// The shape that was chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Handler(Candidate);

/// What the user asked for; nothing means that it is to be found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// A class, with dots.
    pub class: Option<&'a str>,
    /// A method.
    pub method: Option<&'a str>,
    /// A contract.
    pub contract: Option<ContractName>,
}

/// Why no handler was chosen.
#[derive(Clone, Debug, Eq, PartialEq, Snafu)]
#[non_exhaustive]
pub enum HandlerError {
    /// The jar offers nothing that fits.
    #[snafu(display("the jar offers no handler"))]
    NoHandler,
    /// The jar offers several, and the user must choose.
    #[snafu(display("the jar offers {count} handlers"))]
    Ambiguous {
        /// How many there are.
        count: usize,
        /// The first 16 of them, by class.
        candidates: Vec<Candidate>,
    },
    /// The requested class is not in the jar.
    #[snafu(display("the requested class is not in the jar"))]
    ClassNotFound,
    /// The requested class has no method of the requested name.
    #[snafu(display("the requested class has no such method"))]
    MethodNotFound,
    /// The requested class or method exists, and does not follow the requested contract, or any.
    #[snafu(display("the requested class does not follow the contract"))]
    WrongShape,
}

impl Handler {
    /// A handler that was chosen before, for example read from a store. The names must be ones a class file can hold.
    pub fn new(class: &str, method: &str, contract: Contract) -> Option<Self> {
        let fits = |name: &str, refused: &str| {
            !name.is_empty() && name.len() <= 4096 && !name.chars().any(|symbol| symbol.is_control() || refused.contains(symbol))
        };
        let parts = class.split('.').all(|part| !part.is_empty());
        let valid = parts && fits(class, ";[/<>") && fits(method, ".;[/<>");
        valid.then(|| {
            Self(Candidate {
                class: class.to_owned(),
                method: method.to_owned(),
                contract,
            })
        })
    }

    /// The class, with dots.
    pub fn class(&self) -> &str {
        &self.0.class
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// How it is called.
    pub fn contract(&self) -> Contract {
        self.0.contract
    }
}

/// Chooses the handler that was asked for, or the only one there is.
///
/// Without a class, maps and `Function`s are looked for first; a program with `main(String[])` is taken only if the
/// manifest names it and the jar offers nothing else.
pub fn find_handler(facts: &JarFacts, request: Request<'_>) -> Result<Handler, HandlerError> {
    match request.class {
        Some(class) => find_in_class(facts, class, request),
        None => find_anywhere(facts, request),
    }
}

fn find_anywhere(facts: &JarFacts, request: Request<'_>) -> Result<Handler, HandlerError> {
    let offered = |shape: &&Candidate| fits(shape, request) && shape.contract != Contract::Http;
    let found: Vec<_> = facts.shapes.iter().filter(offered).collect();
    if !found.is_empty() {
        return choose(&found);
    }
    let is_main =
        |shape: &&Candidate| fits(shape, request) && shape.contract == Contract::Http && Some(&shape.class) == facts.main_class.as_ref();
    facts.shapes.iter().find(is_main).and_then(checked).ok_or(HandlerError::NoHandler)
}

fn find_in_class(facts: &JarFacts, class: &str, request: Request<'_>) -> Result<Handler, HandlerError> {
    let in_class = || facts.shapes.iter().filter(|shape| shape.class == class);
    let fitting: Vec<_> = in_class().filter(|shape| fits(shape, request)).collect();
    // A class that follows a function's contract may have a `main` beside it, to be tried out by hand.
    let functions: Vec<_> = fitting.iter().copied().filter(|shape| shape.contract != Contract::Http).collect();
    if !functions.is_empty() {
        return choose(&functions);
    }
    if !fitting.is_empty() {
        return choose(&fitting);
    }
    if !facts.index.contains_class(class) {
        return Err(HandlerError::ClassNotFound);
    }
    let has_method = request.method.is_none_or(|method| facts.index.contains_name(class, method));
    Err(if has_method {
        HandlerError::WrongShape
    } else {
        HandlerError::MethodNotFound
    })
}

fn fits(shape: &Candidate, request: Request<'_>) -> bool {
    let method = match (request.method, shape.contract) {
        (Some(method), _) => shape.method == method,
        (None, Contract::Map) => shape.method == "main",
        (None, Contract::Function(_) | Contract::Http) => true,
    };
    method && request.contract.is_none_or(|contract| shape.contract.name() == contract)
}

fn choose(found: &[&Candidate]) -> Result<Handler, HandlerError> {
    match found {
        [single] => checked(single).ok_or(HandlerError::WrongShape),
        _ => Err(HandlerError::Ambiguous {
            count: found.len(),
            candidates: found.iter().take(SHOWN).copied().cloned().collect(),
        }),
    }
}

fn checked(candidate: &Candidate) -> Option<Handler> {
    Handler::new(&candidate.class, &candidate.method, candidate.contract)
}
