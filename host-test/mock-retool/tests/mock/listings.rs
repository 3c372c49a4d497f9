//! Listings of users that deviate from correct ones, over every dialect.

use mock_retool::{LargePages, ListingOptions, Mock, Options};
use serde_json::{Value, json};

use crate::client::{Answer, Client};

/// The path of the users, the parameter of the page size, the list and the total in a response.
const DIALECTS: [(&str, &str, &str, &str); 3] = [
    ("/api/v1/users", "pageSize", "users", "total"),
    ("/api/v2/users", "limit", "data", "total_count"),
    ("/scim/v2/Users", "count", "Resources", "totalResults"),
];

async fn serve(listing: ListingOptions, max_page_size: usize) -> (Mock, Client, Client) {
    let options = Options { listing, max_page_size, ..Options::default() };
    let mock = Mock::start(options).await.expect("a free port");
    let rest = Client::new(&mock, Some(format!("Bearer {}", mock.token())));
    let scim = Client::new(&mock, Some(format!("Bearer {}", mock.scim_token())));
    (mock, rest, scim)
}

/// Asks each dialect for users with this page size.
async fn each(
    listing: ListingOptions,
    max: usize,
    size: Option<usize>,
) -> Vec<(Answer, usize, Value)> {
    let (_mock, rest, scim) = serve(listing, max).await;
    let mut answers = Vec::new();
    for (path, parameter, list, total) in DIALECTS {
        let client = if path.starts_with("/scim") { &scim } else { &rest };
        let query = size.map(|size| format!("?{parameter}={size}")).unwrap_or_default();
        let answer = client.get(&format!("{path}{query}")).await;
        let count = answer.body[list].as_array().map_or(0, Vec::len);
        let total = answer.body[total].clone();
        answers.push((answer, count, total));
    }
    answers
}

#[tokio::test]
async fn the_total_can_be_the_length_of_the_page() {
    for (_, count, total) in each(ListingOptions::default(), 1000, Some(5)).await {
        assert_eq!((count, total), (5, json!(12)));
    }
    let listing = ListingOptions { page_totals: true, ..ListingOptions::default() };
    for (_, count, total) in each(listing, 1000, Some(5)).await {
        assert_eq!((count, total), (5, json!(5)));
    }
}

#[tokio::test]
async fn a_large_page_can_be_reduced_or_refused() {
    for (answer, count, _) in each(ListingOptions::default(), 7, Some(50)).await {
        assert_eq!((answer.status, count), (200, 7));
    }
    let large_pages = LargePages::Refused { status: 422, names_maximum: true };
    let listing = ListingOptions { large_pages, ..ListingOptions::default() };
    for (answer, ..) in each(listing.clone(), 7, Some(50)).await {
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains("from 1 to 7"), "{}", answer.text);
    }
    for (answer, count, _) in each(listing, 7, Some(7)).await {
        assert_eq!((answer.status, count), (200, 7));
    }
}

#[tokio::test]
async fn a_page_size_can_be_demanded() {
    let listing = ListingOptions { demands_size: true, ..ListingOptions::default() };
    for (answer, ..) in each(listing.clone(), 1000, None).await {
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    for (answer, ..) in each(listing, 1000, Some(3)).await {
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn users_can_be_hidden_from_listings_and_from_searches() {
    for (hidden, unfindable, found) in [(true, false, 1), (false, true, 0), (false, false, 1)] {
        let state = Mock::start(Options::default()).await.expect("a free port").state();
        let email = state.users[3].email.clone();
        let listing = ListingOptions {
            hidden: hidden.then(|| email.clone()).into_iter().collect(),
            unfindable: unfindable.then(|| email.clone()).into_iter().collect(),
            ..ListingOptions::default()
        };
        let (_mock, rest, scim) = serve(listing, 1000).await;
        let listed = if hidden || unfindable { 11 } else { 12 };
        let encoded = email.replace('@', "%40");
        for (path, _, list, _) in DIALECTS {
            let client = if path.starts_with("/scim") { &scim } else { &rest };
            let search = match path {
                "/scim/v2/Users" => format!("filter=userName%20eq%20%22{encoded}%22"),
                _ => format!("email={encoded}"),
            };
            let count = |answer: Answer| answer.body[list].as_array().map_or(0, Vec::len);
            assert_eq!(count(client.get(path).await), listed, "{path}");
            assert_eq!(count(client.get(&format!("{path}?{search}")).await), found, "{path}");
        }
    }
}

#[tokio::test]
async fn a_record_can_lack_its_address_or_have_another_shape() {
    let listing = ListingOptions::default();
    let (mock, rest, scim) = serve(listing, 1000).await;
    mock.edit(|organisation| organisation.users[3].email.clear());
    let v1 = rest.get("/api/v1/users").await.body["users"][3]["email"].clone();
    let v2 = rest.get("/api/v2/users").await.body["data"][3]["email"].clone();
    let login = scim.get("/scim/v2/Users").await.body["Resources"][3].get("userName").cloned();
    assert_eq!((v1, v2, login), (Value::Null, Value::Null, None));

    let email = mock.state().users[4].email.clone();
    let listing = ListingOptions { odd_records: vec![email], ..ListingOptions::default() };
    let (_mock, rest, scim) = serve(listing, 1000).await;
    let v1 = rest.get("/api/v1/users").await.body["users"][4]["firstName"].clone();
    let v2 = rest.get("/api/v2/users").await.body["data"][4]["first_name"].clone();
    let name = scim.get("/scim/v2/Users").await.body["Resources"][4]["name"].clone();
    assert_eq!((v1, v2, name), (json!([]), json!([]), json!([])));
}

#[tokio::test]
async fn fields_can_be_missing_in_listings_or_everywhere() {
    let omit = vec!["userType".to_owned(), "user_type".to_owned(), "active".to_owned()];
    for (in_lists, everywhere) in [(omit.clone(), Vec::new()), (Vec::new(), omit)] {
        let only_lists = everywhere.is_empty();
        let listing = ListingOptions {
            omit_in_lists: in_lists,
            omit: everywhere,
            ..ListingOptions::default()
        };
        let (mock, rest, scim) = serve(listing, 1000).await;
        let user = mock.state().users[0].clone();
        for (path, list, id, field) in [
            ("/api/v1/users", "users", user.id.clone(), "userType"),
            ("/api/v2/users", "data", user.sid(), "user_type"),
            ("/scim/v2/Users", "Resources", user.scim_id(), "active"),
        ] {
            let client = if path.starts_with("/scim") { &scim } else { &rest };
            let listed = client.get(path).await.body;
            assert_eq!(listed[list][0].get(field), None, "{path}");
            let one = client.get(&format!("{path}/{id}")).await.body;
            let record = one.get("data").unwrap_or(&one);
            assert_eq!(record.get(field).is_some(), only_lists, "{path}");
        }
    }
}
