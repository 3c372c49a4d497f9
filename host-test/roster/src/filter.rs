//! Which rows of a file are people who should be in Retool.

use std::collections::HashSet;

use jiff::civil::Date;

use crate::date::{self, NoDate};
use crate::layout::{in_switch, key};
use crate::options::Condition;
use crate::{Options, Refusal, RosterError, excerpt, folded};

/// What a system's column says about people.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Values of people who stay and of people who have left. Any other value is a mistake. They are
    /// compared without case, spaces, `_` and `-`.
    Values { stay: &'static [&'static str], go: &'static [&'static str] },
    /// Values of people who have left. All others stay.
    Gone(&'static [&'static str]),
    /// The last day. People without one, and on that day, stay.
    LastDay,
}

#[derive(Debug)]
enum Test {
    Not(Vec<String>),
    OneOf(Vec<String>),
    Rule(Rule),
}

#[derive(Debug)]
struct Filter {
    at: usize,
    header: String,
    test: Test,
    /// How many rows it has left out.
    left_out: u64,
}

/// All conditions for a row.
#[derive(Debug)]
pub(crate) struct Filters {
    filters: Vec<Filter>,
    date_format: Option<String>,
    today: Option<Date>,
    /// Values that were reported. A file with an unknown one may have it in every row.
    reported: HashSet<(usize, String)>,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Stays,
    LeftOut,
    /// It was reported.
    Unclear,
}

impl Filters {
    /// `rules` are the system's, for columns by their place. Conditions for columns that are not
    /// there have been reported.
    pub(crate) fn new(headers: &[&str], rules: Vec<(usize, Rule)>, options: &Options) -> Filters {
        let of = |at: usize, conditions: &[Condition]| -> Vec<String> {
            let of_column = conditions.iter().filter(|of| key(&of.header) == key(headers[at]));
            of_column.map(|condition| condition.value.clone()).collect()
        };
        let columns = || (0..headers.len()).filter(|at| !headers[*at].is_empty());
        let not = columns().map(|at| (at, Test::Not(of(at, &options.leave_out))));
        let one_of = columns().map(|at| (at, Test::OneOf(of(at, &options.keep))));
        let replaced = |at: usize| !of(at, &options.keep).is_empty();
        let rules = rules.into_iter().filter(|(at, _)| !replaced(*at));
        let rules = rules.map(|(at, rule)| (at, Test::Rule(rule)));
        let tests = not.chain(one_of).chain(rules);
        let tests = tests.filter(|(_, test)| match test {
            Test::Not(values) | Test::OneOf(values) => !values.is_empty(),
            Test::Rule(_) => true,
        });
        let filter = |(at, test)| Filter { at, header: excerpt(headers[at]), test, left_out: 0 };
        Filters {
            filters: tests.map(filter).collect(),
            date_format: options.date_format.clone(),
            today: options.today,
            reported: HashSet::new(),
        }
    }

    /// Decides about a row. Reports values of which it is not known what they mean, unless another
    /// column says that the person has left.
    pub(crate) fn verdict(&mut self, cells: &[&str], line: u64, refusal: &mut Refusal) -> Verdict {
        let mut unclear = Vec::new();
        for filter in &mut self.filters {
            let cell = cells.get(filter.at).copied().unwrap_or_default();
            let stays = match &filter.test {
                Test::Not(values) => Ok(!values.contains(&cell.to_lowercase())),
                Test::OneOf(values) => Ok(values.contains(&cell.to_lowercase())),
                Test::Rule(rule) => {
                    stays(*rule, cell, self.today, self.date_format.as_deref(), &filter.header)
                }
            };
            match stays {
                Ok(true) => {}
                Ok(false) => {
                    filter.left_out += 1;
                    return Verdict::LeftOut;
                }
                Err(problem) => unclear.push((filter.at, filter.header.clone(), problem)),
            }
        }
        if unclear.is_empty() {
            return Verdict::Stays;
        }
        for (at, header, Unclear { kind, message }) in unclear {
            if self.reported.insert((at, kind)) {
                let message = format!("{header}: {message}");
                refusal.add(RosterError::new(line, at as u64 + 1, message));
            }
        }
        Verdict::Unclear
    }

    /// Returns how many rows were left out by which column, in the columns' order.
    pub(crate) fn left_out(&self) -> Vec<(String, u64)> {
        let mut counts: Vec<(usize, String, u64)> = Vec::new();
        for filter in &self.filters {
            match counts.iter_mut().find(|(at, ..)| *at == filter.at) {
                Some((_, _, count)) => *count += filter.left_out,
                None => counts.push((filter.at, filter.header.clone(), filter.left_out)),
            }
        }
        counts.sort_by_key(|(at, ..)| *at);
        counts.into_iter().map(|(_, header, count)| (header, count)).collect()
    }
}

/// A value of which it is not known what it means.
struct Unclear {
    /// Values of one kind in one column are reported once.
    kind: String,
    message: String,
}

fn stays(
    rule: Rule,
    cell: &str,
    today: Option<Date>,
    date_format: Option<&str>,
    header: &str,
) -> Result<bool, Unclear> {
    let value = folded(cell);
    match rule {
        Rule::Values { stay, .. } if stay.contains(&&*value) => Ok(true),
        Rule::Values { go, .. } if go.contains(&&*value) => Ok(false),
        Rule::Values { .. } => {
            let what = match cell {
                "" => "the cell is empty, and it is not known".to_owned(),
                cell => format!("it is not known of `{}`", excerpt(cell)),
            };
            let of = format!("'{}={}'", in_switch(header), in_switch(cell));
            let message = format!(
                "{what} whether such people have left; `--where-not {of}` leaves them out, and \
                 `--where` names all values that stay"
            );
            Err(Unclear { kind: value, message })
        }
        Rule::Gone(gone) => Ok(!gone.contains(&&*value)),
        Rule::LastDay if cell.is_empty() => Ok(true),
        Rule::LastDay => {
            let last = date::parse(cell, date_format).map_err(|no_date| match no_date {
                // One answer decides all of them.
                NoDate::Either(message) => Unclear { kind: String::new(), message },
                NoDate::Wrong(message) => Unclear { kind: value, message },
            })?;
            let today = today.ok_or_else(|| Unclear {
                kind: String::new(),
                message: "today's date is not known".to_owned(),
            })?;
            Ok(last >= today)
        }
    }
}
