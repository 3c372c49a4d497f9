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
const ELEMENTS: [&str; 40] = [
    "a", "b", "bdi", "body", "code", "del", "details", "div", "footer", "h1", "h2", "h3", "head",
    "header", "html", "i", "input", "ins", "label", "li", "main", "meta", "nav", "output", "p",
    "script", "section", "small", "span", "strong", "style", "summary", "table", "tbody", "td",
    "th", "thead", "title", "tr", "ul",
];

/// Creates a folder for the page, and returns the path of the page in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.html");
    (folder, path)
}

pub fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).expect("a selector")).collect()
}

pub fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

/// Returns the text of the only element that matches.
pub fn one(page: &Html, selector: &str) -> String {
    let found = all(page, selector);
    assert_eq!(found.len(), 1, "{selector}");
    text(found[0])
}

/// Returns a person's row.
fn row<'a>(page: &'a Html, email: &str) -> ElementRef<'a> {
    let name = Selector::parse("th > bdi").expect("a selector");
    let mut theirs = all(page, ".people tbody tr").into_iter().filter(|row| {
        let name = row.select(&name).next();
        name.is_some_and(|name| text(name) == email)
    });
    let row = theirs.next().unwrap_or_else(|| panic!("{email} is not on the page"));
    assert!(theirs.next().is_none(), "{email} is there twice");
    row
}

/// Returns the changes of a person, such as `last name A → B` and `joins C`.
pub fn changes(page: &Html, email: &str) -> Vec<String> {
    let changes = Selector::parse("td > div").expect("a selector");
    row(page, email).select(&changes).map(text).collect()
}

