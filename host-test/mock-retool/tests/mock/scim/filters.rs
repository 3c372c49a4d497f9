//! Filters over HTTP. Unit tests of the filter module cover their full meaning.

use serde_json::{Value, json};

use super::{ENTERPRISE, Scim, encoded, listed, refused};

/// Returns the names of the users that a filter finds, without the domain.
async fn found(scim: &Scim, filter: &str) -> Vec<String> {
    let answer = scim.find("Users", filter).await;
    let names = listed(&answer, "userName");
    assert_eq!(answer.body["totalResults"], json!(names.len()), "{filter}");
    names
        .iter()
        .filter_map(Value::as_str)
        .map(|name| name.split('@').next().unwrap_or_default().to_owned())
        .collect()
}

async fn four_users() -> Scim {
    let scim = Scim::with(mock_retool::Options { empty: true, ..Default::default() }).await;
    for (name, title, active) in [
        ("ada", "Analyst", true),
        ("bob", "Builder", false),
        ("o'brien+x", "Analyst", true),
        ("quo\\te", "", true),
    ] {
        let user = json!({
            "userName": format!("{name}@example.com"), "title": title, "active": active,
            "externalId": format!("X-{name}"),
            "emails": [
                {"type": "work", "value": format!("{name}@example.com"), "primary": true},
                {"type": "home", "value": format!("{name}@home.example")},
            ],
            ENTERPRISE: {"department": if active { "Sales" } else { "Works" }},
        });
        assert_eq!(scim.post("/Users", user).await.status, 201, "{name}");
    }
    scim
}

#[tokio::test]
async fn filters_find_users() {
    let scim = four_users().await;
    for (filter, expected) in [
        ("userName eq \"ADA@example.com\"", vec!["ada"]),
        ("USERNAME SW \"a\"", vec!["ada"]),
        ("userName co \"brien\"", vec!["o'brien+x"]),
        ("userName eq \"o'brien+x@example.com\"", vec!["o'brien+x"]),
        (r#"userName eq "quo\\te@example.com""#, vec!["quo\\te"]),
        ("title eq \"analyst\" and active eq true", vec!["ada", "o'brien+x"]),
        ("active eq false or title eq \"Builder\"", vec!["bob"]),
        ("not (title pr)", vec!["quo\\te"]),
        ("title ne \"Analyst\"", vec!["bob", "quo\\te"]),
        (
            "active eq true and (title ew \"T\" or userName sw \"q\")",
            vec!["ada", "o'brien+x", "quo\\te"],
        ),
        ("externalId eq \"X-bob\"", vec!["bob"]),
        ("externalId eq \"x-bob\"", vec![]),
        ("emails[type eq \"home\"].value eq \"bob@home.example\"", vec!["bob"]),
        ("emails[type eq \"work\"].value eq \"bob@home.example\"", vec![]),
        ("emails[type eq \"home\" and value sw \"ada\"]", vec!["ada"]),
        ("emails co \"brien+x@home\"", vec!["o'brien+x"]),
        ("emails.value eq \"ada@home.example\"", vec!["ada"]),
    ] {
        assert_eq!(found(&scim, filter).await, expected, "{filter}");
    }
    let department = format!("{ENTERPRISE}:department eq \"works\"");
    assert_eq!(found(&scim, &department).await, ["bob"]);
    let core = "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"bob@example.com\"";
    assert_eq!(found(&scim, core).await, ["bob"]);
    let id = scim.user(2);
    assert_eq!(found(&scim, &format!("id eq \"{id}\"")).await, ["o'brien+x"]);
    let since = scim.mock.state().users[2].updated_at.clone();
    let later = found(&scim, &format!("meta.lastModified gt \"{since}\"")).await;
    assert_eq!(later, ["quo\\te"]);
}

#[tokio::test]
async fn users_are_found_by_group_and_groups_by_member() {
    let scim = Scim::start().await;
    let group = scim.group_of("Pushed", &[2, 4]).await;
    let in_it = scim.find("Users", &format!("groups.value eq \"{group}\"")).await;
    assert_eq!(listed(&in_it, "id"), [json!(scim.user(2)), json!(scim.user(4))]);
    let theirs = scim.find("Groups", &format!("members eq \"{}\"", scim.user(4))).await;
    assert!(listed(&theirs, "id").contains(&json!(group)));
    let one = format!("id eq \"{group}\" and members[value eq \"{}\"]", scim.user(1));
    assert!(listed(&scim.find("Groups", &one).await, "id").is_empty());
}

#[tokio::test]
async fn invalid_filters_are_refused() {
    let scim = Scim::start().await;
    for filter in ["userName", "userName eq", "userName eq 'x'", "userName is \"x\"", "", "("] {
        refused(&scim.find("Users", filter).await, 400, Some("invalidFilter"));
    }
    let deep = format!("{}id pr{}", "(".repeat(5000), ")".repeat(5000));
    refused(&scim.find("Users", &deep).await, 400, Some("invalidFilter"));
    let long = vec!["id pr"; 2000].join(" and ");
    assert_eq!(scim.get(&format!("/Users?filter={}", encoded(&long))).await.status, 200);
}
