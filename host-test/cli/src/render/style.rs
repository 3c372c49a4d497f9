//! Colours, as escape sequences for terminals. They are always in the text; `cli::output` removes
//! them if they would not be visible.

use anstyle::{AnsiColor, Style};

/// Things that must not be overlooked: refusals and failures.
pub(super) const ALARM: Style = AnsiColor::Red.on_default().bold();
/// Things that are removed.
pub(super) const REMOVED: Style = AnsiColor::Red.on_default();
/// Things that are new or in order.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Things that change, or need attention.
pub(super) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// A heading.
pub(super) const HEADING: Style = Style::new().bold();

/// Wraps the text in this style.
pub(super) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Highlights a text that must not be overlooked.
pub(crate) fn alarm(text: &str) -> String {
    painted(ALARM, text)
}

/// Formats a line of a diff with its sign: `+`, `-`, `~`, or `!` for something that was not done.
pub(super) fn diff_line(sign: char, text: &str) -> String {
    let style = match sign {
        '+' => GOOD,
        '-' => REMOVED,
        '~' => CHANGED,
        _ => ALARM,
    };
    painted(style, &format!("{sign} {text}"))
}

/// Removes the colours from a text. It removes only the sequences of these styles, so that a test
/// still sees any other sequence.
#[cfg(test)]
pub(crate) fn plain(text: &str) -> String {
    let styles = [ALARM, REMOVED, GOOD, CHANGED, HEADING];
    styles.iter().fold(text.to_owned(), |text, style| {
        text.replace(&style.render().to_string(), "").replace(&style.render_reset().to_string(), "")
    })
}
