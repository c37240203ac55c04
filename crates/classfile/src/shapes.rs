//! Owns the shapes by which a class can offer a function.

use crate::class::{ClassFile, Member, access};
use crate::contract::Contract;
use crate::handler::Candidate;
use crate::signature;

const FUNCTION: &str = "java/util/function/Function";
const MAP_TO_MAP: &str = "(Ljava/util/Map;)Ljava/util/Map;";
const MAIN: &str = "([Ljava/lang/String;)V";
const LONGEST_NAME: usize = 256;

/// Every way in which the class can be called. Methods from and to a map count under any name, since a user may ask for
/// one; [`is_automatic`] tells which shapes are found without being asked for.
pub(crate) fn of(class: &ClassFile) -> Vec<Candidate> {
    let refused = access::INTERFACE | access::ABSTRACT | access::SYNTHETIC;
    if !class.has(access::PUBLIC) || class.access & refused != 0 || class.local {
        // `main` may also stand in an abstract class or an interface.
        return http(class).into_iter().collect();
    }
    let mut shapes: Vec<_> = class
        .methods
        .iter()
        .filter(|method| is_public_static(method) && &*method.descriptor == MAP_TO_MAP && is_plain(&method.name))
        .map(|method| candidate(class, &method.name, Contract::Map))
        .collect();
    shapes.extend(function(class));
    shapes.extend(http(class));
    shapes
}

/// Whether a shape is offered by accident too rarely to matter: any `Function` of a known kind, and `main` on maps.
pub(crate) fn is_automatic(shape: &Candidate) -> bool {
    match shape.contract {
        Contract::Map => shape.method == "main",
        Contract::Function(_) => true,
        Contract::Http => false,
    }
}

/// The class named as the program's entry point, if it can be started.
pub(crate) fn http(class: &ClassFile) -> Option<Candidate> {
    let starts = |method: &Member| is_public_static(method) && &*method.name == "main" && &*method.descriptor == MAIN;
    class.methods.iter().any(starts).then(|| candidate(class, "main", Contract::Http))
}

fn function(class: &ClassFile) -> Option<Candidate> {
    let direct = class.interfaces.iter().any(|interface| &**interface == FUNCTION);
    let constructed = class
        .methods
        .iter()
        .any(|method| method.has(access::PUBLIC) && &*method.name == "<init>" && &*method.descriptor == "()V");
    let kind = signature::function_kind(class.signature.as_deref()?)?;
    (direct && constructed).then(|| candidate(class, "apply", Contract::Function(kind)))
}

fn is_public_static(method: &Member) -> bool {
    method.has(access::PUBLIC | access::STATIC) && method.access & access::SYNTHETIC == 0
}

fn is_plain(name: &str) -> bool {
    name.len() <= LONGEST_NAME && !name.chars().any(|symbol| symbol.is_control() || symbol.is_whitespace())
}

fn candidate(class: &ClassFile, method: &str, contract: Contract) -> Candidate {
    Candidate {
        class: class.binary_name(),
        method: method.to_owned(),
        contract,
    }
}
