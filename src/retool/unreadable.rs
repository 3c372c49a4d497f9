//! Records of a listing that can't be used. One such record does not decide about the rest: it is
//! named, and no user is removed for being absent while it is there.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::raw_record::RawRecord;
use crate::de::Object;
use crate::domain::{Email, UserRef};
use crate::error::{Code, Error, Result};
use crate::fingerprint::fingerprint;

/// So many unusable records never count as too many.
const FEW: usize = 3;

/// Of so many records, one may be unusable.
const SHARE: usize = 20;

/// The most records that a message names.
const NAMED: usize = 5;

/// The most characters of an id in a message.
const MOST_OF_ID: usize = 64;

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// It has no address and no login.
    NoAddress,
    /// A field is missing, or has another type than expected.
    Shape,
}

/// A record of a listing that can't be used.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableRecord {
    /// The id, if it can be read.
    pub id: Option<String>,
    /// The address, if it can be read.
    pub email: Option<Email>,
    /// What is wrong.
    pub defect: Defect,
}

/// The records of a listing that can't be used, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unreadable(Vec<UnreadableRecord>);

impl Unreadable {
    /// Adds a record.
    pub fn add(&mut self, record: UnreadableRecord) {
        self.0.push(record);
    }

    /// Adds the records of another page.
    pub fn append(&mut self, page: Unreadable) {
        self.0.extend(page.0);
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the records.
    pub fn records(&self) -> &[UnreadableRecord] {
        &self.0
    }

    /// Returns how many of them could be converted to a user without an address.
    pub fn without_address(&self) -> usize {
        self.0.iter().filter(|record| record.defect == Defect::NoAddress).count()
    }

    /// Returns whether the address of one of the records can't be read.
    pub fn hides_addresses(&self) -> bool {
        self.0.iter().any(|record| record.defect == Defect::Shape && record.email.is_none())
    }

    /// Returns whether one of the records has this address.
    pub fn has(&self, email: &Email) -> bool {
        self.0.iter().any(|record| record.email.as_ref() == Some(email))
    }

    /// Returns whether one of the records is of a user that a request means.
    pub fn means(&self, who: &UserRef) -> bool {
        self.0.iter().any(|record| record.is_of(who))
    }

    /// Returns whether one of the records has this id.
    pub fn has_id(&self, id: &str) -> bool {
        self.0.iter().any(|record| record.id.as_deref() == Some(id))
    }

    /// Fails if so many of all records are unusable that the server must have another shape of
    /// record than expected.
    pub fn check(&self, usable: usize, what: &'static str) -> Result<()> {
        let count = self.0.len();
        let all = usable + count;
        let is_few = count <= FEW.max(all / SHARE) && (usable > 0 || count <= 1);
        if is_few {
            return Ok(());
        }
        Err(Error::new(
            Code::AnswerUnusable,
            format!(
                "{count} of {all} records in the listing of {what} can't be used: {}. Check that the base URL leads \
                 to Retool and nothing in between changes its answers.",
                self.named()
            ),
        )
        .about(what))
    }

    /// Fails if a record is not on a page because it can't be used.
    pub fn on_a_page(&self) -> Result<()> {
        let lost = self.0.iter().filter(|record| record.defect != Defect::NoAddress);
        let lost = Unreadable(lost.cloned().collect());
        if lost.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            Code::RecordUnreadable,
            format!(
                "The page contains records that can't be used: {}. Repair them in Retool, then ask again.",
                lost.named()
            ),
        ))
    }

    /// Names the records, with what is wrong.
    pub fn named(&self) -> String {
        let mut text = String::new();
        for (at, record) in self.0.iter().take(NAMED).enumerate() {
            text.push_str(if at == 0 { "" } else { ", " });
            text.push_str(&record.named());
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => {}
            more => text.push_str(&format!(" and {more} more")),
        }
        text
    }

    /// Returns the sentence for a plan or report whose listing has such records; `None` if there
    /// are none.
    pub fn limitation(&self) -> Option<String> {
        (!self.is_empty()).then(|| {
            format!(
                "The listing contains records that can't be used: {}. While they are there, no user is disabled or \
                 deleted for being absent from the roster. Repair these records in Retool.",
                self.named()
            )
        })
    }

    /// Returns the error for a user whose record can't be used.
    pub fn error_for(&self, who: &UserRef) -> Error {
        let theirs = self.0.iter().find(|record| record.is_of(who));
        let named = theirs.map_or_else(|| self.named(), UnreadableRecord::named);
        Error::new(
            Code::RecordUnreadable,
            format!(
                "The server's record of this person can't be used ({named}), so nothing was written. Repair it in \
                 Retool."
            ),
        )
        .about(who.as_str())
    }

    /// Returns the error for a user who was not found, although one of these records may be
    /// theirs.
    pub fn not_proven_absent(&self, who: &UserRef) -> Error {
        Error::new(
            Code::RecordUnreadable,
            format!(
                "No account with this {} was found. But records in the listing can't be used ({}), and one of \
                 them may be this person's. So it is not certain that there is no account. Repair these records in \
                 Retool, or give the id.",
                who.what(),
                self.named()
            ),
        )
        .about(who.as_str())
    }
}

