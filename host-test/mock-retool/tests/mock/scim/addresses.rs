//! Changes of a user's login and mails.

use mock_retool::{AddressChange, DisabledUsers, Options, ScimQuirks, User};
use serde_json::{Value, json};

use super::{Scim, id, includes, refused};
use crate::client::Client;

const NEW: &str = "ada.king@example.com";

/// Returns the only mail of a user with this address.
fn mail(address: &str) -> Value {
    json!([{"value": address, "type": "work", "primary": true}])
}

/// Returns an enabled user with memberships.
fn member(scim: &Scim) -> User {
    let users = scim.mock.state().users;
    let is_member = |user: &&User| !user.memberships.is_empty() && !user.is_disabled;
    users.iter().find(is_member).expect("a member").clone()
}

/// Sends another login and other mails in every form that a client may use, each to its own mock.
/// Returns the mock and the status.
async fn forms(quirks: ScimQuirks, login: Option<&str>, address: Option<&str>) -> Vec<(Scim, u16)> {
    let mut sent = Vec::new();
    for form in ["path", "filter", "value", "put"] {
        let scim = Scim::quirky(quirks.clone()).await;
        let path = format!("/Users/{}", member(&scim).scim_id());
        let mut operations = Vec::new();
        let mut values = json!({});
        if let Some(login) = login {
            operations.push(json!({"op": "replace", "path": "userName", "value": login}));
            values["userName"] = json!(login);
        }
        if let Some(address) = address {
            operations.push(match form {
                "filter" => json!({
                    "op": "replace", "path": "emails[type eq \"work\"].value", "value": address,
                }),
                _ => json!({"op": "replace", "path": "emails", "value": mail(address)}),
            });
            values["emails"] = mail(address);
        }
        let answer = match form {
            "value" => scim.patch(&path, json!([{"op": "replace", "value": values}])).await,
            "put" => {
                let mut record = scim.get(&path).await.body;
                for (name, value) in values.as_object().expect("an object") {
                    record[name] = value.clone();
                }
                scim.put(&path, record).await
            }
            _ => scim.patch(&path, json!(operations)).await,
        };
        sent.push((scim, answer.status));
    }
    sent
}

#[tokio::test]
async fn another_login_and_mail_keep_the_id_the_memberships_and_all_other_fields() {
    for (scim, status) in forms(ScimQuirks::default(), Some(NEW), Some(NEW)).await {
        assert_eq!(status, 200);
        let before = member(&Scim::start().await);
        let after = scim.mock.state().user(&before.id).expect("the user").clone();
        let updated_at = after.updated_at.clone();
        assert_eq!(after, User { email: NEW.to_owned(), updated_at, ..before });
        let read = scim.get(&format!("/Users/{}", after.scim_id())).await.body;
        includes(&read, &json!({"userName": NEW, "emails": mail(NEW)}));
        let rest = Client::new(&scim.mock, Some(format!("Bearer {}", scim.mock.token())));
        let found = rest.get(&format!("/api/v1/users?email={NEW}")).await.body;
        assert_eq!(found["users"][0]["id"], json!(after.id));
        let found = rest.get(&format!("/api/v2/users?email={NEW}")).await.body;
        assert_eq!(found["data"][0]["email"], json!(NEW));
    }
}

#[tokio::test]
async fn the_address_of_the_other_dialects_follows_the_mail_and_the_login_without_a_mail() {
    for (login, address) in [(Some(NEW), None), (None, Some(NEW))] {
        for (scim, status) in forms(ScimQuirks::default(), login, address).await {
            assert_eq!(status, 200);
            let before = member(&Scim::start().await);
            let shown = address.unwrap_or(&before.email);
            let after = scim.mock.state().user(&before.id).expect("the user").clone();
            assert_eq!(after.email, shown);
            let read = scim.get(&format!("/Users/{}", after.scim_id())).await.body;
            let login = login.unwrap_or(&before.email);
            includes(&read, &json!({"userName": login, "emails": mail(shown)}));
        }
    }
    let scim = Scim::start().await;
    let user = member(&scim);
    let path = format!("/Users/{}", user.scim_id());
    assert_eq!(scim.put(&path, json!({"userName": NEW})).await.status, 200);
    assert_eq!(scim.mock.state().user(&user.id).expect("the user").email, NEW);
}

