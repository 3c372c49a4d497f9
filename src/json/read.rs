//! The one decoder of all records.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::{Error, Kind};
use super::text::Cursor;
use super::told::{Count, Flag, List, Nested, Presence, Text, Told};

/// Where a value goes, and with that what may stand there.
pub enum Slot<'s, 'de> {
    /// Nowhere: whatever it is, it is not looked at.
    Skip,
    /// Whatever it is; only that there is one is noted.
    Presence(&'s mut Presence),
    /// Whatever it is, as it is written.
    Raw(&'s mut Text<'de>),
    /// A text.
    Text(&'s mut Text<'de>),
    /// A text, or a whole number of up to 64 bits.
    Id(&'s mut Text<'de>),
    /// `true` or `false`.
    Flag(&'s mut Flag),
    /// The same, or its name as text in any case.
    NamedFlag(&'s mut Flag),
    /// A whole number of up to 32 bits, not below 0.
    Count(&'s mut Count),
    /// An object, which must be there.
    Record(&'s mut dyn Record<'de>),
    /// An object that may be left out.
    Nested(&'s mut Presence, &'s mut dyn Record<'de>),
    /// An array.
    List(&'s mut Presence, &'s mut dyn Items<'de>),
}

/// What can be read from an object.
pub trait Record<'de> {
    /// Where the value of a field goes.
    fn field(&mut self, name: &str) -> Slot<'_, 'de>;

    /// Whether there is all that can't be done without.
    fn is_whole(&self) -> bool {
        true
    }

    /// For what may stand as its id alone, a text or a whole number: where that goes.
    fn id_alone(&mut self) -> Option<&mut Text<'de>> {
        None
    }
}

/// What can be read from an array.
pub trait Items<'de> {
    /// Where the next value goes.
    fn next(&mut self) -> Slot<'_, 'de>;
}

impl<'de, R: Record<'de> + Default> Items<'de> for Vec<R> {
    fn next(&mut self) -> Slot<'_, 'de> {
        Slot::Record(self.push_mut(R::default()))
    }
}

/// Values as they are written.
impl<'de> Items<'de> for Vec<Text<'de>> {
    fn next(&mut self) -> Slot<'_, 'de> {
        Slot::Raw(self.push_mut(Told::Nothing))
    }
}

impl<R> Nested<R> {
    /// Where its value goes.
    pub fn slot<'de>(&mut self) -> Slot<'_, 'de>
    where
        R: Record<'de>,
    {
        Slot::Nested(&mut self.told, &mut self.record)
    }
}

impl<R> List<R> {
    /// Where its value goes.
    pub fn slot<'de>(&mut self) -> Slot<'_, 'de>
    where
        Vec<R>: Items<'de>,
    {
        Slot::List(&mut self.told, &mut self.items)
    }
}

/// Reads a whole text of JSON.
pub fn read<'de>(json: &'de [u8], slot: Slot<'_, 'de>) -> Result<(), Error> {
    let mut reader = Reader(Cursor::new(json));
    reader.value(slot)?;
    reader.0.end()
}

/// Reads a whole text of JSON that must be an object.
pub fn read_record<'de, R: Record<'de> + Default>(json: &'de [u8]) -> Result<R, Error> {
    let mut record = R::default();
    read(json, Slot::Record(&mut record)).map(|()| record)
}

struct Reader<'de>(Cursor<'de>);

impl<'de> Reader<'de> {
    /// Reads a value into its slot.
    fn value(&mut self, slot: Slot<'_, 'de>) -> Result<(), Error> {
        match slot {
            Slot::Skip => return self.0.skip(),
            Slot::Presence(told) => {
                let is_null = self.0.raw()? == b"null";
                return self.hear(told, if is_null { Told::Null } else { Told::Value(()) });
            }
            Slot::Raw(told) => {
                let raw = match str::from_utf8(self.0.raw()?) {
                    Ok("null") => Told::Null,
                    Ok(raw) => Told::Value(Cow::Borrowed(raw)),
                    Err(_) => return Err(self.0.error(Kind::Syntax)),
                };
                return self.hear(told, raw);
            }
            _ => {}
        }
        match self.0.peek()? {
            b'"' => {
                let text = self.0.string()?;
                self.text(slot, text)
            }
            b'{' => self.object(slot),
            b'[' => self.array(slot),
            b'n' => {
                self.0.word("null")?;
                self.null(slot)
            }
            b't' => {
                self.0.word("true")?;
                self.flag(slot, true)
            }
            b'f' => {
                self.0.word("false")?;
                self.flag(slot, false)
            }
            _ => {
                let number = self.0.number()?;
                self.number(slot, number)
            }
        }
    }