impl UnreadableRecord {
    /// Returns whether this is the record of a user that a request means. A login is read as an
    /// address is, because the record's shape is not known.
    fn is_of(&self, who: &UserRef) -> bool {
        match who {
            UserRef::Email(email) | UserRef::Login(email) => self.email.as_ref() == Some(email),
            UserRef::Id(id) => self.id.as_deref() == Some(&*id.value),
        }
    }

    /// Names the record, with what is wrong. The id comes from the server, so it is shortened.
    fn named(&self) -> String {
        let what = match self.defect {
            Defect::NoAddress => "has no address",
            Defect::Shape => "has a field of another type than expected, or lacks one",
        };
        let id: Option<String> = self
            .id
            .as_deref()
            .map(|id| id.chars().filter(char::is_ascii_graphic).take(MOST_OF_ID).collect());
        match id.filter(|id: &String| !id.is_empty()) {
            Some(id) => format!("the record {id} {what}"),
            None => format!("a record without an id {what}"),
        }
    }
}

/// The records of a page that were decoded one by one.
pub(super) struct Salvaged<R> {
    /// The records that can be decoded.
    pub records: Vec<R>,
    /// The others.
    pub unreadable: Unreadable,
    /// The fingerprints of the others.
    pub fingerprints: Vec<u64>,
}

impl<R> Salvaged<R> {
    /// Returns a page whose records can all be decoded.
    pub(super) fn whole(records: Vec<R>) -> Self {
        Salvaged { records, unreadable: Unreadable::default(), fingerprints: Vec::new() }
    }
}

/// Decodes the records of a page one by one. `None` if the page is not one of records: no record
/// can be decoded, and not even an id can be read.
pub(super) fn salvage<'a, R: Deserialize<'a>>(raw: Vec<&'a RawValue>) -> Option<Salvaged<R>> {
    let mut salvaged = Salvaged::whole(Vec::new());
    let mut has_id = false;
    for record in raw {
        let record = record.get();
        if let Ok(Object(decoded)) = serde_json::from_str::<Object<R>>(record) {
            salvaged.records.push(decoded);
            continue;
        }
        let fields = RawRecord::parse(record);
        let text = |names: &[&str]| {
            let fields = fields.as_ref()?;
            names.iter().find_map(|name| fields.id(name)).filter(|text| !text.is_empty())
        };
        let id = text(&["id"]);
        has_id |= id.is_some();
        salvaged.fingerprints.push(fingerprint(id.as_deref().unwrap_or(record)));
        salvaged.unreadable.add(UnreadableRecord {
            id,
            email: text(&["email", "userName", "invited_email"])
                .filter(|address| address.contains('@'))
                .map(|address| Email::new(&address)),
            defect: Defect::Shape,
        });
    }
    (has_id || !salvaged.records.is_empty()).then_some(salvaged)
}

