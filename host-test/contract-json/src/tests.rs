use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Request {
    user: Person,
    mode: Mode,
    groups: Vec<Group>,
    minimum: Option<u32>,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Person {
    Email(String),
    Id(Id),
}

#[derive(Debug, PartialEq, Deserialize)]
enum Id {
    V2(String),
}

/// With the names of the WIT in the type itself.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Disable,
    DeleteOnceDisabled(u32),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Group {
    name: String,
    admin: Option<bool>,
}

fn strict(text: &str) -> Result<Request, Refusal> {
    from_slice(text.as_bytes(), Keys::Known)
}

/// Returns a request in which one part is another text.
fn with(part: &str, other: &str) -> String {
    let whole = r#"{"user": {"id": {"v2": "u"}}, "mode": "disable",
        "groups": [{"name": "a"}, {"name": "b", "admin": true}], "minimum": 2}"#;
    assert!(whole.contains(part), "{part}");
    whole.replace(part, other)
}

#[test]
fn optional_keys_may_be_null_or_absent() {
    let read = strict(&with(r#""minimum": 2"#, r#""minimum": null"#)).expect("a request");
    assert_eq!(read.minimum, None);
    assert_eq!(read, strict(&with(r#", "minimum": 2"#, "")).expect("a request"));
    assert_eq!(read.groups[1], Group { name: "b".to_owned(), admin: Some(true) });
    assert_eq!(read.user, Person::Id(Id::V2("u".to_owned())));
}

#[test]
fn a_wrong_field_is_named_by_its_path_with_what_it_must_be() {
    for (part, other, expected) in [
        (r#""b""#, "7", "groups[1].name must be a string"),
        (r#""name": "b", "#, "", "groups[1].name is missing"),
        (r#""name": "b", "#, r#""name": "b", "name": "c", "#, "groups[1].name is given twice"),
        (r#"{"name": "a"}"#, r#"["a", null]"#, "groups[0] must be an object"),
        (r#"{"name": "a"}"#, "null", "groups[0] must be an object"),
        (r#"{"name": "a"}"#, r#""a""#, "groups[0] must be an object"),
        ("true", "1", "groups[1].admin must be true or false"),
        ("2}", "-1}", "minimum must be a whole number from 0 to 4294967295"),
        ("2}", "4294967296}", "minimum must be a whole number from 0 to 4294967295"),
        ("2}", "1.5}", "minimum must be a whole number from 0 to 4294967295"),
        ("2}", "-1.0}", "minimum must be a whole number from 0 to 4294967295"),
        ("2}", "4294967296.0}", "minimum must be a whole number from 0 to 4294967295"),
        ("2}", "1e300}", "minimum must be a whole number from 0 to 4294967295"),
        ("2}", "\"2\"}", "minimum must be a whole number from 0 to 4294967295"),
        ("true", "1.0", "groups[1].admin must be true or false"),
        (r#""b""#, "7.0", "groups[1].name must be a string"),
        (
            "2}",
            "2, \"firstName\": 1}",
            "firstName is not known; known are: user, mode, groups, minimum",
        ),
        (r#"{"v2": "u"}"#, r#"{"v3": "u"}"#, "user.id must be one of: v2"),
        (r#"{"v2": "u"}"#, r#"{"v2": 1}"#, "user.id.v2 must be a string"),
        (r#"{"id": {"v2": "u"}}"#, r#"{"Email": "x"}"#, "user must be one of: email, id"),
        (r#"{"id": {"v2": "u"}}"#, "{}", "user must be one of: email, id"),
        (r#"{"id": {"v2": "u"}}"#, "[]", "user must be one of: email, id"),
        (r#"{"v2": "u"}"#, r#"{"v2": "u", "v3": 1}"#, "user.id must be an object of one key"),
        (r#""disable""#, r#"{"disable": null}"#, "mode must be \"disable\", which has no value"),
        (r#""disable""#, r#""vanish""#, "mode must be one of: disable, delete-once-disabled"),
        (
            r#""disable""#,
            r#""delete-once-disabled""#,
            "mode must be an object: `delete-once-disabled` needs a value, {\"delete-once-disabled\": …}",
        ),
        (
            r#""disable""#,
            r#"{"delete-once-disabled": "x"}"#,
            "mode.delete-once-disabled must be a whole number from 0 to 4294967295",
        ),
    ] {
        let refusal = strict(&with(part, other)).expect_err(other);
        assert_eq!(refusal.to_string(), expected);
        assert!(matches!(refusal, Refusal::Form { .. }), "{refusal:?}");
    }
}

/// JSON Schema counts `30.0` as an integer, and so do many writers of JSON.
#[test]
fn a_whole_number_may_have_a_fraction_of_zero_or_an_exponent() {
    for (text, expected) in
        [("30.0", 30), ("3e1", 30), ("0.0", 0), ("-0.0", 0), ("4294967295.0", u32::MAX)]
    {
        let read = strict(&with("2}", &format!("{text}}}"))).expect(text);
        assert_eq!(read.minimum, Some(expected), "{text}");
        let mode = format!(r#"{{"delete-once-disabled": {text}}}"#);
        let read = strict(&with(r#""disable""#, &mode)).expect(text);
        assert_eq!(read.mode, Mode::DeleteOnceDisabled(expected), "{text}");
    }
    let large = |text: &str| from_slice::<i64>(text.as_bytes(), Keys::Known);
    assert_eq!(large("-9007199254740992.0"), Ok(-9_007_199_254_740_992));
    // The parser may have rounded it.
    assert!(large("9223372036854775808.0").is_err());
    assert_eq!(from_slice::<f64>(b"30.0", Keys::Known), Ok(30.0));
}

#[test]
fn what_is_not_json_is_refused_as_such_also_if_it_begins_with_another_form() {
    let deep = "[".repeat(100_000);
    for text in
        ["", "{", "nonsense", r#"{"user": "#, r#"{"user": {"email": "\ud800"}}"#, "[1", &deep]
    {
        let refusal = strict(text);
        assert!(matches!(refusal, Err(Refusal::Syntax(_))), "{refusal:?}");
    }
    assert_eq!(strict("[]").expect_err("a form").to_string(), "it must be an object");
}

#[test]
fn text_after_the_value_is_no_json() {
    let request = with("2}", "2}");
    for after in ["x", " {}", ",", "}", "null", "\0", "// more", "\n\n1"] {
        let refusal = strict(&(request.clone() + after));
        assert!(matches!(refusal, Err(Refusal::Syntax(_))), "{after:?}: {refusal:?}");
        // Also after a value of another form.
        let refusal = strict(&("[]".to_owned() + after));
        assert!(matches!(refusal, Err(Refusal::Syntax(_))), "{after:?}: {refusal:?}");
    }
    assert_eq!(strict(&(request.clone() + " \t\r\n")), strict(&request));
}

#[test]
fn names_of_cases_are_those_of_the_wit() {
    for (name, expected) in [
        ("ReEnabled", "re-enabled"),
        ("DeleteOnceDisabled", "delete-once-disabled"),
        ("V2", "v2"),
        ("disable-and-strip-groups", "disable-and-strip-groups"),
        ("scim", "scim"),
    ] {
        assert_eq!(wit_name(name), expected);
    }
}

#[test]
fn unknown_keys_are_ignored_where_a_later_version_may_have_written_them() {
    let text = with("2}", r#"2, "later": {"deep": [1, {}]}}"#);
    let read: Request = from_slice(text.as_bytes(), Keys::Any).expect("a request");
    assert_eq!(read.minimum, Some(2));
    assert!(strict(&text).is_err());
}

#[test]
fn a_long_unknown_key_is_repeated_in_part() {
    let text = with("2}", &format!("2, \"{}\": 1}}", "k".repeat(5000)));
    assert!(strict(&text).expect_err("a refusal").to_string().len() < 200);
}

#[test]
fn maps_keep_their_keys() {
    let text = br#"{"Ada": {"name": "a"}, "ReEnabled": {"name": "b"}}"#;
    let read: BTreeMap<String, Group> = from_slice(text, Keys::Known).expect("a map");
    assert_eq!(read.into_keys().collect::<Vec<_>>(), ["Ada", "ReEnabled"]);
}

#[test]
fn a_path_of_the_component_is_spelled_as_in_json_and_cases_keep_their_names() {
    let fields = ["first-name", "former-emails"];
    for (path, expected) in [
        ("request.former-emails[3]", "request.former_emails[3]"),
        ("request.mode.delete-once-disabled", "request.mode.delete-once-disabled"),
        ("request.roster[0].first-name", "request.roster[0].first_name"),
        ("user", "user"),
        ("", ""),
    ] {
        assert_eq!(path_in_json(path, &fields), expected);
    }
}
