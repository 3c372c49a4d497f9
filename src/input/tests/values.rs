use super::assert_refused;
use crate::domain::{GroupId, GroupIdKind, GroupRef, UserType};
use crate::error::Code;
use crate::input::{
    email, excerpt, group_name, group_refs, name, page_size, percent, photo_url, user_type,
};

#[test]
fn plain_addresses_are_accepted_and_trimmed() {
    for text in [
        "a@b",
        "o'brien+x@ex.co",
        "ada.lovelace@mail.example.com",
        "a!#$%&'*+-/=?^_`{|}~b@example.com",
        "użytkownik@przykład.pl",
        "dot.@docomo.example",
        "x@sub-domain.example",
        "x@ho_st.example",
    ] {
        assert_eq!(email(&"email", text).expect(text).as_str(), text);
    }
    let trimmed = email(&"email", " \tAda@Example.com\r\n").expect("an address");
    assert_eq!(trimmed.as_str(), "Ada@Example.com");
    assert_eq!(trimmed.key(), "ada@example.com");
}

#[test]
fn anything_but_a_plain_address_is_refused() {
    for text in [
        "",
        "   ",
        "ada",
        "@example.com",
        "ada@",
        "@",
        "ada@@example.com",
        "ada@example@com",
        "a da@example.com",
        "ada@exam ple.com",
        "ada@exam\u{a0}ple.com",
        "ada\n@example.com",
        "ada\0@example.com",
        "ada\u{7f}@example.com",
        "ada\u{200b}@example.com",
        "\u{feff}ada@example.com",
        "ada\u{202e}@example.com",
        "<ada@example.com>",
        "Ada <ada@example.com>",
        "ada@example.com,",
        "ada;@example.com",
        "a,da@example.com",
        "\"ada\"@example.com",
        "ada(x)@example.com",
        "mailto:ada@example.com",
        "a\\da@example.com",
        "ada@[127.0.0.1]",
        "ada@.example.com",
        "ada@example.com.",
        "ada@example..com",
        "ada@example.com/x",
        "ada@example.com?x",
        "ada@example.com;grace",
    ] {
        assert_refused(email(&"request.email", text), Code::InvalidEmail, "request.email");
    }
}

#[test]
fn an_address_has_at_most_254_characters() {
    let longest = format!("{}@example.com", "a".repeat(242));
    assert_eq!(longest.len(), 254);
    assert!(email(&"email", &longest).is_ok());
    assert_refused(email(&"email", &format!("a{longest}")), Code::InvalidEmail, "email");
}

#[test]
fn a_name_is_one_line_of_at_most_256_characters() {
    let check = |text: &str| name(&"request.first-name", Some(text.into()));
    assert_eq!(name(&"first-name", None), Ok(None));
    assert_eq!(check(" Ada ").expect("a name").as_deref(), Some("Ada"));
    assert_eq!(
        check("محمد\u{200c} O'Neill-Ørsted").expect("a name").as_deref(),
        Some("محمد\u{200c} O'Neill-Ørsted")
    );
    // Characters, not bytes.
    assert!(check(&"é".repeat(256)).is_ok());
    for text in [
        "é".repeat(257),
        "a".repeat(10_000),
        String::new(),
        " \u{a0}".into(),
        "Ada\nLovelace".into(),
        "Ada\tLovelace".into(),
        "Ada\u{1b}[31m".into(),
        "Ada\u{85}".to_owned() + "x",
        "Ada\u{2028}Lovelace".into(),
    ] {
        assert_refused(check(&text), Code::InvalidText, "request.first-name");
    }
    assert_refused(group_name(&"request.name", ""), Code::InvalidText, "request.name");
}

#[test]
fn an_error_repeats_a_value_cut_and_escaped() {
    let error = name(&"first-name", Some("a".repeat(10_000))).expect_err("too long");
    assert!(error.message.contains(&"a".repeat(64)));
    assert!(!error.message.contains(&"a".repeat(65)));

    let error = email(&"email", "a\u{1b}\u{202e}\n\u{2028}b").expect_err("no address");
    assert!(error.message.chars().all(|c| !c.is_control()));
    assert!(error.message.contains("a\\u{1b}\\u{202e}\\u{a}\\u{2028}b"), "{}", error.message);

    assert_eq!(excerpt(&"é".repeat(64)), "é".repeat(64));
    assert_eq!(excerpt(&"é".repeat(65)), "é".repeat(64) + "…");
}

fn by_name(names: &[&str]) -> Vec<GroupRef> {
    names.iter().map(|name| GroupRef::Name((*name).into())).collect()
}

fn rest(value: &str) -> GroupRef {
    GroupRef::Id(GroupId { kind: GroupIdKind::Rest, value: value.into() })
}

fn scim(value: &str) -> GroupRef {
    GroupRef::Id(GroupId { kind: GroupIdKind::Scim, value: value.into() })
}

