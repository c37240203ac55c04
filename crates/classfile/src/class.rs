//! Owns the class-file format as far as discovery and relevance need it: names, flags, members, generic signatures.

use std::sync::Arc;

use snafu::Snafu;

use crate::constants::Constants;

/// Access flags of classes and members.
pub mod access {
    /// Visible everywhere.
    pub const PUBLIC: u16 = 0x0001;
    /// Belongs to the class.
    pub const STATIC: u16 = 0x0008;
    /// An interface.
    pub const INTERFACE: u16 = 0x0200;
    /// Cannot be instantiated or called.
    pub const ABSTRACT: u16 = 0x0400;
    /// Written by a compiler, not by a person.
    pub const SYNTHETIC: u16 = 0x1000;
}

/// Why a class file cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum ClassFileError {
    /// It does not start as a class file does.
    #[snafu(display("the file is not a class file"))]
    Unrecognised,
    /// It ends too early.
    #[snafu(display("the class file is cut short"))]
    Cut,
    /// A part contradicts the format.
    #[snafu(display("the {what} of the class file is damaged"))]
    Damaged {
        /// Which part.
        what: &'static str,
    },
}

/// A field or method.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Flags, see [`access`].
    pub access: u16,
    /// Simple name.
    pub name: Arc<str>,
    /// Erased type, as the virtual machine writes it.
    pub descriptor: Arc<str>,
    /// Generic type, if it differs.
    pub signature: Option<Arc<str>>,
}

/// What a class file declares. Names of classes are internal names, with slashes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClassFile {
    /// Major version of the format: 65 is Java 21.
    pub major: u16,
    /// Flags, see [`access`]. Those of a nested class are its own, not the ones of its file.
    pub access: u16,
    /// The class.
    pub name: Arc<str>,
    /// Its superclass; only `java.lang.Object` and modules have none.
    pub superclass: Option<Arc<str>>,
    /// Interfaces it names itself.
    pub interfaces: Vec<Arc<str>>,
    /// Fields it declares.
    pub fields: Vec<Member>,
    /// Methods it declares.
    pub methods: Vec<Member>,
    /// Generic supertypes, if there are any.
    pub signature: Option<Arc<str>>,
    /// Whether it is declared inside a method: local and anonymous classes.
    pub local: bool,
}

impl ClassFile {
    /// Reads a class file. Code is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, ClassFileError> {
        let mut cursor = Cursor { rest: bytes };
        if cursor.take(4).ok() != Some(&[0xca, 0xfe, 0xba, 0xbe]) {
            return UnrecognisedSnafu.fail();
        }
        cursor.u16()?;
        let major = cursor.u16()?;
        let mut constants = Constants::parse(&mut cursor)?;
        let mut flags = cursor.u16()?;
        let this = cursor.u16()?;
        let name = constants.class(this)?;
        let superclass = match cursor.u16()? {
            0 => None,
            index => Some(constants.class(index)?),
        };
        let mut interfaces = Vec::new();
        for _ in 0..cursor.u16()? {
            interfaces.push(constants.class(cursor.u16()?)?);
        }
        let fields = parse_members(&mut cursor, &mut constants)?;
        let methods = parse_members(&mut cursor, &mut constants)?;
        let (mut signature, mut local) = (None, false);
        for _ in 0..cursor.u16()? {
            let (attribute, mut content) = parse_attribute(&mut cursor, &mut constants)?;
            match &*attribute {
                "Signature" => signature = Some(constants.text(content.u16()?)?),
                "EnclosingMethod" => local = true,
                "InnerClasses" => {
                    if let Some(own) = own_flags(&mut content, &mut constants, &name)? {
                        flags = own | flags & access::SYNTHETIC;
                    }
                }
                _ => {}
            }
        }
        if !cursor.rest.is_empty() {
            return DamagedSnafu { what: "end" }.fail();
        }
        Ok(Self {
            major,
            access: flags,
            name,
            superclass,
            interfaces,
            fields,
            methods,
            signature,
            local,
        })
    }

    /// Whether all of `flags` are set on the class.
    pub fn has(&self, flags: u16) -> bool {
        self.access & flags == flags
    }

    /// The name as Java source spells it, with dots.
    pub fn binary_name(&self) -> String {
        self.name.replace('/', ".")
    }
}

impl Member {
    /// Whether all of `flags` are set.
    pub fn has(&self, flags: u16) -> bool {
        self.access & flags == flags
    }
}

fn parse_members(cursor: &mut Cursor<'_>, constants: &mut Constants<'_>) -> Result<Vec<Member>, ClassFileError> {
    let mut members = Vec::new();
    for _ in 0..cursor.u16()? {
        let access = cursor.u16()?;
        let name = constants.text(cursor.u16()?)?;
        let descriptor = constants.text(cursor.u16()?)?;
        let mut signature = None;
        for _ in 0..cursor.u16()? {
            let (attribute, mut content) = parse_attribute(cursor, constants)?;
            if &*attribute == "Signature" {
                signature = Some(constants.text(content.u16()?)?);
            }
        }
        members.push(Member {
            access,
            name,
            descriptor,
            signature,
        });
    }
    Ok(members)
}

fn parse_attribute<'a>(cursor: &mut Cursor<'a>, constants: &mut Constants<'_>) -> Result<(Arc<str>, Cursor<'a>), ClassFileError> {
    let name = constants.text(cursor.u16()?)?;
    let length = cursor.u32()?;
    let content = cursor.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    Ok((name, Cursor { rest: content }))
}

/// The flags that a nested class has in the source: its file says public for protected ones.
fn own_flags(content: &mut Cursor<'_>, constants: &mut Constants<'_>, name: &str) -> Result<Option<u16>, ClassFileError> {
    for _ in 0..content.u16()? {
        let inner = constants.class(content.u16()?)?;
        content.take(4)?;
        let flags = content.u16()?;
        if &*inner == name {
            return Ok(Some(flags));
        }
    }
    Ok(None)
}

/// Reads big-endian numbers and never beyond the end.
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], ClassFileError> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => CutSnafu.fail(),
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ClassFileError> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, ClassFileError> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> Result<u32, ClassFileError> {
        Ok(u32::from(self.u16()?) << 16 | u32::from(self.u16()?))
    }
}
