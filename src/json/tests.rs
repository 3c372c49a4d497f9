//! What is read and what is refused, compared with another reader of JSON where that can tell.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

/// One field of each kind.
#[derive(Debug, Default)]
struct Sample<'a> {
    text: Text<'a>,
    id: Text<'a>,
    flag: Flag,
    named: Flag,
    count: Count,
    raw: Text<'a>,
    presence: Presence,
    nested: Nested<Item<'a>>,
    list: List<Item<'a>>,
}

impl<'a> Record<'a> for Sample<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "text" => Slot::Text(&mut self.text),
            "id" => Slot::Id(&mut self.id),
            "flag" => Slot::Flag(&mut self.flag),
            "named" => Slot::NamedFlag(&mut self.named),
            "count" => Slot::Count(&mut self.count),
            "raw" => Slot::Raw(&mut self.raw),
            "presence" => Slot::Presence(&mut self.presence),
            "nested" => self.nested.slot(),
            "list" => self.list.slot(),
            _ => Slot::Skip,
        }
    }
}

/// An object, or its id alone.
#[derive(Debug, Default)]
struct Item<'a> {
    id: Text<'a>,
}

impl<'a> Record<'a> for Item<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value()
    }

    fn id_alone(&mut self) -> Option<&mut Text<'a>> {
        Some(&mut self.id)
    }
}

fn sample(json: &str) -> Result<Sample<'_>, Kind> {
    read_record(json.as_bytes()).map_err(|error| error.kind)
}

