//! `plan --html`: the page for the approver of a plan.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use scraper::{ElementRef, Html, Selector};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::command::{File, Server};

/// Text that would run a script if it were inserted as markup into an element, an attribute or a
/// style.
const HOSTILE: &str = "</title></style><script>document.title='taken'</script><img src=x \
                       onerror=\"document.title='taken'\">' onload=document.title='taken'";

/// All elements that the page may have.
const ELEMENTS: [&str; 35] = [
    "a", "article", "b", "bdi", "body", "code", "div", "footer", "h1", "h2", "h3", "head",
    "header", "html", "input", "label", "li", "main", "meta", "nav", "output", "p", "script",
    "section", "span", "strong", "style", "table", "tbody", "td", "th", "thead", "title", "tr",
    "ul",
];

/// Creates a folder for the page, and returns the path of the page in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.html");
    (folder, path)
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).expect("a selector")).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

/// Returns the text of the only element that matches.
fn one(page: &Html, selector: &str) -> String {
    let found = all(page, selector);
    assert_eq!(found.len(), 1, "{selector}");
    text(found[0])
}

/// Returns the rows of a person's table: the field, its current and its planned value.
fn rows(page: &Html, email: &str) -> Vec<[String; 3]> {
    let articles = all(page, "article");
    let mut theirs = articles.iter().filter(|article| text(**article).starts_with(email));
    let article = theirs.next().unwrap_or_else(|| panic!("{email} is not on the page"));
    assert!(theirs.next().is_none(), "{email} is there twice");
    let cells = Selector::parse("th, td").expect("a selector");
    article
        .select(&Selector::parse("tbody tr").expect("a selector"))
        .map(|row| {
            let cells: Vec<String> = row.select(&cells).map(text).collect();
            cells.try_into().expect("three cells")
        })
        .collect()
}

/// Checks that nothing on the page runs, loads or links to anything, except the page's own style
/// and script, whose hashes are in its policy.
fn check_harmless(page: &Html) {
    for element in all(page, "*") {
        let name = element.value().name();
        assert!(ELEMENTS.contains(&name), "<{name}> in the page");
        for (attribute, value) in element.value().attrs() {
            assert!(!attribute.starts_with("on"), "{attribute}={value}");
            assert!(!["style", "src", "srcset"].contains(&attribute), "{attribute}={value}");
            assert!(attribute != "href" || value.starts_with('#'), "{attribute}={value}");
        }
    }
    let policy = all(page, "meta[http-equiv=Content-Security-Policy]");
    let policy = policy[0].value().attr("content").expect("a policy");
    let hash = |text: String| BASE64_STANDARD.encode(Sha256::digest(text));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; \
             base-uri 'none'; form-action 'none'",
            hash(one(page, "style")),
            hash(one(page, "script"))
        )
    );
}

/// Finds Chromium, if it is installed.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

/// Opens the page in the browser, and returns the document after its script has run.
fn browsed(chromium: &Path, page: &Path) -> Html {
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Html::parse_document(&String::from_utf8(output.stdout).expect("UTF-8"))
}

/// Opens the page in a browser, if there is one: first unchanged, then with an injected script.
fn check_in_browser(path: &Path) {
    let Some(chromium) = chromium() else { return };
    let written = fs::read_to_string(path).expect("the page");
    let title = one(&Html::parse_document(&written), "title");

    let page = browsed(&chromium, path);
    check_harmless(&page);
    assert_eq!(one(&page, "title"), title);
    // The policy lets the page's own script run, which shows the search.
    assert!(all(&page, "#search[hidden]").is_empty(), "the search is not visible");

    let injected = path.with_file_name("injected.html");
    let script =
        "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">";
    fs::write(&injected, written.replace("<main>", &format!("<main>{script}"))).expect("a file");
    let page = browsed(&chromium, &injected);
    assert_eq!(all(&page, "main > script").len(), 1, "the script was not injected");
    assert_eq!(one(&page, "title"), title);
}

#[test]
fn a_page_shows_current_and_planned_values_of_each_person() {
    let server = Server::start();
    let people = server.plain_people();
    let (renamed, promoted) = (people[0].as_str(), people[1].as_str());
    let before = server.user(renamed).expect("a person").last_name.expect("a name");
    let roster = File::new(
        "people.csv",
        &format!(
            "email,last name,user type,admin,groups\n{renamed},Other,,,\n{promoted},,,yes,\n\
             mary.somerville@example.com,,end-user,,Engineering\nno.type@example.com,,,,\n"
        ),
    );
    let (_folder, path) = place();
    let html = path.to_str().expect("UTF-8");
    let ran = server.run(&["plan", "--api=v1", "--roster", roster.path(), "--html", html]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.ends_with(&format!("The page for the approver is {html}\n")));

    let written = fs::read_to_string(&path).expect("the page");
    assert!(!written.contains(server.mock.token()), "the token is on the page");
    let page = Html::parse_document(&written);
    check_harmless(&page);
    let cells = |field: &str, before: &str, after: &str| [field, before, after].map(str::to_owned);
    assert_eq!(rows(&page, renamed), [cells("last name", &before, "Other")]);
    assert_eq!(rows(&page, promoted), [cells("admin", "false", "true")]);
    assert_eq!(
        rows(&page, "mary.somerville@example.com"),
        [
            cells("account", "(none)", "created"),
            cells("user type", "(none)", "end-user"),
            cells("groups", "", "joins Engineering"),
        ]
    );
    assert!(one(&page, ".rights").contains(promoted), "the new administrator is not highlighted");
    assert!(one(&page, "#left-alone").contains("--default-user-type"));
    let tally: Vec<String> = all(&page, ".tally > *").into_iter().map(text).collect();
    for number in ["1 to create", "2 to update", "1 left alone", "+1 −0 memberships"] {
        assert!(tally.iter().any(|text| text == number), "{number} in {tally:?}");
    }
    let digest = one(&page, ".digest code");
    assert!(digest.len() == 64 && ran.stdout.contains(&digest), "{digest}");
    assert!(one(&page, "header").contains(&server.mock.base_url()));
    assert!(all(&page, ".refused, .tripped").is_empty());
    check_in_browser(&path);
}

