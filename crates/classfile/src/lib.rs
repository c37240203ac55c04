//! Reads a function's jar, finds its handler, and writes the class through which the launcher calls it.
//!
//! A jar is a tenant's file and taken as hostile: every quantity has a bound in [`JarLimits`], names that could leave a
//! directory are refused, sizes and checksums are verified while unpacking. Nothing of the jar is ever executed or
//! extracted here.

mod archive;
mod class;
mod constants;
mod contract;
mod directory;
pub mod entry;
mod error;
mod facts;
mod handler;
mod index;
mod limits;
mod manifest;
mod shapes;
mod signature;

pub use archive::Jar;
pub use class::{ClassFile, ClassFileError, Member, access};
pub use contract::{Contract, ContractName, Kind};
pub use error::{Error, NameFault, Result};
pub use facts::JarFacts;
pub use handler::{Candidate, Handler, HandlerError, Request, find_handler};
pub use index::MethodIndex;
pub use limits::JarLimits;