/// What a field comes to that is written so: as text, or why it is refused.
fn field(name: &str, json: &str) -> Result<String, Kind> {
    let object = format!(r#"{{"{name}":{json}}}"#);
    let sample = sample(&object)?;
    let shown = |text: &Text<'_>| text.get().map(ToString::to_string);
    let found = match name {
        "text" => shown(&sample.text),
        "id" => shown(&sample.id),
        "flag" => sample.flag.get().map(ToString::to_string),
        "named" => sample.named.get().map(ToString::to_string),
        "count" => sample.count.get().map(ToString::to_string),
        "raw" => shown(&sample.raw),
        "presence" => sample.presence.get().map(|()| "there".to_string()),
        "nested" => shown(&sample.nested.record.id),
        _ => sample.list.value().map(|items| {
            let ids: Vec<String> = items.into_iter().map(|item| item.id.into_text()).collect();
            ids.join(" ")
        }),
    };
    Ok(found.unwrap_or_else(|| "nothing".to_string()))
}

#[test]
fn each_field_takes_what_can_stand_in_it() {
    for (name, json, found) in [
        ("text", r#""a\u0062\n\ud83d\ude00é""#, "ab\n😀é"),
        ("id", "16777217", "16777217"),
        ("id", "18446744073709551615", "18446744073709551615"),
        ("id", "-9223372036854775808", "-9223372036854775808"),
        ("id", r#""x""#, "x"),
        ("flag", " true ", "true"),
        ("flag", "false", "false"),
        ("named", "false", "false"),
        ("named", r#""False""#, "false"),
        ("named", r#""TRUE""#, "true"),
        ("count", "0", "0"),
        ("count", "4294967295", "4294967295"),
        ("raw", " [1.10, {\"a\" :1e400}] ", "[1.10, {\"a\" :1e400}]"),
        ("presence", "[]", "there"),
        ("presence", "0", "there"),
        ("nested", r#"{"x":[[]],"id":7}"#, "7"),
        ("list", r#"[{"id":"a"}, 8 ,"c"]"#, "a 8 c"),
        ("list", "[ ]", ""),
    ] {
        assert_eq!(field(name, json).as_deref(), Ok(found), "{name}: {json}");
    }
    let names = ["text", "id", "flag", "named", "count", "raw", "presence", "nested", "list"];
    for name in names {
        assert_eq!(field(name, "null").as_deref(), Ok("nothing"), "{name}");
        for twice in ["null", "1", "[]"].map(|json| format!("null,\"{name}\":{json}")) {
            assert_eq!(field(name, &twice), Err(Kind::Shape), "{name}: {twice}");
        }
    }
}

#[test]
fn what_can_not_stand_in_a_field_is_refused() {
    for (name, values) in [
        ("text", &["1", "true", "[]", "{}"][..]),
        ("id", &["1.0", "1e2", "-0", "18446744073709551616", "true", "[]", "{}"]),
        ("flag", &["0", r#""true""#, "[]"]),
        ("named", &["0", r#""yes""#, r#""""#]),
        ("count", &["-1", "4294967296", "1.0", r#""1""#]),
        ("nested", &["[]", "{}", r#"{"id":null}"#, "1", r#""x""#, "[1]"]),
        ("list", &["{}", "1", "[null]", "[true]", "[-7]", "[[]]", "[{}]"]),
    ] {
        for json in values {
            assert_eq!(field(name, json), Err(Kind::Shape), "{name}: {json}");
        }
    }
}

#[test]
fn a_text_is_borrowed_unless_it_has_escapes() {
    let json = r#"{"text":"plain","id":12}"#;
    let sample = sample(json).expect("a record");
    for text in [sample.text, sample.id] {
        let text = text.value().expect("a text");
        assert!(json.as_bytes().as_ptr_range().contains(&text.as_ptr()), "{text}");
    }
}

#[test]
fn what_is_not_looked_at_may_be_deep_and_need_not_be_text() {
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(sample(&deep).is_ok());
    assert!(read_record::<Sample<'_>>(b"{\"x\":\"\xff\"}").is_ok());
    for looked_at in ["text", "raw"] {
        let mut json = format!(r#"{{"{looked_at}":"?"}}"#).into_bytes();
        let at = json.iter().position(|byte| *byte == b'?').expect("the mark");
        json[at] = 0xff;
        let error = read_record::<Sample<'_>>(&json).expect_err("it is not text");
        assert_eq!(error.kind, Kind::Syntax, "{looked_at}");
    }
}

#[test]
fn a_text_that_ends_too_early_is_told_from_one_that_is_wrong() {
    let whole = r#"{"text":"a\u00e9","x":[1.5e3,{"y":true}],"list":[{"id":null}]}"#;
    // Up to where it shows that the only item has no id.
    let end = whole.find("null}").expect("the id") + "null".len();
    for length in 0..=end {
        let part = &whole[..length];
        assert_eq!(sample(part).map(drop), Err(Kind::End), "{part}");
    }
    assert_eq!(sample(whole).map(drop), Err(Kind::Shape));
    for wrong in [
        "{}x",
        "{,}",
        "{\"x\":1,}",
        "{\"x\" 1}",
        "{x:1}",
        "{\"x\":[1,]}",
        "{\"x\":[,1]}",
        "{\"x\":[1}",
        "{\"x\":01}",
        "{\"x\":+1}",
        "{\"x\":.5}",
        "{\"x\":1.}",
        "{\"x\":1e}",
        "{\"x\":nul}",
        "{\"x\":\"\n\"}",
        "{\"x\":\"\\x\"}",
        "{\"text\":\"\\ud800\"}",
        "{\"text\":\"\\ud800\\n\"}",
        "{\"text\":\"\\udc00\"}",
        "{\"x\":'a'}",
        "\u{feff}{}",
    ] {
        assert_eq!(sample(wrong).map(drop), Err(Kind::Syntax), "{wrong}");
    }
}

#[test]
fn what_is_written_is_json() {
    let object = Object::default()
        .text("a\"b", "c\u{1}\\")
        .text_if("no", None)
        .flag_if("f", Some(false))
        .list("l", &["1".to_string(), quoted("x")])
        .raw("o", &Object::default().into_json());
    assert!(!object.is_empty());
    let json = object.into_json();
    assert_eq!(json, r#"{"a\"b":"c\u0001\\","f":false,"l":[1,"x"],"o":{}}"#);
    assert_eq!(Object::default().list("l", &[]).into_body(), br#"{"l":[]}"#);
}

/// Pieces of JSON, most of them in places where they belong.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_string()),
        Just("true".to_string()),
        Just("-0".to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a text")),
        r#""(\\[\\/"bfnrtu]|(\\u[dD]8[0-9a-f]{2}){0,2}\\u[dD][c-f]00|\\u[0-9a-fA-F]{3,4}|[ -!a-zé])*""#,
    ];
    let value = scalar.prop_recursive(6, 64, 6, |inner| {
        let field = ("[a-z\"\\\\é]{0,3}", inner.clone())
            .prop_map(|(name, value)| format!("{} : {value}", quoted(&name)));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{} ]", items.join(","))),
            prop::collection::vec(field, 0..6)
                .prop_map(|fields| format!("{{{}}}", fields.join(",\n"))),
        ]
    });
    // And with a character more or less.
    let damage = prop::option::weighted(
        0.5,
        (any::<prop::sample::Index>(), r#"[\[\]{},:"\\\\0-9.eEu+n \x00-]?"#),
    );
    (value, damage).prop_map(|(json, damage)| match damage {
        None => json,
        Some((at, with)) => {
            let mut characters: Vec<String> = json.chars().map(String::from).collect();
            let at = at.index(characters.len());
            characters[at] = with;
            characters.concat()
        }
    })
}

proptest! {
    #[test]
    fn the_same_texts_are_json_to_another_reader(json in json()) {
        let read = read(json.as_bytes(), Slot::Skip);
        prop_assert_eq!(read.is_ok(), serde_json::from_str::<&RawValue>(&json).is_ok());
    }

    #[test]
    fn values_are_passed_as_they_are_written(json in json()) {
        let mut raw = Text::default();
        if read(json.as_bytes(), Slot::Raw(&mut raw)).is_ok() {
            let expected: &RawValue = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(raw.get().map_or("null", |raw| raw), expected.get());
        }
    }

    #[test]
    fn strings_read_as_they_do_elsewhere(json in json()) {
        let mut text = Text::default();
        let read = read(json.as_bytes(), Slot::Text(&mut text));
        let expected = serde_json::from_str::<Option<String>>(&json).ok();
        prop_assert_eq!(read.ok().map(|()| text.value().map(String::from)), expected);
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_where_they_are_looked_at(bytes: Vec<u8>) {
        let mut text = Text::default();
        let json = [b"\"".as_slice(), &bytes, b"\""].concat();
        let read = read(&json, Slot::Text(&mut text));
        let expected = serde_json::from_slice::<String>(&json).ok();
        prop_assert_eq!(read.ok().map(|()| text.into_text()), expected);
    }

    #[test]
    fn texts_are_written_as_they_are_elsewhere(text: String) {
        prop_assert_eq!(quoted(&text), serde_json::to_string(&text).expect("a text"));
    }
}
