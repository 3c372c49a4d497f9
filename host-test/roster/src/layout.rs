//! What the columns of a table mean.

use crate::column::Column;
use crate::extras::{MAX_ATTRIBUTES, NamedColumn, too_many_attributes};
use crate::filter::{Filters, Rule};
use crate::options::Origin;
use crate::presets::{Preset, Required};
use crate::status::looks_like_status;
use crate::{Options, Refusal, RosterError, System, cut, excerpt, folded};

/// The maximum number of columns; more than any system exports.
pub(crate) const MAX_COLUMNS: usize = 1000;

/// The maximum number of characters of a text that an error repeats in a switch.
const MAX_IN_SWITCH: usize = 32;

/// The maximum number of characters of a list of columns in an error.
const MAX_LIST: usize = 160;

/// What a column means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Known(Column),
    Named(NamedColumn),
}

impl Meaning {
    /// Reads a name such as `email`, `group 2` or `attribute:team`.
    pub(crate) fn of(header: &str) -> Option<Meaning> {
        let plain = folded(header);
        let known = match plain.trim_end_matches(|letter: char| letter.is_ascii_digit()) {
            "group" | "groups" => Some(Column::Groups),
            "formeremail" | "formeremails" => Some(Column::FormerEmails),
            _ => Column::of(header),
        };
        let named = || NamedColumn::of(header).map(Meaning::Named);
        known.map(Meaning::Known).or_else(named)
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Meaning::Known(column) => column.name().to_owned(),
            Meaning::Named(column) => column.name(),
        }
    }

    /// Returns the names of all, for an error.
    pub(crate) fn names() -> String {
        format!("{}, {}", Column::ALL.map(Column::name).join(", "), NamedColumn::FORMS)
    }

    /// Returns whether several columns may have this meaning.
    fn is_list(&self) -> bool {
        matches!(self, Meaning::Known(Column::Groups | Column::FormerEmails))
    }
}

/// Normalizes a column's name for comparison: without case, spaces, `_` and `-`, and without what a
/// system adds in brackets, as in `Email Address [Required]`.
pub(crate) fn key(header: &str) -> String {
    let header = header.trim();
    let bracket = header.strip_suffix(']').and_then(|header| header.rfind('['));
    folded(bracket.filter(|at| *at > 0).map_or(header, |at| &header[..at]))
}

/// Returns a text of the file as it is written in a switch.
pub(crate) fn in_switch(text: &str) -> &str {
    let fits = text.chars().nth(MAX_IN_SWITCH).is_none() && !text.contains('\'');
    if fits { text } else { "…" }
}

/// How the rows of a file are read.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The number of columns, without those that have no name at the end.
    pub(crate) length: usize,
    /// The columns that are read. Of several with one meaning, the first that is not empty counts,
    /// except for lists.
    pub(crate) fields: Vec<(usize, Meaning)>,
    /// The name of the column with the addresses, as a switch has it.
    pub(crate) address: String,
    /// Columns without a name, which must be empty.
    pub(crate) nameless: Vec<usize>,
    pub(crate) filters: Filters,
    /// How many columns are left out.
    pub(crate) unused: u64,
    pub(crate) system: Option<System>,
    pub(crate) group_separator: String,
    pub(crate) everyone: Option<&'static str>,
}