#[test]
fn names_of_groups_are_trimmed_and_keep_their_case_and_order() {
    assert_eq!(
        group_refs(&"groups", by_name(&[" Support", "support", "Engineering\t"])),
        Ok(by_name(&["Support", "support", "Engineering"]))
    );
    for bad in ["", " ", "a\nb", &"x".repeat(257)] {
        assert_refused(
            group_refs(&"request.groups", by_name(&["Support", bad])),
            Code::InvalidText,
            "request.groups[1]",
        );
    }
}

#[test]
fn ids_of_rest_groups_are_whole_numbers_in_one_spelling() {
    assert_eq!(
        group_refs(
            &"groups",
            vec![rest("1"), rest("0042"), rest("0"), rest("18446744073709551615")]
        ),
        Ok(vec![rest("1"), rest("42"), rest("0"), rest("18446744073709551615")])
    );
    for bad in [
        "",
        "-1",
        "+1",
        " 1",
        "1.0",
        "1e3",
        "0x1",
        "abc",
        "../groups/1",
        "١",
        "18446744073709551616",
        &"9".repeat(1000),
    ] {
        assert_refused(group_refs(&"groups", vec![rest(bad)]), Code::InvalidValue, "groups[0]");
    }
}

#[test]
fn ids_of_scim_groups_are_opaque() {
    let ids = vec![scim("0042"), scim("a b/../c"), scim(&"x".repeat(256))];
    assert_eq!(group_refs(&"groups", ids.clone()), Ok(ids));
    for bad in ["", "a\nb", &"x".repeat(257)] {
        assert_refused(group_refs(&"groups", vec![scim(bad)]), Code::InvalidText, "groups[0]");
    }
}

#[test]
fn a_group_named_twice_in_a_list_is_refused() {
    for twice in [
        by_name(&["Support", "Sales", " Support "]),
        vec![rest("7"), rest("8"), rest("007")],
        vec![scim("7"), scim("8"), scim("7")],
    ] {
        assert_refused(group_refs(&"groups", twice), Code::DuplicateGroup, "groups[2]");
    }
    let error = group_refs(&"groups", by_name(&["Support", "Support"])).expect_err("twice");
    assert!(error.message.contains("\"Support\""), "{}", error.message);
}

#[test]
fn a_list_that_mixes_names_and_ids_is_refused() {
    for mixed in [
        vec![rest("1"), GroupRef::Name("Support".into())],
        vec![GroupRef::Name("1".into()), rest("1")],
    ] {
        assert_refused(group_refs(&"groups", mixed), Code::GroupByNameAndId, "groups[1]");
    }
    // Ids of two kinds are two groups. Whether the dialect knows them is checked later.
    assert!(group_refs(&"groups", vec![rest("1"), scim("1")]).is_ok());
}

#[test]
fn a_photo_is_an_absolute_https_url() {
    for url in [
        "https://example.com/a.png",
        "HTTPS://example.com",
        "https://example.com:8443/a?size=1&mail=a@b#x",
    ] {
        assert_eq!(photo_url(&"photo", Some(url.into())), Ok(Some(url.to_string())));
    }
    assert_eq!(photo_url(&"photo", None), Ok(None));
    for url in [
        "http://example.com/a.png",
        "https://",
        "https:///a.png",
        "https:/example.com",
        "//example.com/a.png",
        "/a.png",
        "example.com/a.png",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https://user:secret@example.com/a.png",
        "https://example.com/a b.png",
        "https://example.com/\"><script>",
        "hé",
        "éhttps://",
    ] {
        assert_refused(photo_url(&"photo", Some(url.into())), Code::InvalidValue, "photo");
    }
    for url in [String::new(), format!("https://example.com/{}", "a".repeat(2048))] {
        assert_refused(photo_url(&"photo", Some(url)), Code::InvalidText, "photo");
    }
}

#[test]
fn numbers_are_in_range() {
    assert_eq!(percent(&"p", 0, 100), Ok(()));
    assert_eq!(percent(&"p", 100, 100), Ok(()));
    assert_refused(percent(&"p", 101, 100), Code::InvalidValue, "p");

    assert_eq!(page_size(&"page.page-size", None), Ok(None));
    for size in [1, 1000] {
        assert_eq!(page_size(&"page.page-size", Some(size)), Ok(Some(size)));
    }
    for size in [0, 1001, u32::MAX] {
        assert_refused(
            page_size(&"page.page-size", Some(size)),
            Code::PageSizeOutOfRange,
            "page.page-size",
        );
    }
}

#[test]
fn the_user_type_unrecognized_is_refused() {
    assert_eq!(user_type(&"t", None), Ok(None));
    assert_eq!(user_type(&"t", Some(UserType::EndUser)), Ok(Some(UserType::EndUser)));
    assert_refused(user_type(&"t", Some(UserType::Unrecognized)), Code::InvalidValue, "t");
}