    fn null(&self, slot: Slot<'_, 'de>) -> Result<(), Error> {
        match slot {
            Slot::Text(told) | Slot::Id(told) => self.hear(told, Told::Null),
            Slot::Flag(told) | Slot::NamedFlag(told) => self.hear(told, Told::Null),
            Slot::Count(told) => self.hear(told, Told::Null),
            Slot::Nested(told, _) | Slot::List(told, _) => self.hear(told, Told::Null),
            _ => self.refuse(),
        }
    }

    fn flag(&self, slot: Slot<'_, 'de>, flag: bool) -> Result<(), Error> {
        match slot {
            Slot::Flag(told) | Slot::NamedFlag(told) => self.hear(told, Told::Value(flag)),
            _ => self.refuse(),
        }
    }

    fn number(&self, slot: Slot<'_, 'de>, number: &'de str) -> Result<(), Error> {
        let told = match slot {
            Slot::Id(told) if is_whole(number) => told,
            Slot::Record(record) if number.parse::<u64>().is_ok() => match record.id_alone() {
                Some(told) => told,
                None => return self.refuse(),
            },
            Slot::Count(told) => {
                return match number.parse() {
                    Ok(count) => self.hear(told, Told::Value(count)),
                    Err(_) => self.refuse(),
                };
            }
            _ => return self.refuse(),
        };
        self.hear(told, Told::Value(Cow::Borrowed(number)))
    }

    fn text(&self, slot: Slot<'_, 'de>, text: Cow<'de, str>) -> Result<(), Error> {
        let told = match slot {
            Slot::Text(told) | Slot::Id(told) => told,
            Slot::Record(record) => match record.id_alone() {
                Some(told) => told,
                None => return self.refuse(),
            },
            Slot::NamedFlag(told) if text.eq_ignore_ascii_case("true") => {
                return self.hear(told, Told::Value(true));
            }
            Slot::NamedFlag(told) if text.eq_ignore_ascii_case("false") => {
                return self.hear(told, Told::Value(false));
            }
            _ => return self.refuse(),
        };
        self.hear(told, Told::Value(text))
    }

    fn object(&mut self, slot: Slot<'_, 'de>) -> Result<(), Error> {
        let record = match slot {
            Slot::Record(record) => record,
            Slot::Nested(told, record) => {
                self.hear(told, Told::Value(()))?;
                record
            }
            _ => return self.refuse(),
        };
        self.0.expect(b'{')?;
        let mut is_first = true;
        while self.0.goes_on(is_first, b'}')? {
            let name = self.0.string()?;
            self.0.expect(b':')?;
            self.value(record.field(&name))?;
            is_first = false;
        }
        if record.is_whole() { Ok(()) } else { self.refuse() }
    }

    fn array(&mut self, slot: Slot<'_, 'de>) -> Result<(), Error> {
        let Slot::List(told, items) = slot else {
            return self.refuse();
        };
        self.hear(told, Told::Value(()))?;
        self.0.expect(b'[')?;
        let mut is_first = true;
        while self.0.goes_on(is_first, b']')? {
            self.value(items.next())?;
            is_first = false;
        }
        Ok(())
    }

    fn hear<T>(&self, field: &mut Told<T>, told: Told<T>) -> Result<(), Error> {
        field.hear(told).or_else(|_| self.refuse())
    }

    /// A value that can't stand where it does, a field that came before, or an object that lacks
    /// one.
    fn refuse<T>(&self) -> Result<T, Error> {
        Err(self.0.error(Kind::Shape))
    }
}

/// Whether a number is a whole one of up to 64 bits.
fn is_whole(number: &str) -> bool {
    // There is no whole number -0.
    number.parse::<u64>().is_ok() || (number != "-0" && number.parse::<i64>().is_ok())
}
