//! What is decoded and what is refused.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::*;
use crate::retool::raw_record::RawRecord;
use crate::ser::to_json;

/// One field of each type.
#[derive(Debug, Deserialize)]
struct Sample<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    id: Option<Id<'a>>,
    flag: Option<bool>,
    named: Option<BoolOrName>,
    count: Option<u32>,
    raw: Option<&'a RawValue>,
    presence: Option<IgnoredAny>,
    nested: Option<Object<Item<'a>>>,
    list: Option<Vec<ObjectOrId<'a, Item<'a>>>>,
    objects: Option<Objects<Item<'a>>>,
}

/// An object with a required field.
#[derive(Debug, Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    id: Id<'a>,
}

const FIELDS: [&str; 10] =
    ["text", "id", "flag", "named", "count", "raw", "presence", "nested", "list", "objects"];

fn sample(json: &str) -> Result<Sample<'_>, Kind> {
    object(json.as_bytes()).map_err(|error| error.kind)
}

/// Decodes a field from this JSON. Returns its value as text, or why it is refused.
fn field(name: &str, json: &str) -> Result<String, Kind> {
    let json = format!(r#"{{"{name}":{json}}}"#);
    let sample = sample(&json)?;
    let found = match name {
        "text" => sample.text.map(Text::into_string),
        "id" => sample.id.map(Id::into_string),
        "flag" => sample.flag.map(|flag| flag.to_string()),
        "named" => sample.named.map(|BoolOrName(flag)| flag.to_string()),
        "count" => sample.count.map(|count| count.to_string()),
        "raw" => sample.raw.map(|raw| raw.get().to_string()),
        "presence" => sample.presence.map(|_| "there".to_string()),
        "nested" => sample.nested.map(|Object(item)| item.id.into_string()),
        "list" => sample.list.map(|items| {
            let ids: Vec<String> = items
                .into_iter()
                .map(|item| match item {
                    ObjectOrId::Object(item) => item.id.into_string(),
                    ObjectOrId::Id(id) => id.into_string(),
                })
                .collect();
            ids.join(" ")
        }),
        _ => sample.objects.map(|Objects(items)| {
            let ids: Vec<String> = items.into_iter().map(|item| item.id.into_string()).collect();
            ids.join(" ")
        }),
    };
    Ok(found.unwrap_or_else(|| "nothing".to_string()))
}

#[test]
fn each_type_accepts_its_values() {
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
        ("named", r#""\u0054rue""#, "true"),
        ("count", "0", "0"),
        ("count", "4294967295", "4294967295"),
        ("raw", " [1.10, {\"a\" :1e400}] ", "[1.10, {\"a\" :1e400}]"),
        ("presence", "[]", "there"),
        ("presence", "0", "there"),
        ("nested", r#"{"x":[[]],"id":7}"#, "7"),
        ("list", r#"[{"id":"a"}, 8 ,"c","\u0064"]"#, "a 8 c d"),
        ("list", "[ ]", ""),
        ("objects", r#"[{"id":"a"}, {"id":8}]"#, "a 8"),
        ("objects", "[ ]", ""),
    ] {
        assert_eq!(field(name, json).as_deref(), Ok(found), "{name}: {json}");
    }
}

#[test]
fn null_is_no_value_and_a_duplicate_field_is_refused() {
    for name in FIELDS {
        assert_eq!(field(name, "null").as_deref(), Ok("nothing"), "{name}");
        for twice in ["null", "1", "[]"].map(|json| format!("null,\"{name}\":{json}")) {
            assert_eq!(field(name, &twice), Err(Kind::Shape), "{name}: {twice}");
        }
    }
}

#[test]
fn each_type_refuses_other_values() {
    for (name, values) in [
        ("text", &["1", "true", "[]", "{}"][..]),
        ("id", &["1.0", "1e2", "-0", "18446744073709551616", "true", "[]", "{}"]),
        ("flag", &["0", r#""true""#, "[]"]),
        ("named", &["0", r#""yes""#, r#""""#]),
        ("count", &["-1", "4294967296", "1.0", r#""1""#]),
        ("nested", &["[]", "{}", r#"{"id":null}"#, "1", r#""x""#, "[1]"]),
        ("list", &["{}", "1", "[null]", "[true]", "[-7]", "[[]]", "[{}]"]),
        ("objects", &["{}", "1", "[null]", "[true]", "[7]", r#"["x"]"#, r#"[["x"]]"#, "[{}]"]),
    ] {
        for json in values {
            assert_eq!(field(name, json), Err(Kind::Shape), "{name}: {json}");
        }
    }
    for array in ["[]", r#"["text",1,true]"#] {
        assert_eq!(sample(array).map(drop), Err(Kind::Shape), "{array}: the body is no object");
    }
}

#[test]
fn a_text_is_borrowed_unless_it_has_escapes() {
    let json = r#"{"text":"plain","id":"plain","list":["plain"]}"#;
    let Sample { text, id, list, .. } = sample(json).expect("a record");
    let listed = list.and_then(|mut list| list.pop()).map(|item| match item {
        ObjectOrId::Object(Item { id }) | ObjectOrId::Id(id) => id,
    });
    for text in [text.map(Cow::from), id.map(Cow::from), listed.map(Cow::from)] {
        assert!(matches!(text, Some(Cow::Borrowed("plain"))), "{text:?}");
    }
    let escaped = sample(r#"{"text":"pl\u0061in"}"#).expect("a record").text.map(Cow::from);
    assert!(matches!(escaped, Some(Cow::Owned(text)) if text == "plain"));
}

#[test]
fn values_of_any_depth_are_skipped_or_refused_without_recursion() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let objects = format!("{}1{}", r#"{"id":"#.repeat(100_000), "}".repeat(100_000));
    for deep in [&deep, &objects] {
        assert!(sample(&format!(r#"{{"x":{deep}}}"#)).is_ok());
        assert_eq!(field("raw", deep).as_ref(), Ok(deep));
        assert_eq!(field("presence", deep).as_deref(), Ok("there"));
        assert!(field("nested", &format!(r#"{{"x":{deep},"id":1}}"#)).is_ok());
        for name in ["text", "id", "flag", "named", "count", "nested", "list", "objects"] {
            assert_eq!(field(name, deep), Err(Kind::Shape), "{name}");
        }
        assert_eq!(object::<IgnoredAny>(deep.as_bytes()).is_ok(), deep.starts_with('{'));
    }
}

#[test]
fn invalid_utf8_anywhere_in_a_body_is_refused() {
    for json in [r#"{"text":"?"}"#, r#"{"raw":"?"}"#, r#"{"x":"?"}"#, r#"{"x":1,"?":2}"#] {
        let mut json = json.as_bytes().to_vec();
        let at = json.iter().position(|byte| *byte == b'?').expect("a placeholder");
        json[at] = 0xff;
        let error = object::<Sample<'_>>(&json).expect_err("it is not text");
        assert_eq!(error, Error { kind: Kind::Syntax, line: 1, column: at + 1 });
    }
}

#[test]
fn an_error_contains_line_and_column() {
    for (body, kind, line, column) in [
        ("", Kind::End, 1, 1),
        ("\n\n {", Kind::End, 3, 3),
        ("{\n \"x\": ?}", Kind::Syntax, 2, 7),
        ("{\n \"flag\": 1}", Kind::Shape, 2, 10),
    ] {
        let error = object::<Sample<'_>>(body.as_bytes()).expect_err("an error");
        assert_eq!(error, Error { kind, line, column }, "{body}");
    }
}

#[test]
fn a_truncated_body_is_distinguished_from_invalid_json() {
    let whole = r#"{"text":"a\u00e9","x":[1.5e3,{"y":true}],"list":[{"id":null}]}"#;
    // Up to the byte at which the parser notices that the only item has no id.
    let end = whole.find("null").expect("the id") + "nul".len();
    for length in 0..=end {
        let part = &whole[..length];
        // Where a skipped number lacks digits, serde_json does not distinguish the end of the text
        // from a wrong byte.
        let kind = match part {
            _ if part.ends_with("[1.") || part.ends_with("[1.5e") => Kind::Syntax,
            _ => Kind::End,
        };
        assert_eq!(sample(part).map(drop), Err(kind), "{part}");
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
fn an_empty_text_is_none() {
    assert_eq!(filled(None::<Text<'_>>), None);
    assert_eq!(filled(Some("")), None);
    assert_eq!(filled(Some("a")).as_deref(), Some("a"));
}

/// Generates JSON, half of it damaged.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_string()),
        Just("true".to_string()),
        Just("-0".to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        any::<String>().prop_map(|text| to_json(&text)),
        r#""(\\[\\/"bfnrtu]|(\\u[dD]8[0-9a-f]{2}){0,2}\\u[dD][c-f]00|\\u[0-9a-fA-F]{3,4}|[ -!a-zé])*""#,
    ];
    let value = scalar.prop_recursive(6, 64, 6, |inner| {
        let field = ("[a-z\"\\\\é]{0,3}", inner.clone())
            .prop_map(|(name, value)| format!("{} : {value}", to_json(&name)));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{} ]", items.join(","))),
            prop::collection::vec(field, 0..6)
                .prop_map(|fields| format!("{{{}}}", fields.join(",\n"))),
        ]
    });
    // Damages one character: replaces or removes it.
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
    fn undecoded_values_are_sent_back_unchanged(json in json()) {
        let body = format!(r#"{{"x":{json}}}"#);
        if let Ok(raw) = serde_json::from_str::<&RawValue>(&json) {
            let record = RawRecord::parse(&body).expect("a record");
            prop_assert_eq!(record.to_json(), format!(r#"{{"x":{}}}"#, raw.get()));
        }
    }

    #[test]
    fn texts_are_decoded_as_by_serde_json(json in json()) {
        let text = serde_json::from_str::<Option<Text<'_>>>(&json).ok();
        let expected = serde_json::from_str::<Option<String>>(&json).ok();
        prop_assert_eq!(text.map(|text| text.map(Text::into_string)), expected);
    }

    #[test]
    fn bodies_that_are_not_utf8_are_refused(bytes: Vec<u8>) {
        let body = [b"{\"text\":\"".as_slice(), &bytes, b"\"}"].concat();
        let sample = object::<Sample<'_>>(&body);
        prop_assert!(sample.is_err() || str::from_utf8(&bytes).is_ok());
    }
}