#[test]
fn text_of_the_roster_and_the_server_never_becomes_markup() {
    let server = Server::start();
    let person = server.plain_people()[0].clone();
    let long = "Very".repeat(60);
    let csv = |name: &str| {
        let quoted = name.replace('"', "\"\"");
        format!(
            "email,first name,last name,user type,groups\n{person},\"{quoted}\",{long},,\n\
             eve'&amp@example.com,\"{quoted}\",\"a\u{202e}b\u{200b}\",default,\"{quoted}\"\n"
        )
    };
    let options = ["--api=v1", "--create-missing-groups"];
    // Write the text to the server first, so that the page shows it as the current value.
    let first = File::new("first.csv", &csv(&HOSTILE[..59]));
    let ran = server.run(&[&["sync", "--roster", first.path()], &options[..]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let second = File::new("<script>.csv", &csv(HOSTILE));
    let (_folder, path) = place();
    let html = path.to_str().expect("UTF-8");
    let plan = ["plan", "--roster", second.path(), "--html", html];
    let ran = server.run(&[&plan[..], &options[..]].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");

    let written = fs::read_to_string(&path).expect("the page");
    let page = Html::parse_document(&written);
    check_harmless(&page);
    assert_eq!(
        rows(&page, &person),
        [["first name".to_owned(), HOSTILE[..59].to_owned(), HOSTILE.to_owned()]]
    );
    let eve = rows(&page, "eve'&amp@example.com");
    assert_eq!(eve.last().map(|row| row[2].as_str()), Some(&*format!("joins {HOSTILE}")));
    assert!(one(&page, ".facts").contains("<script>.csv"));
    assert!(!written.contains(['\u{202e}', '\u{200b}']), "an invisible character is not escaped");
    check_in_browser(&path);
}

#[test]
fn invisible_and_bidirectional_characters_are_escaped() {
    let server = Server::start();
    let person = server.plain_people()[0].clone();
    let roster = File::new("bidi.csv", &format!("email,last name\n{person},a\u{202e}b\u{200b}c\n"));
    let (_folder, path) = place();
    let html = path.to_str().expect("UTF-8");
    let ran = server.run(&["plan", "--api=v1", "--roster", roster.path(), "--html", html]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let page = Html::parse_document(&fs::read_to_string(&path).expect("the page"));
    assert_eq!(rows(&page, &person)[0][2], "a\\u{202e}b\\u{200b}c");
}

#[test]
fn a_tripped_guard_is_shown_prominently() {
    let server = Server::start();
    let roster = File::new("cut.csv", "email,user type\nmary.somerville@example.com,default\n");
    let (_folder, path) = place();
    let html = path.to_str().expect("UTF-8");
    let plan = ["plan", "--api=v1", "--json", "--absent=delete", "--roster", roster.path()];
    let ran = server.run(&[&plan[..], &["--html", html]].concat());
    assert_eq!(ran.exit, 3, "{ran:#?}");
    let withheld = ran.json()["withheld"].as_array().map(Vec::len).expect("steps");

    let page = Html::parse_document(&fs::read_to_string(&path).expect("the page"));
    check_harmless(&page);
    assert!(one(&page, "title").starts_with("REFUSED: "));
    let refusal = one(&page, "header .refused[role=alert]");
    for text in ["nothing of this may be applied", "user removals", "--max-user-removals-floor"] {
        assert!(refusal.contains(text), "{text} in {refusal}");
    }
    assert!(text(all(&page, ".guards .tripped")[0]).contains("TRIPPED"));
    assert!(one(&page, "#delete h2").starts_with("Withheld: to delete"));
    let articles = all(&page, "#delete article, #create article");
    assert_eq!(articles.len(), withheld, "a withheld step is missing");
    check_in_browser(&path);
}

#[test]
fn an_existing_page_is_not_overwritten_and_is_detected_before_any_request() {
    let server = Server::start();
    let roster = File::new("new.csv", "email,user type\nmary.somerville@example.com,default\n");
    let there = File::new("plan.html", "approved");
    let (_folder, path) = place();
    let nowhere = path.with_file_name("no-such-folder").join("plan.html");
    for (file, why) in [
        (there.path(), "is there already"),
        (nowhere.to_str().expect("UTF-8"), "could not be written"),
    ] {
        let ran = server.run(&["plan", "--api=v1", "--roster", roster.path(), "--html", file]);
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.stderr.contains(file) && ran.stderr.contains(why), "{}", ran.stderr);
    }
    assert!(server.mock.requests().is_empty());
    assert_eq!(fs::read_to_string(there.path()).expect("the file"), "approved");
}