#[tokio::test]
async fn a_login_or_mail_of_another_user_is_refused_in_every_form() {
    let start = Scim::start().await;
    let other = start.mock.state().users[1].email.to_uppercase();
    assert_ne!(member(&start).id, start.mock.state().users[1].id);
    for (login, address) in
        [(Some(&*other), Some(&*other)), (Some(&*other), None), (None, Some(&*other))]
    {
        for (scim, status) in forms(ScimQuirks::default(), login, address).await {
            assert_eq!(status, 409, "{login:?} {address:?}");
            assert_eq!(scim.mock.state(), start.mock.state());
        }
    }
    let path = format!("/Users/{}", member(&start).scim_id());
    let operations = json!([{"op": "replace", "path": "userName", "value": other}]);
    refused(&start.patch(&path, operations).await, 409, Some("uniqueness"));
}

#[tokio::test]
async fn the_login_of_a_hidden_user_is_taken() {
    let mut options = Options::default();
    options.deviations.disabled_users = DisabledUsers::Hidden;
    let scim = Scim::with(options).await;
    let user = member(&scim);
    let path = format!("/Users/{}", user.scim_id());
    let disable = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(scim.patch(&path, disable).await.status, 200);
    let other = scim.mock.state().users[0].scim_id();
    let operations = json!([{"op": "replace", "value": {"userName": user.email}}]);
    let answer = scim.patch(&format!("/Users/{other}"), operations).await;
    refused(&answer, 409, Some("uniqueness"));
    let operations = json!([{"op": "replace", "value": {"emails": mail(&user.email)}}]);
    let answer = scim.patch(&format!("/Users/{other}"), operations).await;
    refused(&answer, 409, Some("uniqueness"));
}

#[tokio::test]
async fn a_server_can_keep_the_login_or_the_mail_or_refuse_another_one() {
    use AddressChange::{Ignored, Refused, Works};
    for (user_name_change, mail_change) in
        [(Works, Ignored), (Ignored, Works), (Ignored, Ignored), (Refused, Works), (Works, Refused)]
    {
        let quirks = ScimQuirks { user_name_change, mail_change, ..ScimQuirks::default() };
        let is_refused = user_name_change == Refused || mail_change == Refused;
        for (scim, status) in forms(quirks.clone(), Some(NEW), Some(NEW)).await {
            let before = member(&Scim::start().await);
            let now = |change| if change == Works && !is_refused { NEW } else { &before.email };
            assert_eq!(status, if is_refused { 400 } else { 200 }, "{quirks:?}");
            let read = scim.get(&format!("/Users/{}", before.scim_id())).await.body;
            let (login, mails) = (now(user_name_change), mail(now(mail_change)));
            includes(&read, &json!({"userName": login, "emails": mails}));
            let after = scim.mock.state().user(&before.id).expect("the user").clone();
            assert_eq!(after.email, now(mail_change));
            assert_eq!(after.memberships, before.memberships);
        }
        // A change of other attributes repeats both as they are.
        let scim = Scim::quirky(quirks).await;
        let path = format!("/Users/{}", member(&scim).scim_id());
        let mut record = scim.get(&path).await.body;
        record["active"] = json!(false);
        let answer = scim.put(&path, record).await;
        assert_eq!((answer.status, &answer.body["active"]), (200, &json!(false)));
        let operations = json!([{"op": "replace", "value": {"userName": NEW}}]);
        if user_name_change == Refused {
            refused(&scim.patch(&path, operations).await, 400, Some("mutability"));
        }
    }
}

#[tokio::test]
async fn the_mails_follow_an_address_that_another_dialect_changes() {
    let scim = Scim::start().await;
    let sent = json!({
        "userName": "ada@example.com",
        "emails": [
            {"value": "Ada@example.com", "type": "work", "primary": true, "display": "work"},
            {"value": "ada@home.example", "type": "home"},
        ],
    });
    let made = id(&scim.post("/Users", sent.clone()).await.body);
    let sent = json!({"userName": "ada", "emails": [{"value": "ada.b@example.com"}]});
    let with_login = id(&scim.post("/Users", sent).await.body);
    let rest = Client::new(&scim.mock, Some(format!("Bearer {}", scim.mock.token())));
    for (scim_id, new) in [(&made, NEW), (&with_login, "ada.k@example.com")] {
        let user = scim.mock.state().user_by_scim_id(scim_id).expect("the user").id.clone();
        let answer = rest.put(&format!("/api/v1/users/{user}"), json!({"email": new})).await;
        assert_eq!((answer.status, &answer.body["email"]), (200, &json!(new)));
    }
    let read = scim.get(&format!("/Users/{made}")).await.body;
    includes(
        &read,
        &json!({
            "userName": NEW,
            "emails": [
                {"value": NEW, "type": "work", "primary": true, "display": "work"},
                {"value": "ada@home.example", "type": "home"},
            ],
        }),
    );
    let read = scim.get(&format!("/Users/{with_login}")).await.body;
    includes(&read, &json!({"userName": "ada", "emails": [{"value": "ada.k@example.com"}]}));
}
