//! The people of a command, from its arguments and from a file.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::anyhow;
use host_test::text::is_shown;

use crate::address;
use crate::args::PeopleArgs;
use crate::failure::Failure;
use crate::files::{self, Input};

/// The most people of one command.
const MOST: usize = 10_000;

/// The most mistakes that an error names.
const MOST_MISTAKES: usize = 50;

/// The longest address, in characters.
const MAX_ADDRESS: usize = 254;

/// Returns the addresses of the arguments and of the file, in their order. All mistakes are reported
/// at once, with their lines.
pub(crate) fn emails(people: &PeopleArgs) -> Result<Vec<String>, Failure> {
    let PeopleArgs { emails, emails_from } = people;
    let mut list = List::default();
    for email in emails {
        list.add(email, "--email".to_owned());
    }
    if let Some(path) = emails_from {
        let input = Input::of(path);
        let name = input.name().display();
        let text = input.read(files::MOST_BYTES).map_err(Failure::Usage)?;
        // Text that is not UTF-8 becomes an address that is refused, with its line.
        let text = String::from_utf8_lossy(&text);
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                list.add(line, format!("{name}, line {}", number + 1));
            }
        }
    }
    list.done()
}

#[derive(Default)]
struct List {
    emails: Vec<String>,
    /// Where each address was given, by the address as it is compared.
    known: HashMap<String, String>,
    mistakes: Vec<String>,
    more: usize,
}

impl List {
    fn add(&mut self, email: &str, place: String) {
        let email = email.trim();
        if let Some(problem) = problem(email) {
            return self.mistake(format!("{place}: `{}` {problem}", excerpt(email)));
        }
        let key = address::key(email).into_owned();
        if let Some(first) = self.known.get(&key) {
            let first = first.clone();
            return self.mistake(format!("{place}: {email} is there already, at {first}"));
        }
        self.known.insert(key, place);
        self.emails.push(email.to_owned());
    }

    fn mistake(&mut self, mistake: String) {
        if self.mistakes.len() == MOST_MISTAKES {
            self.more += 1;
        } else {
            self.mistakes.push(mistake);
        }
    }

    fn done(self) -> Result<Vec<String>, Failure> {
        let List { emails, known: _, mistakes, more } = self;
        if !mistakes.is_empty() {
            let mut text = mistakes.join("; ");
            if more > 0 {
                // Writing to a String can't fail.
                let _ = write!(text, "; and {more} more");
            }
            return Err(Failure::Usage(anyhow!("{text}; nothing was written")));
        }
        if emails.is_empty() {
            return Err(Failure::Usage(anyhow!("there are no people in the file")));
        }
        if emails.len() > MOST {
            let count = emails.len();
            return Err(Failure::Usage(anyhow!(
                "there are {count} people, and one command takes {MOST} at most"
            )));
        }
        Ok(emails)
    }
}

/// Returns what is wrong with an address that the component would refuse. It would find that only
/// when others were written already.
fn problem(email: &str) -> Option<&'static str> {
    if address::is_address(email) {
        return None;
    }
    Some(match email {
        long if long.chars().count() > MAX_ADDRESS => "is longer than 254 characters",
        spaced if spaced.contains(char::is_whitespace) => "has a space",
        hidden if !hidden.chars().all(is_shown) => {
            "has a control character or an invisible character"
        }
        _ => "is not an address",
    })
}

fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn from(emails: &[&str], text: &str) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("people.txt");
        fs::write(&path, text).expect("a file");
        let emails = emails.iter().map(|email| (*email).to_owned()).collect();
        let read = super::emails(&PeopleArgs { emails, emails_from: Some(path.clone()) });
        let name = path.display().to_string();
        read.map_err(|failure| crate::render::plain(&failure.text()).replace(&name, "FILE"))
    }

    #[test]
    fn blank_lines_and_comments_are_skipped() {
        let text = "\u{feff}# leavers\r\nada@x.com\r\n\r\n  bob@x.com  \n#cy@x.com\n";
        assert_eq!(
            from(&["dot@x.com"], text).expect("people"),
            ["dot@x.com", "ada@x.com", "bob@x.com"]
        );
    }

    #[test]
    fn all_mistakes_are_named_with_their_lines() {
        let error = from(&["ada@x.com"], "bob\n\nADA@x.com\ncy@x.com\na b@x.com\nd@@x\n");
        assert_eq!(
            error.expect_err("mistakes"),
            "error: FILE, line 1: `bob` is not an address; FILE, line 3: ADA@x.com is there \
             already, at --email; FILE, line 5: `a b@x.com` has a space; \
             FILE, line 6: `d@@x` is not an address; nothing was written\n"
        );
        assert!(from(&[], "# nobody\n").is_err());
    }

    #[test]
    fn what_the_component_would_refuse_is_a_mistake_too() {
        for wrong in [
            "a;b@x.com",
            "Ada <ada@x.com>",
            "ada@x..com",
            "ada@[127.0.0.1]",
            "@x.com",
            "ada@",
            "a\u{200b}da@x.com",
            "\"a\"@x.com",
        ] {
            assert!(problem(wrong).is_some(), "{wrong}");
        }
        for right in ["o'brien+x@example.com", "jürgen@müller.example", "a@x"] {
            assert_eq!(problem(right), None, "{right}");
        }
    }

    #[test]
    fn a_long_list_of_mistakes_is_cut() {
        let error = from(&[], &"x\n".repeat(60)).expect_err("mistakes");
        assert!(error.contains("line 50: ") && error.contains("; and 10 more;"), "{error}");
    }
}
