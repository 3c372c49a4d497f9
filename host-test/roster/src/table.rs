//! Rosters as tables: the first row names the columns, and each of the others is a person.

use csv::ByteRecord;

use crate::budget::{self, Budget};
use crate::column::Column;
use crate::entry::{Entry, UserType, said};
use crate::extras::{Metadata, NamedColumn, json_of, object};
use crate::filter::Verdict;
use crate::group;
use crate::layout::{Layout, Meaning, layout};
use crate::people::People;
use crate::{Group, Options, Refusal, Roster, RosterError, Source, excerpt};

/// The largest cell in bytes: 64 KiB.
pub(crate) const MAX_CELL: usize = 64 << 10;

/// The most cells of a row, with empty ones at its end; as many as a spreadsheet has. A cell takes more
/// in memory than its separator in the file.
const MAX_CELLS: usize = 16_384;

/// The rows of a file that are not blank.
pub(crate) trait Rows {
    /// What may be the reason if a row has another number of cells than there are columns.
    const TOO_LONG: &'static str;

    /// Returns the next row, and its line, from 1.
    fn next(&mut self) -> Result<Option<(ByteRecord, u64)>, RosterError>;
}

/// Reads a table. Reports all mistakes.
pub(crate) fn read<R: Rows>(
    mut rows: R,
    options: &Options,
    budget: Budget,
) -> Result<Roster, Refusal> {
    let mut refusal = Refusal::default();
    let Some((headers, line)) = rows.next()? else {
        let message = "the file is empty; its first line names the columns";
        return Err(RosterError::new(0, 0, message).into());
    };
    let Some(headers) = texts(&headers, line, &mut refusal) else { return Err(refusal) };
    let Some(mut layout) = layout(&headers, line, options, &mut refusal) else {
        return Err(refusal);
    };

    let mut people = People::new(options.rows, budget);
    loop {
        let (row, line) = match rows.next() {
            Ok(Some(next)) => next,
            Ok(None) => break,
            // Nothing after it can be read.
            Err(error) => {
                refusal.add(error);
                break;
            }
        };
        let Some(cells) = texts(&row, line, &mut refusal) else { continue };
        let Some(cells) = aligned::<R>(cells, &layout, line, &mut refusal) else { continue };
        if layout.filters.verdict(&cells, line, &mut refusal) != Verdict::Stays {
            continue;
        }
        let added = match entry(&layout, &cells, line, people.budget(), &mut refusal) {
            Ok(Some(entry)) => people.add(entry, line, &mut refusal),
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        // No further people may be read.
        if let Err(error) = added {
            refusal.add(error);
            break;
        }
    }
    if !refusal.errors.is_empty() {
        return Err(refusal);
    }
    Ok(people.roster(Source {
        system: layout.system,
        left_out: layout.filters.left_out(),
        unused_columns: layout.unused,
    }))
}

/// Returns the trimmed texts of a row; `None` if there are too many, or one is not UTF-8.
fn texts<'a>(row: &'a ByteRecord, line: u64, refusal: &mut Refusal) -> Option<Vec<&'a str>> {
    if row.len() > MAX_CELLS {
        let message = format!("there are {} cells, and {MAX_CELLS} are the most", row.len());
        refusal.add(RosterError::new(line, 0, message));
        return None;
    }
    let mut texts = Vec::with_capacity(row.len());
    for (at, cell) in row.iter().enumerate() {
        let Ok(text) = std::str::from_utf8(cell) else {
            let message = "the text is not UTF-8; save the file as UTF-8, or give `--encoding \
                           windows-1252` if it is that";
            refusal.add(RosterError::new(line, at as u64 + 1, message));
            return None;
        };
        texts.push(text.trim());
    }
    Some(texts)
}

