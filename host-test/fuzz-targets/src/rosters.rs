//! Roster files. Any bytes must be a roster or be refused with a short message. Every user on a
//! roster must have an address. A roster that is written and read again must be the same.

use roster::{Entry, Format, Group, MAX_PEOPLE, Options, Refusal, Roster, UserType};
use serde_json::{Map, Value};

/// Upper limit of the characters of an error.
const MAX_MESSAGE: usize = 480;

/// Upper limit of the errors of a refusal.
const MAX_ERRORS: usize = 50;

fn parse(bytes: &[u8], format: Format) -> Result<Roster, Refusal> {
    roster::parse(bytes, format, &Options::default())
}

/// Returns whether the file is UTF-16.
fn is_utf_16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// Reads a roster as CSV.
pub fn read_csv(bytes: &[u8]) -> bool {
    let Some(roster) = checked(parse(bytes, Format::Csv), bytes) else { return false };
    if !is_utf_16(bytes) {
        check_lines(&roster, bytes);
    }
    assert_eq!(again(&as_csv(&roster.entries), Format::Csv), roster.entries);
    assert_eq!(again(&as_json(&roster.entries), Format::Json), roster.entries);
    true
}

/// Reads a roster as JSON.
pub fn read_json(bytes: &[u8]) -> bool {
    let Some(roster) = checked(parse(bytes, Format::Json), bytes) else { return false };
    assert!(roster.lines.is_empty());
    if is_utf_16(bytes) {
        return true;
    }
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(json).expect("an array of objects");
    assert_eq!(rows.len(), roster.entries.len());
    for (row, entry) in rows.iter().zip(&roster.entries) {
        let has = |text: &str| {
            row.values().any(|value| value.as_str().is_some_and(|value| value.trim() == text))
        };
        assert!(has(&entry.email), "the address is not in the file: {entry:?}");
        let names = [&entry.first_name, &entry.last_name].into_iter().flatten();
        assert!(names.into_iter().all(|name| has(name)), "a name is not in the file: {entry:?}");
    }
    assert_eq!(again(&as_json(&roster.entries), Format::Json), roster.entries);
    true
}

fn checked(read: Result<Roster, Refusal>, bytes: &[u8]) -> Option<Roster> {
    match read {
        Ok(roster) => {
            assert!(roster.entries.len() <= MAX_PEOPLE && roster.entries.len() <= bytes.len());
            for entry in &roster.entries {
                let names = [&entry.first_name, &entry.last_name].into_iter().flatten();
                let groups = entry.groups.iter().map(|group| &group.name);
                let addresses = entry.former_emails.iter().chain([&entry.email]);
                for text in names.chain(groups).chain(addresses) {
                    assert!(!text.is_empty() && text.trim() == text, "{entry:?}");
                }
            }
            Some(roster)
        }
        Err(refusal) => {
            assert!((1..=MAX_ERRORS).contains(&refusal.errors.len()), "{refusal}");
            let ends = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
            for error in refusal.errors {
                let length = error.message.chars().count();
                assert!((1..=MAX_MESSAGE).contains(&length), "{error}");
                assert!(error.line <= ends as u64 + 1, "{error}");
            }
            None
        }
    }
}

/// Checks that the line numbers increase, and that each line contains the user's address.
fn check_lines(roster: &Roster, bytes: &[u8]) {
    assert_eq!(roster.lines.len(), roster.entries.len());
    assert!(roster.lines.first().is_none_or(|first| *first > 1));
    assert!(roster.lines.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", roster.lines);
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    assert!(roster.lines.last().is_none_or(|last| *last <= lines.len() as u64));
    // With quotation marks, an address may be on another line or be escaped.
    if !text.contains('"') {
        for (entry, line) in roster.entries.iter().zip(&roster.lines) {
            let line = lines[usize::try_from(*line).expect("a line") - 1];
            assert!(line.contains(&entry.email), "{entry:?} is not on {line:?}");
        }
    }
}

fn again(bytes: &[u8], format: Format) -> Vec<Entry> {
    parse(bytes, format).expect("a roster that was just written").entries
}

fn user_type(entry: &Entry) -> Option<&'static str> {
    entry.user_type.map(|user_type| match user_type {
        UserType::Default => "default",
        UserType::EndUser => "end-user",
        UserType::Mobile => "mobile",
        UserType::Embed => "embed",
    })
}

fn as_csv(entries: &[Entry]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let headers =
        ["email", "first name", "last name", "user type", "admin", "groups", "former emails"];
    writer.write_record(headers).expect("memory can be written to");
    for entry in entries {
        let groups: Vec<String> = entry.groups.iter().map(cell).collect();
        let groups = groups.join(";");
        let admin = entry.admin.map(|admin| if admin { "yes" } else { "no" });
        let row = [
            &entry.email,
            entry.first_name.as_deref().unwrap_or_default(),
            entry.last_name.as_deref().unwrap_or_default(),
            user_type(entry).unwrap_or_default(),
            admin.unwrap_or_default(),
            &groups,
            &entry.former_emails.join(";"),
        ];
        writer.write_record(row).expect("memory can be written to");
    }
    writer.into_inner().expect("memory can be written to")
}

/// Returns a group as a CSV cell names it.
fn cell(Group { name, admin }: &Group) -> String {
    let name = match name.strip_suffix('*') {
        Some(start) => format!(r"{start}\*"),
        None => name.clone(),
    };
    format!("{name}{}", if *admin == Some(true) { " *" } else { "" })
}

fn groups(entry: &Entry) -> Vec<Value> {
    let group = |Group { name, admin }: &Group| serde_json::json!({"name": name, "admin": admin});
    entry.groups.iter().map(group).collect()
}

fn as_json(entries: &[Entry]) -> Vec<u8> {
    let row = |entry: &Entry| {
        serde_json::json!({
            "email": entry.email,
            "first_name": entry.first_name,
            "last_name": entry.last_name,
            "user_type": user_type(entry),
            "admin": entry.admin,
            "groups": groups(entry),
            "former_emails": entry.former_emails,
        })
    };
    entries.iter().map(row).collect::<Value>().to_string().into_bytes()
}
