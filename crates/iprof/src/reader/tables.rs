//! Owns the tables of a profile: `types` and `methods`.

use std::io::Read;

use super::{Reader, Sink, Table, refuse_repeat};
use crate::error::{MissEntryKeySnafu, Place, Result, ShortSignatureSnafu};
use crate::form::Form;
use crate::values;

impl<R: Read, S: Sink> Reader<'_, R, S> {
    pub(super) fn read_types(&mut self) -> Result<()> {
        self.note("types")?;
        self.sink.begin(Table::Types, self.lexer.offset());
        self.lexer.expect(b'[', "an array")?;
        let (mut first, mut index) = (true, 0);
        while self.lexer.advance(&mut first, b']')? {
            let place = Place::Table { table: "types", index };
            let (id, _) = match self.read_usual_declaration(false) {
                Some(id) => {
                    self.claim(Form::New, "name")?;
                    (id, false)
                }
                None => self.read_declaration(place, false)?,
            };
            self.types.declare(id, place)?;
            self.sink.declare_type(id, &self.name);
            index += 1;
        }
        self.types.finish()
    }

    pub(super) fn read_methods(&mut self) -> Result<()> {
        self.note("methods")?;
        self.sink.begin(Table::Methods, self.lexer.offset());
        self.lexer.expect(b'[', "an array")?;
        let (mut first, mut index) = (true, 0);
        let mut signature = Vec::new();
        while self.lexer.advance(&mut first, b']')? {
            let place = Place::Table { table: "methods", index };
            let (id, signed) = match self.read_usual_declaration(true) {
                Some(id) => {
                    self.claim(Form::New, "name")?;
                    (id, true)
                }
                None => self.read_declaration(place, true)?,
            };
            if !signed {
                return MissEntryKeySnafu { place, key: "signature" }.fail();
            }
            if self.numbers.len() < 2 {
                return ShortSignatureSnafu { place }.fail();
            }
            self.methods.declare(id, place)?;
            signature.clear();
            for number in &self.numbers {
                let type_id = values::id(*number, "type id", place)?;
                self.types.require(type_id, place)?;
                signature.push(type_id);
            }
            self.sink.declare_method(id, &self.name, &signature);
            index += 1;
        }
        self.methods.finish()
    }

    /// Reads an object of `types` or `methods`: the name into `self.name`, a signature into `self.numbers`.
    fn read_declaration(&mut self, place: Place, method: bool) -> Result<(u32, bool)> {
        let mut id = None;
        let (mut named, mut signed) = (false, false);
        self.lexer.expect(b'{', "an object")?;
        let mut first = true;
        while self.lexer.advance(&mut first, b'}')? {
            let key = self.lexer.key()?;
            let old = if method {
                Form::Old.method_name_key()
            } else {
                Form::Old.type_name_key()
            };
            if key == "id" {
                refuse_repeat(id.is_some(), "id", self.lexer.offset())?;
                id = Some(values::id(self.lexer.integer()?, "id", place)?);
            } else if key == "name" || key == old {
                let form = if key == old { Form::Old } else { Form::New };
                let key = if key == old { old } else { "name" };
                refuse_repeat(named, key, self.lexer.offset())?;
                self.claim(form, key)?;
                named = true;
                self.name.clear();
                self.name.push_str(self.lexer.string(self.limits.string_bytes, "bytes in a name")?);
            } else if method && key == "signature" {
                refuse_repeat(signed, "signature", self.lexer.offset())?;
                signed = true;
                self.read_numbers(place, self.limits.signature_length, "types in a signature")?;
            } else {
                self.skip_field()?;
            }
        }
        if !named {
            return MissEntryKeySnafu { place, key: "name" }.fail();
        }
        match id {
            Some(id) => Ok((id, signed)),
            None => MissEntryKeySnafu { place, key: "id" }.fail(),
        }
    }
}