/// Returns the error that names the groups or members of a page that can't be used. `None` if the
/// page is not one of records, or if all of them can be used. `has_id` checks a decoded one.
pub(super) fn unreadable_records<'a, R: Deserialize<'a>>(
    raw: Vec<&'a RawValue>,
    what: &'static str,
    has_id: fn(R) -> bool,
) -> Option<Error> {
    let Salvaged { records, mut unreadable, .. } = salvage::<R>(raw)?;
    for record in records {
        if !has_id(record) {
            unreadable.add(UnreadableRecord { id: None, email: None, defect: Defect::Shape });
        }
    }
    (!unreadable.is_empty()).then(|| {
        Error::new(
            Code::RecordUnreadable,
            format!(
                "The listing of {what} contains records that can't be used: {}. They may be any of those that are \
                 asked for, so nothing was concluded from the others. Repair these records in Retool, then ask again.",
                unreadable.named()
            ),
        )
        .about(what)
    })
}

/// Returns a record without an address.
pub fn without_address(id: &str) -> UnreadableRecord {
    UnreadableRecord { id: Some(id.to_string()), email: None, defect: Defect::NoAddress }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::de::Id;

    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        id: Id<'a>,
        #[allow(dead_code)]
        admin: bool,
    }

    /// The ids of the records that can be used, and the id and address of each other one.
    type Parts = (Vec<String>, Vec<(Option<String>, Option<String>)>);

    fn salvaged(json: &str) -> Option<Parts> {
        let raw: Vec<&RawValue> = serde_json::from_str(json).expect("a list");
        let Salvaged { records, unreadable, fingerprints } = salvage::<Record<'_>>(raw)?;
        assert_eq!(fingerprints.len(), unreadable.records().len());
        let good = records.into_iter().map(|record| record.id.into_string()).collect();
        let bad = unreadable.0.into_iter();
        Some((good, bad.map(|one| (one.id, one.email.map(Email::into_string))).collect()))
    }

    #[test]
    fn records_that_can_not_be_decoded_are_named_by_what_can_be_read() {
        let json = r#"[
            {"id":"a","admin":true},
            {"id":7,"admin":"yes","email":"Ada@example.com"},
            {"id":"c","userName":"bob@example.com"},
            {"admin":true},
            {"id":[],"userName":"svc"},
            "text",
            null
        ]"#;
        let (good, bad) = salvaged(json).expect("records");
        assert_eq!(good, ["a"]);
        let text = |text: &str| Some(text.to_string());
        let expected = [
            (text("7"), text("Ada@example.com")),
            (text("c"), text("bob@example.com")),
            (None, None),
            (None, None),
            (None, None),
            (None, None),
        ];
        assert_eq!(bad, expected);
    }

    #[test]
    fn a_page_without_a_single_id_is_not_one_of_records() {
        for json in [r#"["a","b"]"#, r#"[[],[]]"#, r#"[{"name":"x"}]"#, "[]"] {
            assert!(salvaged(json).is_none(), "{json}");
        }
        assert!(salvaged(r#"[{"id":"a"}]"#).is_some());
    }

    #[test]
    fn a_few_unusable_records_are_accepted_and_many_are_not() {
        let check = |count: usize, usable: usize| {
            let record = |at: usize| without_address(&at.to_string());
            Unreadable((0..count).map(record).collect()).check(usable, "users")
        };
        for (count, usable) in [(0, 0), (1, 0), (1, 1), (3, 1), (3, 1000), (5, 95), (50, 950)] {
            assert_eq!(check(count, usable), Ok(()), "{count} beside {usable}");
        }
        for (count, usable) in [(2, 0), (4, 10), (6, 94), (51, 900)] {
            let error = check(count, usable).expect_err("too many");
            assert_eq!(error.code, Code::AnswerUnusable, "{count} beside {usable}");
            assert!(error.message.contains("the record 0 has no address"), "{}", error.message);
        }
    }

    #[test]
    fn ids_are_shortened_and_only_a_few_are_named() {
        let mut unreadable = Unreadable::default();
        assert_eq!(unreadable.limitation(), None);
        unreadable.add(without_address(&("a\u{202e}\n".to_string() + &"b".repeat(100))));
        for at in 0..6 {
            unreadable.add(without_address(&at.to_string()));
        }
        let text = unreadable.limitation().expect("a limitation");
        assert!(text.contains(&format!("the record a{} has", "b".repeat(63))), "{text}");
        assert!(text.contains("the record 3 has no address and 2 more."), "{text}");
    }
}
