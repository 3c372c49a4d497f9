//! Texts of other people in Markdown: they stay text, whatever is in them.

use host_test::text::printable;

/// Renders a text as code. Nothing in it is markup, a link or a mention.
pub(super) fn code(text: &str) -> String {
    let text = printable(text);
    // Such characters end a code span or the cell of a table.
    match text.is_empty() || text.contains(['`', '|', '\\']) {
        true => format!("<code>{}</code>", escaped(&text)),
        false => format!("`{text}`"),
    }
}

/// Renders a sentence, which may have names in it.
pub(super) fn prose(text: &str) -> String {
    escaped(&printable(text))
}

/// Replaces every character that Markdown or HTML may give a meaning.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    for letter in text.chars() {
        let is_url = letter == '/' && before == Some(':');
        if is_url || "&<>\"'*_`[]\\~|@#!$^".contains(letter) {
            escaped += &format!("&#{};", u32::from(letter));
        } else {
            escaped.push(letter);
        }
        before = Some(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_become_markup() {
        assert_eq!(code("ada@x.com"), "`ada@x.com`");
        assert_eq!(code("<b>*a*</b>"), "`<b>*a*</b>`");
        assert_eq!(code("a`|<script>\\"), "<code>a&#96;&#124;&#60;script&#62;&#92;</code>");
        assert_eq!(code("a\nb\u{202e}"), "<code>a&#92;nb&#92;u{202e}</code>");
        assert_eq!(
            prose("[a](https://x) <b> @all #1 *b*"),
            "&#91;a&#93;(https:&#47;/x) &#60;b&#62; &#64;all &#35;1 &#42;b&#42;"
        );
    }
}
