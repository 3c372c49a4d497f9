use proptest::prelude::*;

use super::*;

#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Where {
    Body,
    Header,
}

#[derive(serde::Deserialize)]
struct Case {
    why: String,
    tokens: Vec<String>,
    place: Where,
    text: String,
    expected: String,
}

fn masked<'a>(
    tokens: &[String],
    place: Place,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let mut mask = Mask::new(Arc::new(Tokens::new(tokens.iter().cloned())), place);
    let mut text = Vec::new();
    for piece in pieces {
        text.extend(mask.take(piece));
    }
    text.extend(mask.finish());
    text
}

#[test]
fn the_shared_cases_hold_wherever_the_text_is_split() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../cases/masks.json")).expect("cases");
    assert!(cases.len() > 20);
    for Case { why, tokens, place, text, expected } in cases {
        let place = match place {
            Where::Body => Place::Body,
            Where::Header => Place::Header,
        };
        let text = text.as_bytes();
        for cut in 0..=text.len() {
            let (one, two) = text.split_at(cut);
            let found = masked(&tokens, place, [one, two]);
            assert_eq!(String::from_utf8_lossy(&found), expected, "{why}, cut at {cut}");
        }
        let found = masked(&tokens, place, text.chunks(1));
        assert_eq!(String::from_utf8_lossy(&found), expected, "{why}, byte by byte");
    }
}

#[test]
fn a_masked_json_text_is_still_json_with_the_same_structure() {
    let text = r#"{"a":["x\u0072etool_01\/2","b"],"ret\u006fol_01\/2":{"n":1}}"#;
    let found = masked(&["retool_01/2".to_owned()], Place::Body, [text.as_bytes()]);
    let found: serde_json::Value = serde_json::from_slice(&found).expect("JSON");
    let key = "*".repeat(r"ret\u006fol_01\/2".len());
    assert_eq!(found["a"], serde_json::json!([format!("x{}", "*".repeat(17)), "b"]));
    assert_eq!(found[&key]["n"], 1);
}

#[test]
fn a_token_that_is_stretched_without_end_is_masked_to_its_last_letter() {
    let stretches = ["\u{200b}", "\u{34f}\u{200d}", "\\u200b", "%E2%80%8B"];
    for (stretch, token) in
        stretches.iter().flat_map(|one| [(one, "retool_01"), (one, "aabaab_01")])
    {
        for begun in [1, 4, 8] {
            let mut mask = Mask::new(Arc::new(Tokens::new([token.to_owned()])), Place::Body);
            let mut text = mask.take(format!("message: {}", &token[..begun]).as_bytes());
            for _ in 0..25 {
                text.extend(mask.take(stretch.repeat(1000).as_bytes()));
                assert!(mask.held.len() <= MAX_HELD + 9000, "{}", mask.held.len());
            }
            // One letter at a time, so that text is passed on in the middle of the token.
            for letter in token[begun..].bytes() {
                text.extend(mask.take(&[letter]));
            }
            text.extend(mask.take(b" end"));
            text.extend(mask.finish());
            let text = String::from_utf8_lossy(&text);
            assert!(text.starts_with("message: *"), "{}", &text[..20]);
            assert!(text.ends_with("* end"), "{begun}: {}", &text[text.len() - 40..]);
            assert!(!text.contains(&token[begun - 1..begun + 1]), "{begun}");
        }
    }
}

#[test]
fn text_after_a_stretched_beginning_of_a_token_stays() {
    let mut mask = Mask::new(Arc::new(Tokens::new(["aab_retool".to_owned()])), Place::Body);
    let mut text = mask.take(b"aa");
    for _ in 0..100 {
        text.extend(mask.take("\u{200b}".repeat(1000).as_bytes()));
    }
    // The second `a` may still begin a token; the first can't.
    text.extend(mask.take(b"a"));
    text.extend(mask.take(b"b_other text"));
    text.extend(mask.finish());
    assert!(text.ends_with(b"_other text"));
}

#[test]
fn text_without_a_token_is_passed_on_at_once() {
    let mut mask = Mask::new(Arc::new(Tokens::new(["retool_01".to_owned()])), Place::Body);
    assert_eq!(mask.take(b"all of this re"), b"all of this ");
    assert_eq!(mask.take(b"mains"), b"remains");
    assert_eq!(mask.finish(), b"");
}

/// Spells each letter of a token as a server may.
fn spelled() -> impl Strategy<Value = (String, String)> {
    let letter = prop_oneof![Just('a'), Just('b'), Just('%'), Just('\\'), Just('u'), Just('0')];
    let letters = prop::collection::vec((letter, 0..6usize), 2..9);
    letters.prop_map(|letters| {
        let mut token = String::new();
        let mut spelled = String::new();
        for (letter, how) in letters {
            token.push(letter);
            let code = u32::from(letter);
            let escaped = match letter {
                '\\' => "\\\\".to_owned(),
                letter => letter.to_string(),
            };
            spelled += &match how {
                0 => format!("\\u{code:04x}"),
                1 => format!("\\u{code:04X}"),
                2 => format!("{escaped}\u{200b}"),
                3 => format!("\\u200d{escaped}"),
                _ => escaped,
            };
        }
        (token, spelled)
    })
}

/// What the component shows of a JSON text: decoded, and without invisible characters.
fn shown(json: &[u8]) -> String {
    let text: String = serde_json::from_slice(json).expect("a JSON text");
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect()
}

proptest! {
    #[test]
    fn no_spelling_of_a_token_remains(
        (token, spelled) in spelled(),
        before in "[ab%u0 ]{0,6}",
        after in "[ab%u0 ]{0,6}",
        size in 1..9usize,
    ) {
        let text = format!("\"{before}{spelled}{after}\"");
        prop_assume!(shown(text.as_bytes()).contains(&token));
        let found = masked(std::slice::from_ref(&token), Place::Body, text.as_bytes().chunks(size));
        prop_assert_eq!(found.len(), text.len());
        prop_assert!(!String::from_utf8_lossy(&found).contains(&token));
        // A token with half an escape in it may leave no JSON, which is not shown at all.
        if let Ok(value) = serde_json::from_slice::<String>(&found) {
            prop_assert!(!value.contains(&token), "{} in {}", token, text);
            prop_assert!(!shown(&found).contains(&token), "{} in {}", token, text);
        }
    }

    #[test]
    fn any_bytes_keep_their_length_and_the_split_changes_nothing(
        text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\\'), Just(b'%'), Just(b'a')], 0..60),
        size in 1..9usize,
    ) {
        let tokens = ["aaa".to_owned(), "%a\\".to_owned()];
        let whole = masked(&tokens, Place::Body, [&text[..]]);
        prop_assert_eq!(&whole, &masked(&tokens, Place::Body, text.chunks(size)));
        prop_assert_eq!(whole.len(), text.len());
    }
}