/// Finds out what the columns mean, and reports those of which it is not known. `None` if no row can
/// be read, because there are no addresses.
pub(crate) fn layout(
    headers: &[&str],
    line: u64,
    options: &Options,
    refusal: &mut Refusal,
) -> Option<Layout> {
    let length = headers.iter().rposition(|header| !header.is_empty()).map_or(0, |at| at + 1);
    if length > MAX_COLUMNS {
        let message = format!("there are {length} columns, and {MAX_COLUMNS} are the most");
        refusal.add(RosterError::new(line, 0, message));
        return None;
    }
    let headers = &headers[..length];
    let system = match options.from {
        Origin::Detected => System::detected(headers),
        Origin::None => None,
        Origin::System(system) => Some(system),
    };
    let columns = Columns { headers, line, options, system, preset: system.map(System::preset) };
    columns.check_switches(refusal);
    columns.check_rules(refusal);

    let mut fields: Vec<(usize, usize, Meaning)> = Vec::new();
    let (mut nameless, mut rules, mut unused) = (Vec::new(), Vec::new(), 0);
    let (mut first_unknown, mut attributes) = (true, 0);
    for (at, header) in headers.iter().enumerate() {
        rules.extend(columns.rule(at).map(|rule| (at, rule)));
        match columns.kind(at) {
            Ok(Kind::Nameless) => nameless.push(at),
            Ok(Kind::Unused) => unused += 1,
            Ok(Kind::Filter) => {}
            Ok(Kind::Unknown) => {
                refusal.add(columns.error(at, unknown(header, first_unknown)));
                first_unknown = false;
            }
            Ok(Kind::Field { meaning, priority }) => {
                if let Meaning::Named(named) = &meaning {
                    if let Some(message) = named.too_long() {
                        refusal.add(columns.error(at, message));
                    }
                    attributes += usize::from(matches!(named, NamedColumn::Attribute(_)));
                }
                let second =
                    fields.iter().any(|(other, _, known)| *other == priority && *known == meaning);
                if second && !meaning.is_list() {
                    let message =
                        format!("there is a second column `{}`", excerpt(&meaning.name()));
                    refusal.add(columns.error(at, message));
                } else {
                    fields.push((priority, at, meaning));
                }
            }
            Err(message) => refusal.add(columns.error(at, message)),
        }
    }
    if attributes > MAX_ATTRIBUTES {
        let message =
            format!("there are {attributes} columns of attributes, and {}", too_many_attributes());
        refusal.add(RosterError::new(line, 0, message));
    }
    fields.sort_by_key(|(priority, at, _)| (*priority, *at));
    let fields: Vec<_> = fields.into_iter().map(|(_, at, meaning)| (at, meaning)).collect();
    let email = Meaning::Known(Column::Email);
    let Some((address, _)) = fields.iter().find(|(_, meaning)| *meaning == email) else {
        refusal.add(columns.no_address());
        return None;
    };
    let address = in_switch(headers[*address]).to_owned();
    let preset_separator = columns.preset.map_or(";", |preset| preset.group_separator);
    let group_separator = options.group_separator.as_deref().unwrap_or(preset_separator);
    Some(Layout {
        length,
        fields,
        address,
        nameless,
        filters: Filters::new(headers, rules, options),
        unused,
        system,
        group_separator: group_separator.to_owned(),
        everyone: columns.preset.and_then(|preset| preset.everyone),
    })
}

/// What a column is for.
enum Kind {
    Nameless,
    Unused,
    Unknown,
    /// Only for a filter.
    Filter,
    Field {
        meaning: Meaning,
        priority: usize,
    },
}

struct Columns<'a> {
    headers: &'a [&'a str],
    line: u64,
    options: &'a Options,
    system: Option<System>,
    preset: Option<&'static Preset>,
}