/// Returns the cells without empty ones after the last column. Reports a row that has too few or too
/// many, or a text in a column without a name; then returns `None`.
fn aligned<'a, R: Rows>(
    mut cells: Vec<&'a str>,
    layout: &Layout,
    line: u64,
    refusal: &mut Refusal,
) -> Option<Vec<&'a str>> {
    let used = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1);
    cells.truncate(used.max(layout.length));
    if cells.len() != layout.length {
        let (length, columns) = (cells.len(), layout.length);
        let message = format!(
            "there are {length} cells, and the first line names {columns} columns; {}",
            R::TOO_LONG
        );
        refusal.add(RosterError::new(line, 0, message));
        return None;
    }
    if let Some(at) = layout.nameless.iter().find(|at| !cells[**at].is_empty()) {
        let message = "the column has no name in the first line; give it one, or empty the cell";
        refusal.add(RosterError::new(line, *at as u64 + 1, message));
        return None;
    }
    Some(cells)
}

/// Reads a person. Reports all mistakes of the row, and then returns `None`. Fails before the person
/// takes more than is left.
fn entry(
    layout: &Layout,
    cells: &[&str],
    line: u64,
    budget: &Budget,
    refusal: &mut Refusal,
) -> Result<Option<Entry>, RosterError> {
    let mut entry = Entry::default();
    let mut metadata = Metadata::new();
    let mut address = None;
    let mut right = true;
    let mut left = budget.left();
    for (at, meaning) in &layout.fields {
        let Some(cell) = said(cells[*at]) else {
            if *meaning == Meaning::Known(Column::Email) {
                address.get_or_insert(*at);
            }
            continue;
        };
        let rest = left.checked_sub(budget::cell(&cell, meaning, &layout.group_separator));
        left = rest.ok_or_else(|| RosterError::new(line, 0, budget.spent()))?;
        if let Err(message) = take(&mut entry, &mut metadata, layout, meaning, cell) {
            right = false;
            let message = format!("{}: {message}", excerpt(&meaning.name()));
            refusal.add(RosterError::new(line, *at as u64 + 1, message));
        }
    }
    if let Some(at) = address.filter(|_| entry.email.is_empty()) {
        right = false;
        let column = &layout.address;
        let message = format!(
            "email: there is no address; add it, or leave such rows out: `--where-not '{column}='`"
        );
        refusal.add(RosterError::new(line, at as u64 + 1, message));
    }
    entry.metadata = object(&metadata);
    Ok(right.then_some(entry))
}

/// Takes a cell that is not blank. Of several cells for one field, the first counts.
fn take(
    entry: &mut Entry,
    metadata: &mut Metadata,
    layout: &Layout,
    meaning: &Meaning,
    cell: String,
) -> Result<(), String> {
    let column = match meaning {
        Meaning::Known(column) => column,
        Meaning::Named(NamedColumn::Attribute(name)) => {
            entry.attributes.push((name.clone(), cell));
            return Ok(());
        }
        Meaning::Named(NamedColumn::Metadata(key)) => {
            metadata.extend(json_of(&cell).map(|json| (key.clone(), json)));
            return Ok(());
        }
    };
    match column {
        Column::Email if entry.email.is_empty() => entry.email = cell,
        Column::Email => {}
        Column::FirstName => _ = entry.first_name.get_or_insert(cell),
        Column::LastName => _ = entry.last_name.get_or_insert(cell),
        Column::UserType => entry.user_type = Some(UserType::of(&cell)?),
        Column::Admin => entry.admin = Some(yes_or_no(&cell)?),
        Column::Groups => {
            if layout.system.is_some() {
                // A `*` and a `\` are parts of the name there.
                let names = cell.split(&*layout.group_separator).filter_map(said);
                let names = names.filter(|name| Some(&**name) != layout.everyone);
                entry.groups.extend(names.map(Group::new));
            } else {
                let names = group::names(&cell, &layout.group_separator);
                let groups = names.iter().filter_map(|name| Group::of_cell(name).transpose());
                entry.groups.extend(groups.collect::<Result<Vec<_>, _>>()?);
            }
        }
        Column::FormerEmails => entry.former_emails.extend(cell.split(';').filter_map(said)),
    }
    Ok(())
}

