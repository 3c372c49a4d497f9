//! What every page has around its content. A page is one file that a browser opens without a network. The
//! script is only for the search; the page is readable without it. Untrusted text is never markup.
//! As a second protection, the page's content security policy allows only the page's own style and
//! script.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::super::words;
use host_test::retool::types::Dialect;
use host_test::text::printable;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Returns a whole page.
pub(super) fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                // The policy must come first: it applies only to what follows it.
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Returns the content security policy: only the page's own style and script are allowed.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

pub(super) fn api(dialect: Dialect) -> String {
    match words::dialect(dialect) {
        "scim" => "SCIM".to_owned(),
        rest => format!("the REST API {rest}"),
    }
}

pub(super) fn digest(digest: &str) -> Markup {
    html! { p.digest { span { "Digest" } code { (printable(digest)) } } }
}

pub(super) fn maker() -> Markup {
    html! { "Made by retool-lifecycle " (env!("CARGO_PKG_VERSION")) "." }
}

/// Renders the search field. It is hidden until the script, which does the search, shows it.
pub(super) fn search() -> Markup {
    html! {
        div.search id="search" hidden {
            label for="wanted" { "Search" }
            input id="wanted" type="search" autocomplete="off" spellcheck="false"
                placeholder="An address, a name, a group";
            output for="wanted" {}
        }
    }
}