impl Columns<'_> {
    fn error(&self, at: usize, message: String) -> RosterError {
        RosterError::new(self.line, at as u64 + 1, message)
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|header| key(header) == key(name))
    }

    /// Returns what the system's column says about who has left.
    fn rule(&self, at: usize) -> Option<Rule> {
        let header = key(self.headers[at]);
        let ignored = self.options.ignore_columns.iter().any(|name| key(name) == header);
        let rules = self.preset.filter(|_| !ignored)?.rules;
        rules.iter().find(|(name, _)| key(name) == header).map(|(_, rule)| *rule)
    }

    /// Returns what a column is for besides, or why it is not known.
    fn kind(&self, at: usize) -> Result<Kind, String> {
        let header = self.headers[at];
        if header.is_empty() {
            return Ok(Kind::Nameless);
        }
        let is = |name: &str| key(name) == key(header);
        let options = self.options;
        let ignored = options.ignore_columns.iter().any(|name| is(name));
        let mut conditions = options.keep.iter().chain(&options.leave_out);
        let filters = self.rule(at).is_some() || conditions.any(|condition| is(&condition.header));
        if let Some(map) = options.maps.iter().find(|map| is(&map.header)) {
            // Metadata keeps nobody out.
            let named = matches!(map.meaning, Meaning::Named(_));
            if named && looks_like_status(header) && !filters && !ignored {
                return Err(unused_status(header));
            }
            return Ok(Kind::Field { meaning: map.meaning.clone(), priority: 0 });
        }
        if ignored {
            return Ok(Kind::Unused);
        }
        let own = Meaning::of(header);
        let field = match self.preset {
            Some(preset) => {
                let found = preset.fields.iter().enumerate().find(|(_, (name, _))| is(name));
                found.map(|(priority, (_, column))| (priority, Meaning::Known(*column)))
            }
            None => own.clone().map(|meaning| (0, meaning)),
        };
        // A mapping replaces the column that would have the meaning otherwise.
        let mapped = |meaning: &Meaning| options.maps.iter().any(|map| map.meaning == *meaning);
        match field {
            Some((priority, meaning)) if meaning.is_list() || !mapped(&meaning) => {
                return Ok(Kind::Field { meaning, priority });
            }
            _ if filters => return Ok(Kind::Filter),
            Some(_) if self.preset.is_some() => return Ok(Kind::Unused),
            _ => {}
        }
        let unused = self.preset.is_some_and(|preset| preset.unused.iter().any(|name| is(name)));
        match own {
            _ if unused => Ok(Kind::Unused),
            _ if looks_like_status(header) => Err(unused_status(header)),
            _ if options.ignore_other_columns => Ok(Kind::Unused),
            Some(own) if self.preset.is_some() && !mapped(&own) => Err(self.own(header, &own)),
            _ if self.preset.is_some() => Ok(Kind::Unused),
            _ => Ok(Kind::Unknown),
        }
    }

    /// Reports switches that name columns which are not there.
    fn check_switches(&self, refusal: &mut Refusal) {
        let Options { maps, keep, leave_out, .. } = self.options;
        let maps = maps.iter().map(|map| ("--map", &map.header));
        let keep = keep.iter().map(|condition| ("--where", &condition.header));
        let leave_out = leave_out.iter().map(|condition| ("--where-not", &condition.header));
        for (switch, header) in maps.chain(keep).chain(leave_out) {
            if !self.has(header) {
                let header = excerpt(header);
                let message = format!(
                    "there is no column `{header}`, which `{switch}` names; the columns are {}",
                    self.list()
                );
                refusal.add(RosterError::new(self.line, 0, message));
            }
        }
    }

    /// Reports that the columns are missing by which a system says who has left.
    fn check_rules(&self, refusal: &mut Refusal) {
        let (Some(system), Some(preset)) = (self.system, self.preset) else { return };
        let names = preset.rules.iter().map(|(name, _)| *name);
        let missing: Vec<&str> = names.clone().filter(|name| !self.has(name)).collect();
        let wrong = match preset.required {
            Required::All => !missing.is_empty(),
            Required::Any => missing.len() == preset.rules.len() && !missing.is_empty(),
        };
        if wrong {
            let (title, name) = (system.title(), system.name());
            let joint = if preset.required == Required::All { " and " } else { " or " };
            let message = format!(
                "an export of {title} says who has left in {}, which is not there; export it too, \
                 or give `--map` and `--from none` instead of `--from {name}`",
                missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(joint)
            );
            refusal.add(RosterError::new(self.line, 0, message));
        }
    }

    fn own(&self, header: &str, meaning: &Meaning) -> String {
        let title = self.system.map_or("", System::title);
        format!(
            "`{}` is not a column that {title} exports; `--map '{}={}'` reads it, and \
             `--ignore-column` leaves it out",
            excerpt(header),
            in_switch(header),
            in_switch(&meaning.name())
        )
    }

    fn no_address(&self) -> RosterError {
        let message = match self.headers.iter().find(|header| is_work_address(header)) {
            Some(header) => format!(
                "there is no column `email`; `--map '{}=email'` takes the addresses from there",
                in_switch(header)
            ),
            None => format!(
                "there is no column `email`; `--map 'COLUMN=email'` takes the addresses from one of {}",
                self.list()
            ),
        };
        RosterError::new(self.line, 0, message)
    }

    fn list(&self) -> String {
        let names = self.headers.iter().filter(|header| !header.is_empty());
        let names: Vec<String> =
            names.take(MAX_LIST).map(|name| format!("`{}`", excerpt(name))).collect();
        cut(&names.join(", "), MAX_LIST)
    }
}

/// Returns whether the column looks as if it had the person's own address at work.
fn is_work_address(header: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "second",
        "recovery",
        "personal",
        "private",
        "home",
        "alternate",
        "manager",
        "former",
        "usage",
        "status",
    ];
    let header = key(header);
    header.contains("mail") && !OTHERS.iter().any(|other| header.contains(other))
}

fn unused_status(header: &str) -> String {
    let name = in_switch(header);
    format!(
        "`{}` looks like a column that says who has left, and it is not used: `--where \
         '{name}=VALUE'` reads only rows with this value, `--where-not '{name}=VALUE'` leaves rows \
         out, and `--ignore-column '{name}'` says that it means something else",
        excerpt(header)
    )
}

/// Says only one time which columns there are.
fn unknown(header: &str, first: bool) -> String {
    let header = excerpt(header);
    if !first {
        return format!("`{header}` is not a column either");
    }
    format!(
        "`{header}` is not a column; the columns are {}. `--map` says what another one means, and \
         `--ignore-other-columns` leaves all others out",
        Meaning::names()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_what_is_in_brackets_at_the_end() {
        assert_eq!(key(" Email Address [Required]"), key("email_address"));
        assert_eq!(key("[x]"), "[x]");
        assert_eq!(key("a]"), "a]");
        assert_eq!(key("First [Given] Name"), "first[given]name");
    }

    #[test]
    fn lists_may_have_numbers() {
        let groups = Some(Meaning::Known(Column::Groups));
        for name in ["groups", "Group", "group 1", "Group_12", "Groups 2"] {
            assert_eq!(Meaning::of(name), groups, "{name}");
        }
        assert_eq!(Meaning::of("former email 2"), Some(Meaning::Known(Column::FormerEmails)));
        for name in ["email 1", "group one", "subgroup", "1"] {
            assert_eq!(Meaning::of(name), None, "{name}");
        }
    }
}