fn yes_or_no(cell: &str) -> Result<bool, String> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("`{}` is neither true, yes or 1 nor false, no or 0", excerpt(cell))),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Entry, Format, Group, Options, Refusal, Roster, UserType, parse};

    fn csv(text: &str) -> Result<Roster, Refusal> {
        parse(text.as_bytes(), Format::Csv, &Options::default())
    }

    fn error(text: &str) -> String {
        csv(text).expect_err("a refusal").to_string()
    }

    #[test]
    fn a_full_row_is_read() {
        let roster = csv("email,first name,last name,user type,admin,groups\n\
             ada@example.com,Ada,Lovelace,default,yes,Engineering; Data Science*\n")
        .expect("a roster");
        assert_eq!(
            roster.entries,
            [Entry {
                email: "ada@example.com".to_owned(),
                first_name: Some("Ada".to_owned()),
                last_name: Some("Lovelace".to_owned()),
                user_type: Some(UserType::Default),
                admin: Some(true),
                groups: vec![
                    Group::new("Engineering"),
                    Group { name: "Data Science".to_owned(), admin: Some(true) },
                ],
                ..Entry::default()
            }]
        );
        assert_eq!(roster.lines, [2]);
    }

    #[test]
    fn headers_match_in_any_spelling_and_order() {
        let roster =
            csv("\u{feff}Last_Name,E-Mail,USERTYPE\r\nLovelace, ada@example.com ,End User\r\n")
                .expect("a roster");
        let entry = &roster.entries[0];
        assert_eq!(entry.email, "ada@example.com");
        assert_eq!(entry.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(entry.user_type, Some(UserType::EndUser));
    }

    #[test]
    fn attributes_and_metadata_have_a_column_each() {
        let roster = csv("email,attribute:team,Metadata: costCentre,metadata:note,metadata:deep\n\
             a@x, blue ,1000,\"\"\"1000\"\"\",\"{\"\"a\"\": [1]}\"\nb@x,,,007,\nc@x,1,,,\n")
        .expect("a roster");
        let [a, b, c] = &roster.entries[..] else { panic!("{roster:?}") };
        assert_eq!(a.attributes, [("team".to_owned(), "blue".to_owned())]);
        assert_eq!(
            a.metadata.as_deref(),
            Some(r#"{"costCentre":1000,"deep":{"a": [1]},"note":"1000"}"#)
        );
        assert_eq!((b.attributes.len(), b.metadata.as_deref()), (0, Some(r#"{"note":"007"}"#)));
        assert_eq!(c.attributes, [("team".to_owned(), "1".to_owned())]);
        assert_eq!(c.metadata, None);
        assert_eq!(
            error("email,metadata:a,metadata: a\n"),
            "line 1, column 3: there is a second column `metadata:a`"
        );
        assert!(error("email,metadata:\n").contains("`metadata:` is not a column"));
    }

    #[test]
    fn former_emails_are_separated_by_semicolons() {
        let roster = csv("email,Former E-Mails\nada.king@x, ada@x ; ;ada.byron@x;\nb@x,\n")
            .expect("a roster");
        let former: Vec<_> = roster.entries.iter().map(|entry| &entry.former_emails[..]).collect();
        assert_eq!(former, [&["ada@x".to_owned(), "ada.byron@x".to_owned()][..], &[]]);
    }

    #[test]
    fn empty_cells_mean_none() {
        let header = "email,first name,user type,admin,groups,former emails";
        let roster = csv(&format!("{header}\nada@example.com,, , ,;,;\n")).expect("a roster");
        let entry = &roster.entries[0];
        assert_eq!(entry.first_name, None);
        assert_eq!(entry.user_type, None);
        assert_eq!(entry.admin, None);
        assert!(entry.groups.is_empty());
        assert!(entry.former_emails.is_empty());
    }

    #[test]
    fn quoted_cells_may_contain_commas_and_line_ends() {
        let roster = csv("email,last name\nada@example.com,\"Love,\nlace\"\nbob@example.com,B\n")
            .expect("a roster");
        assert_eq!(roster.entries[0].last_name.as_deref(), Some("Love,\nlace"));
        assert_eq!(roster.lines, [2, 4]);
    }

    #[test]
    fn every_spelling_of_yes_and_no_is_accepted() {
        let roster = csv("email,admin\na@x,TRUE\nb@x,Yes\nc@x,1\nd@x,false\ne@x,NO\nf@x,0\n")
            .expect("a roster");
        let admins: Vec<_> = roster.entries.iter().map(|entry| entry.admin).collect();
        assert_eq!(admins, [true, true, true, false, false, false].map(Some));
    }

    #[test]
    fn an_error_names_an_unknown_column() {
        assert_eq!(
            error("email,phone\n"),
            "line 1, column 2: `phone` is not a column; the columns are email, first name, \
             last name, user type, admin, groups, former emails, attribute:NAME, metadata:KEY. \
             `--map` says what another one means, and `--ignore-other-columns` leaves all others out"
        );
    }

    #[test]
    fn a_missing_or_duplicate_column_is_refused() {
        assert_eq!(
            error("first name,Home Email,Work E-Mail\nAda,a@x,b@x\n").lines().last(),
            Some(
                "line 1: there is no column `email`; `--map 'Work E-Mail=email'` takes the \
                 addresses from there"
            )
        );
        assert_eq!(
            error("first name\nAda\n"),
            "line 1: there is no column `email`; `--map 'COLUMN=email'` takes the addresses from \
             one of `first name`"
        );
        assert_eq!(
            error("email,First Name,first_name\n"),
            "line 1, column 3: there is a second column `first name`"
        );
        assert_eq!(error(""), "the file is empty; its first line names the columns");
    }

    #[test]
    fn an_error_names_line_and_column_of_an_invalid_cell() {
        assert_eq!(
            error("email,admin\nada@x,yes\n\n\r\nbob@x,maybe\n"),
            "line 5, column 2: admin: `maybe` is neither true, yes or 1 nor false, no or 0"
        );
        assert_eq!(
            error("email,user type\nada@x,boss\n"),
            "line 2, column 2: user type: `boss` is not a user type; they are default, \
             end-user, mobile and embed"
        );
        assert_eq!(
            error("admin,email\nyes, \n"),
            "line 2, column 2: email: there is no address; add it, or leave such rows out: \
             `--where-not 'email='`"
        );
    }

    #[test]
    fn all_kinds_of_line_ends_are_accepted() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["email,admin", "ada@x,yes", "", "bob@x,no", ""].join(end);
            assert_eq!(csv(&text).expect("a roster").lines, [2, 4], "{end:?}");
        }
    }

    #[test]
    fn a_row_with_too_few_or_too_many_cells_is_refused() {
        assert_eq!(
            error("email,admin,groups\nada@x,yes,A\n\nbob@x,yes\n"),
            "line 4: there are 2 cells, and the first line names 3 columns; a separator in a text \
             needs quotes around the text"
        );
        let error = error("email\nada@x,yes\n");
        assert!(error.starts_with("line 2: there are 2 cells, and the first line names 1 col"));
    }

    #[test]
    fn an_error_names_line_and_column_of_text_that_is_not_utf8() {
        let file = b"email,first name\nada@x,Ada\nzoe@x,Zo\xeb\n";
        let refusal = parse(file, Format::Csv, &Options::default()).expect_err("a refusal");
        assert_eq!(
            refusal.to_string(),
            "line 3, column 2: the text is not UTF-8; save the file as UTF-8, or give `--encoding \
             windows-1252` if it is that"
        );
    }

    #[test]
    fn a_roster_may_be_empty() {
        assert_eq!(csv("email\n").expect("a roster").entries, []);
    }
}
