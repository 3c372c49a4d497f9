//! Faults in listings, and faults that apply to every dialect.

use mock_retool::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{Scim, listed};

/// Starts a mock with this fault on every request.
async fn broken(kind: FaultKind) -> Scim {
    let scim = Scim::start().await;
    scim.mock.inject(Fault::new(kind));
    scim
}

#[tokio::test]
async fn a_repeated_page_is_always_the_first() {
    let scim = broken(FaultKind::RepeatPage).await;
    for endpoint in ["Users", "Groups"] {
        let first = scim.get(&format!("/{endpoint}?startIndex=1&count=5")).await.body;
        let second = scim.get(&format!("/{endpoint}?startIndex=6&count=5")).await.body;
        assert_eq!(first["Resources"].as_array().map(Vec::len), Some(5));
        assert_eq!(first, second);
    }
}

#[tokio::test]
async fn endless_pages_are_full_of_new_users() {
    let scim = broken(FaultKind::EndlessPages).await;
    let mut seen: Vec<Value> = Vec::new();
    for page in 0..5 {
        let answer = scim.get(&format!("/Users?startIndex={}&count=5", page * 5 + 1)).await;
        let ids = listed(&answer, "id");
        assert_eq!(ids.len(), 5);
        seen.extend(ids);
        let total = answer.body["totalResults"].as_u64().expect("a total");
        assert!(total > seen.len() as u64);
    }
    let real: Vec<Value> =
        scim.mock.state().users.iter().map(|user| json!(user.scim_id())).collect();
    assert_eq!(seen[..12], real);
    let mut ids: Vec<&str> = seen.iter().filter_map(Value::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 25);

    let email = scim.mock.state().users[0].email.clone();
    let found = scim.find("Users", &format!("userName eq \"{email}\"")).await;
    assert_eq!(found.body["totalResults"], 1, "a filtered listing is not endless");
}

#[tokio::test]
async fn a_moving_total_grows_and_the_users_stay_the_same() {
    let scim = broken(FaultKind::MovingTotal).await;
    for total in [12, 13, 14] {
        let answer = scim.get("/Users").await;
        assert_eq!(answer.body["totalResults"], total);
        assert_eq!(listed(&answer, "id").len(), 12);
    }
}

#[tokio::test]
async fn an_ignored_filter_returns_another_user_first() {
    let scim = broken(FaultKind::IgnoreFilter).await;
    let email = scim.mock.state().users[3].email.clone();
    let answer = scim.find("Users", &format!("userName eq \"{email}\"")).await;
    assert_eq!(answer.body["totalResults"], 12);
    assert_eq!(answer.body["Resources"][0]["id"], json!(scim.user(0)));
    let answer = scim.find("Groups", "displayName eq \"Support\"").await;
    assert_eq!(answer.body["Resources"][0]["displayName"], "admin");
}

#[tokio::test]
async fn an_exact_filter_compares_case() {
    let scim = broken(FaultKind::ExactFilter).await;
    let email = scim.mock.state().users[3].email.clone();
    for (email, hits) in [(email.clone(), 1), (email.to_uppercase(), 0)] {
        let answer = scim.find("Users", &format!("userName eq \"{email}\"")).await;
        assert_eq!(answer.body["totalResults"], hits, "{email}");
    }
}

#[tokio::test]
async fn fields_can_be_missing_everywhere_or_only_in_lists() {
    let scim = broken(FaultKind::OmitField("groups".to_owned())).await;
    let path = format!("/Users/{}", scim.user(0));
    assert_eq!(scim.get(&path).await.body.get("groups"), None);
    assert_eq!(scim.get("/Users").await.body["Resources"][0].get("groups"), None);

    let scim = broken(FaultKind::OmitInLists("members".to_owned())).await;
    let path = format!("/Groups/{}", scim.group("Support"));
    assert!(scim.get(&path).await.body["members"].is_array());
    assert_eq!(scim.get("/Groups").await.body["Resources"][4].get("members"), None);
}

#[tokio::test]
async fn a_second_account_with_the_same_address_can_be_accepted() {
    let scim = broken(FaultKind::SecondAccount).await;
    let email = scim.mock.state().users[3].email.clone();
    let made = scim.post("/Users", json!({"userName": email})).await;
    assert_eq!(made.status, 201);
    let found = scim.find("Users", &format!("userName eq \"{email}\"")).await;
    assert_eq!(listed(&found, "id"), [json!(scim.user(3)), made.body["id"].clone()]);
}

#[tokio::test]
async fn a_lost_reply_still_creates_the_user() {
    let scim = Scim::start().await;
    scim.mock.inject(Fault { times: Some(1), ..Fault::new(FaultKind::LoseReply) });
    let headers = [("content-type", "application/scim+json")];
    let body = r#"{"userName": "new@example.com"}"#;
    let lost = scim.client.try_send_with("POST", "/scim/v2/Users", &headers, body).await;
    assert!(lost.is_err());
    let again = scim.post("/Users", json!({"userName": "new@example.com"})).await;
    assert_eq!(again.status, 409);
    assert_eq!(scim.mock.requests()[0].path, "/scim/v2/Users");
    assert_eq!(scim.mock.requests()[0].body["userName"], "new@example.com");
}
