//! Colours, as the sequences that terminals take. They are always written: what prints a text
//! leaves them out where nobody would see them (`cli::output`).

use anstyle::{AnsiColor, Style};

/// What cannot be overlooked: a refusal, a failure.
pub(super) const ALARM: Style = AnsiColor::Red.on_default().bold();
/// What is taken away.
pub(super) const REMOVED: Style = AnsiColor::Red.on_default();
/// What is new, or in order.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What changes, or needs a look.
pub(super) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// A heading.
pub(super) const HEADING: Style = Style::new().bold();

/// The text in this style, and what follows it in none.
pub(super) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A word that cannot be overlooked.
pub(crate) fn alarm(text: &str) -> String {
    painted(ALARM, text)
}

/// A line of a diff, which begins with its mark: `+`, `-`, `~`, or `!` for what was not done.
pub(super) fn marked(mark: char, text: &str) -> String {
    let style = match mark {
        '+' => GOOD,
        '-' => REMOVED,
        '~' => CHANGED,
        _ => ALARM,
    };
    painted(style, &format!("{mark} {text}"))
}

/// A text as it is where there are no colours. Only the sequences of these styles are left out,
/// so that a test still sees any other.
#[cfg(test)]
pub(crate) fn plain(text: &str) -> String {
    let styles = [ALARM, REMOVED, GOOD, CHANGED, HEADING];
    styles.iter().fold(text.to_owned(), |text, style| {
        text.replace(&style.render().to_string(), "").replace(&style.render_reset().to_string(), "")
    })
}
