use mock_retool::{Mock, Options};
use serde_json::{Value, json};

use crate::client::{Answer, Client, start};

const USERS: &str = "/api/v2/users";

fn ids(answer: &Answer) -> Vec<Value> {
    answer.body["data"].as_array().expect("users").iter().map(|user| user["id"].clone()).collect()
}

fn all_ids(mock: &Mock) -> Vec<Value> {
    mock.state().users.iter().map(|user| json!(user.sid())).collect()
}

/// Encodes a value for a query.
pub fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Requests the next page with the token of the response.
pub async fn next(client: &Client, limit: usize, answer: &Answer) -> Answer {
    let token = answer.body["next_token"].as_str().expect("a token");
    client.get(&format!("{USERS}?limit={limit}&next_token={}", encoded(token))).await
}

#[tokio::test]
async fn without_a_limit_every_user_is_listed() {
    let options = Options { users: 130, max_page_size: 50, ..Options::default() };
    let (mock, client) = start(options).await;
    let answer = client.get(USERS).await;
    assert_eq!(ids(&answer), all_ids(&mock));
    assert_eq!(answer.body["success"], true);
    assert_eq!(answer.body["total_count"], 130);
    assert_eq!(answer.body["next_token"], Value::Null);
    assert_eq!(answer.body["has_more"], false);
}

#[tokio::test]
async fn pages_list_every_user_once() {
    let (mock, client) = start(Options::default()).await;
    let mut answer = client.get(&format!("{USERS}?limit=5")).await;
    let mut seen = ids(&answer);
    for (length, has_more) in [(5, true), (2, false)] {
        assert_eq!(answer.body["has_more"], true);
        answer = next(&client, 5, &answer).await;
        assert_eq!(ids(&answer).len(), length);
        assert_eq!(answer.body["has_more"], has_more);
        assert_eq!(answer.body["total_count"], 12);
        seen.extend(ids(&answer));
    }
    assert_eq!(answer.body["next_token"], Value::Null);
    assert_eq!(seen, all_ids(&mock));
}

#[tokio::test]
async fn a_full_last_page_has_no_next_token() {
    let (_mock, client) = start(Options::default()).await;
    for limit in [12, 100] {
        let answer = client.get(&format!("{USERS}?limit={limit}")).await;
        assert_eq!(ids(&answer).len(), 12);
        assert_eq!(answer.body["has_more"], false);
        assert_eq!(answer.body["next_token"], Value::Null);
    }
}

#[tokio::test]
async fn users_deleted_between_two_pages_do_not_shift_the_next_page() {
    let (mock, client) = start(Options::default()).await;
    let expected = all_ids(&mock);
    let first = client.get(&format!("{USERS}?limit=5")).await;
    mock.edit(|state| {
        // The last user of the page, which the token names, and another one.
        for at in [4, 1] {
            let id = state.users[at].id.clone();
            state.delete_user(&id).expect("a user");
        }
    });
    assert_eq!(ids(&next(&client, 5, &first).await), expected[5..10]);
}

#[tokio::test]
async fn a_page_may_be_smaller_than_the_limit() {
    let (mock, client) = start(Options { max_page_size: 4, ..Options::default() }).await;
    let first = client.get(&format!("{USERS}?limit=5")).await;
    assert_eq!(ids(&first), all_ids(&mock)[..4]);
    assert_eq!(first.body["has_more"], true);
    assert_eq!(ids(&next(&client, 5, &first).await), all_ids(&mock)[4..8]);
}

#[tokio::test]
async fn invalid_page_parameters_are_refused() {
    let (_mock, client) = start(Options::default()).await;
    let token = client.get(&format!("{USERS}?limit=5")).await.body["next_token"].clone();
    let token = token.as_str().expect("a token").to_owned();
    let encoded_token = encoded(&token);
    for query in [
        "limit=0".to_owned(),
        "limit=101".to_owned(),
        "limit=-1".to_owned(),
        "limit=five".to_owned(),
        "limit=".to_owned(),
        "limit=5&next_token=".to_owned(),
        "limit=5&next_token=2".to_owned(),
        format!("next_token={encoded_token}"),
        // The token is not encoded, so its plus sign is read as a space.
        format!("limit=5&next_token={token}"),
    ] {
        let answer = client.get(&format!("{USERS}?{query}")).await;
        assert_eq!((answer.status, &answer.body["success"]), (400, &json!(false)), "{query}");
    }
}

#[tokio::test]
async fn users_are_found_by_address_and_by_name() {
    let (mock, client) = start(Options::default()).await;
    let sid = mock.edit(|state| {
        state.users[4].email = "O'Brien+Test@Example.com".to_owned();
        state.users[4].first_name = Some("Mary Ann".to_owned());
        state.users[4].last_name = Some("O'Brien".to_owned());
        state.users[4].sid()
    });
    for (query, found) in [
        ("email=o%27brien%2Btest%40example.com", true),
        ("first_name=Mary%20Ann", true),
        ("last_name=O%27Brien", true),
        ("first_name=Mary+Ann&last_name=O%27Brien", true),
        ("email=brien", false),
        ("email=o%27brien+test%40example.com", false),
        ("first_name=Mary", false),
        ("first_name=Mary%20Ann&last_name=Other", false),
    ] {
        let answer = client.get(&format!("{USERS}?{query}")).await;
        let expected = if found { vec![json!(sid)] } else { Vec::new() };
        assert_eq!(ids(&answer), expected, "{query}");
        assert_eq!(answer.body["total_count"], usize::from(found), "{query}");
        assert_eq!(answer.body["has_more"], false, "{query}");
    }
}

#[tokio::test]
async fn filtered_lists_are_paged_too() {
    let (mock, client) = start(Options::default()).await;
    mock.edit(|state| {
        for at in [1, 4, 9] {
            state.users[at].last_name = Some("Same".to_owned());
        }
    });
    let first = client.get(&format!("{USERS}?last_name=Same&limit=2")).await;
    assert_eq!(first.body["total_count"], 3);
    let token = encoded(first.body["next_token"].as_str().expect("a token"));
    let second = client.get(&format!("{USERS}?last_name=Same&limit=2&next_token={token}")).await;
    let found = [ids(&first), ids(&second)].concat();
    let expected = [1, 4, 9].map(|at: usize| all_ids(&mock)[at].clone());
    assert_eq!(found, expected);
    assert_eq!(second.body["has_more"], false);
}