/// Checks that nothing on the page runs, loads or links to anything, except the page's own style
/// and script, whose hashes are in its policy.
pub fn check_harmless(page: &Html) {
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
pub fn check_in_browser(path: &Path) {
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
    assert_eq!(changes(&page, renamed), [format!("last name {before} → Other")]);
    assert_eq!(changes(&page, promoted), ["admin false → true"]);
    assert_eq!(
        changes(&page, "mary.somerville@example.com"),
        ["user type end-user", "joins Engineering"]
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
fn people_of_one_name_who_are_created_and_removed_are_shown_together() {
    let server = Server::start();
    let [leaver, other] = &server.plain_people()[..2] else { panic!("too few people") };
    let (first, last) = ("Ada \u{202e}", "O'Byron");
    server.mock.edit(|organisation| {
        let user = organisation.users.iter_mut().find(|user| user.email == *leaver);
        let user = user.expect("a user");
        (user.first_name, user.last_name) = (Some(first.to_owned()), Some(last.to_owned()));
    });
    let staying: Vec<String> = server
        .mock
        .state()
        .users
        .into_iter()
        .filter(|user| ![leaver, other].contains(&&user.email))
        .map(|user| format!("{},,,", user.email))
        .collect();
    let roster = File::new(
        "people.csv",
        &format!(
            "email,first name,last name,user type\n{}\n\
             new@example.com,ADA,o'byron,default\nsomeone@example.com,Some,One,default\n",
            staying.join("\n")
        ),
    );
    let together = ["new@example.com", leaver];
    let plan = ["plan", "--roster", roster.path(), "--absent=disable", "--leave-disabled"];
    for (api, limit, refused, advice) in [
        ("--api=v1", "9", false, "column `former emails`"),
        ("--api=v1", "0", true, "--former-email"),
        ("--api=v2", "9", false, "change the address of the account in Retool"),
    ] {
        let (_folder, path) = place();
        let html = path.to_str().expect("UTF-8");
        let limits = ["--max-user-removals-percent=0", "--max-user-removals-floor", limit];
        let ran = server.run(&[&plan[..], &limits, &[api, "--html", html]].concat());
        assert_eq!(ran.exit, if refused { 3 } else { 0 }, "{ran:#?}");
        let (_, section) = ran.stdout.split_once("\nMay be the same person\n").expect("a section");
        let (section, _) = section.split_once("\n\n").expect("its end");
        assert!(section.contains(advice), "{section}");
        for (person, double) in [(together[0], together[1]), (together[1], together[0])] {
            let note = format!("      may be the same person as {double}\n");
            assert!(section.contains(&note), "{section}");
            assert_eq!(ran.stdout.matches(&format!(" {person}  ")).count(), 1, "{}", ran.stdout);
        }

        let page = Html::parse_document(&fs::read_to_string(&path).expect("the page"));
        check_harmless(&page);
        let heading = one(&page, "#same-person h2");
        assert_eq!(heading.starts_with("Withheld: "), refused, "{heading}");
        assert!(one(&page, "#same-person > .hint").contains(advice));
        let people = all(&page, "#same-person .together tbody tr");
        let names = people.iter().map(|person| {
            let within =
                |selector| person.select(&Selector::parse(selector).expect("a selector")).next();
            (within("th > bdi").map(text), within(".badge").map(text))
        });
        let [one_way, other_way] = [(0, 1), (1, 0)].map(|(person, double)| {
            let badge = format!("may be the same person as {}", together[double]);
            (Some(together[person].to_owned()), Some(badge))
        });
        assert_eq!(names.collect::<Vec<_>>(), [one_way, other_way]);
        assert!(changes(&page, leaver).is_empty(), "everyone is on the page once");
        assert!(one(&page, "#create h2").ends_with("create 1, and 1 above"));
        assert!(one(&page, "#disable").contains(other.as_str()));
        assert!(!one(&page, "#disable").contains(leaver.as_str()));
        let link = all(&page, "header a[href='#same-person']");
        assert!(text(link[0]).starts_with("2 of the people"));
        check_in_browser(&path);
    }
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
    let ran = server.run(&[&["sync", "--yes", "--roster", first.path()], &options[..]].concat());
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
    assert_eq!(changes(&page, &person), [format!("first name {} → {HOSTILE}", &HOSTILE[..59])]);
    let eve = changes(&page, "eve'&amp@example.com");
    assert_eq!(eve.last(), Some(&format!("joins {HOSTILE}")));
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
    assert!(changes(&page, &person)[0].ends_with(" → a\\u{202e}b\\u{200b}c"));
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
    let people = all(&page, "#delete tbody tr, #create tbody tr");
    assert_eq!(people.len(), withheld, "a withheld step is missing");
    check_in_browser(&path);
}

#[test]
fn a_page_shows_who_is_removed_with_their_name_and_groups() {
    let server = Server::start();
    let leaver = server.plain_people()[0].clone();
    server.mock.edit(|organisation| {
        let user = organisation.users.iter_mut().find(|user| user.email == leaver);
        let user = user.expect("a user");
        (user.first_name, user.last_name) = (Some("Ada".to_owned()), Some("Byron".to_owned()));
    });
    let staying: Vec<String> = server
        .mock
        .state()
        .users
        .into_iter()
        .filter(|user| user.email != leaver)
        .map(|user| user.email)
        .collect();
    let roster = File::new("people.csv", &format!("email\n{}\n", staying.join("\n")));
    let (_folder, path) = place();
    let html = path.to_str().expect("UTF-8");
    let plan = ["plan", "--api=v2", "--roster", roster.path(), "--leave-disabled"];
    let absent = ["--absent=disable", "--protect", &staying[0], "--html", html];
    let ran = server.run(&[&plan[..], &absent].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");

    let page = Html::parse_document(&fs::read_to_string(&path).expect("the page"));
    check_harmless(&page);
    let shown = text(row(&page, &leaver));
    assert!(shown.contains("Ada Byron"), "{shown}");
    let state = server.mock.state();
    let memberships = server.user(&leaver).expect("a user").memberships;
    let groups: Vec<&str> = memberships
        .iter()
        .filter_map(|membership| state.groups.iter().find(|group| group.id == membership.group))
        .map(|group| group.name.as_str())
        .filter(|name| *name != "All Users")
        .collect();
    assert!(!groups.is_empty() && groups.iter().all(|group| shown.contains(group)), "{shown}");
    // What was asked for is on the page, and does not stand before the people.
    let asked = text(*all(&page, "details.card").last().expect("the policy"));
    for part in ["People who are not on the roster", "disabled", &staying[0]] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(all(&page, "details.card[open]").is_empty(), "the guards that passed are folded");
    let seats: Vec<String> = all(&page, ".seats thead th").into_iter().map(text).collect();
    assert_eq!(seats, ["Seat", "Before", "Taken", "Freed", "After"]);
}

#[test]
fn a_page_groups_the_people_that_are_left_alone_by_reason() {
    let server = Server::start();
    let roster = File::new("new.csv", "email\none@example.com\ntwo@example.com\n");
    let (_folder, path) = place();
    let html = path.to_str().expect("UTF-8");
    let ran = server.run(&["plan", "--api=v1", "--roster", roster.path(), "--html", html]);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    let page = Html::parse_document(&fs::read_to_string(&path).expect("the page"));
    assert_eq!(all(&page, "#left-alone .reason").len(), 1);
    let people: Vec<String> = all(&page, "#left-alone tbody th").into_iter().map(text).collect();
    assert_eq!(people, ["one@example.com", "two@example.com"]);
}

#[test]
fn a_page_for_20_000_people_is_below_5_mb_and_folds_them() {
    let server = Server::start();
    let people: String = (0..20_000)
        .map(|at| {
            format!("person.number{at:05}@acme.example,Given{at},Family{at},default,Starters\n")
        })
        .collect();
    let header = "email,first name,last name,user type,groups\n";
    let roster = File::new("many.csv", &format!("{header}{people}"));
    let (_folder, path) = place();
    let html = path.to_str().expect("UTF-8");
    let plan = ["plan", "--api=v1", "--roster", roster.path(), "--create-missing-groups"];
    let limits = ["--max-creations-percent=0", "--max-creations-floor=20000"];
    let ran = server.run(&[&plan[..], &limits, &["--html", html]].concat());
    assert!([0, 3].contains(&ran.exit), "{}", ran.stderr);
    let written = fs::read_to_string(&path).expect("the page");
    assert!(written.len() < 5_000_000, "{} bytes", written.len());
    let page = Html::parse_document(&written);
    assert_eq!(all(&page, "#create tbody tr").len(), 20_000);
    assert_eq!(all(&page, "#create details").len(), 100);
    assert_eq!(all(&page, "#create details[open]").len(), 1);
    // Each link of the tally leads to a section.
    for link in all(&page, ".tally a") {
        let place = link.value().attr("href").expect("a place");
        assert_eq!(all(&page, &format!("section{place}")).len(), 1, "{place}");
    }
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
