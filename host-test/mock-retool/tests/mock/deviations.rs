//! Servers that do the opposite of what the documentation says, and their usual behaviour.

use mock_retool::{
    AddressChange, Deviations, DisabledUsers, ListingOptions, Mock, Options, ScimQuirks,
};
use serde_json::{Value, json};

use crate::client::{Client, start};

async fn mock(deviations: Deviations) -> (Mock, Client) {
    start(Options { deviations, ..Options::default() }).await
}

/// Returns a user with memberships, and the body that changes the user.
fn member(mock: &Mock) -> (mock_retool::User, Value) {
    let state = mock.state();
    let is_member = |user: &&mock_retool::User| !user.memberships.is_empty() && !user.is_disabled;
    let user = state.users.iter().find(is_member).expect("a member").clone();
    let body = json!({"email": user.email, "firstName": "Other", "userType": user.user_type});
    (user, body)
}

#[tokio::test]
async fn a_put_keeps_memberships_or_resets_them() {
    for put_resets_memberships in [false, true] {
        let (mock, client) =
            mock(Deviations { put_resets_memberships, ..Deviations::default() }).await;
        let (user, body) = member(&mock);
        let answer = client.put(&format!("/api/v1/users/{}", user.id), body).await;
        assert_eq!(answer.status, 200);
        let groups = answer.body["groups"].as_array().expect("groups").len();
        let now = mock.state().user(&user.id).expect("the user").memberships.len();
        let expected = if put_resets_memberships { 0 } else { user.memberships.len() };
        assert_eq!((now, groups >= expected), (expected, true));

        let group = mock.state().groups[4].clone();
        mock.edit(|state| state.join(group.id, &user.id)).expect("a member");
        let renamed = json!({"name": "Other"});
        assert_eq!(client.put(&format!("/api/v1/groups/{}", group.id), renamed).await.status, 200);
        let state = mock.state();
        assert_eq!(state.members(group.id).count() == 0, put_resets_memberships);
        assert_eq!(state.group(group.id).expect("the group").name, "Other");
    }
}

#[tokio::test]
async fn another_address_in_a_put_is_written_ignored_or_refused() {
    for (email_change, status) in
        [(AddressChange::Works, 200), (AddressChange::Ignored, 200), (AddressChange::Refused, 422)]
    {
        let (mock, client) = mock(Deviations { email_change, ..Deviations::default() }).await;
        let (user, mut body) = member(&mock);
        let path = format!("/api/v1/users/{}", user.id);
        body["email"] = json!("moved@example.com");
        let answer = client.put(&path, body.clone()).await;
        assert_eq!(answer.status, status);
        let after = mock.state().user(&user.id).expect("the user").clone();
        let is_written = email_change == AddressChange::Works;
        assert_eq!(after.email, if is_written { "moved@example.com" } else { &user.email });
        assert_eq!(after.memberships, user.memberships);
        if status == 200 {
            assert_eq!(answer.body["email"], json!(after.email));
        }
        assert_eq!(after.first_name.as_deref() == Some("Other"), status == 200);
        // The same address, in another spelling too, is no other one.
        body["email"] = json!(after.email.to_uppercase());
        assert_eq!(client.put(&path, body).await.status, 200);
    }
}

#[tokio::test]
async fn a_deletion_deletes_or_disables() {
    for delete_disables in [false, true] {
        let (mock, client) = mock(Deviations { delete_disables, ..Deviations::default() }).await;
        let (user, _) = member(&mock);
        let path = format!("/api/v1/users/{}", user.id);
        for status in [200, if delete_disables { 200 } else { 404 }] {
            assert_eq!(client.delete(&path).await.status, status);
        }
        let left = mock.state().user(&user.id).map(|user| user.is_disabled);
        assert_eq!(left, delete_disables.then_some(true));
    }
}

#[tokio::test]
async fn disabled_users_are_shown_hidden_or_deleted() {
    for disabled_users in [DisabledUsers::Shown, DisabledUsers::Hidden, DisabledUsers::Deleted] {
        let (mock, client) = mock(Deviations { disabled_users, ..Deviations::default() }).await;
        let (user, mut body) = member(&mock);
        body["isDisabled"] = json!(true);
        let path = format!("/api/v1/users/{}", user.id);
        assert_eq!(client.put(&path, body).await.status, 200);
        let is_shown = disabled_users == DisabledUsers::Shown;
        assert_eq!(client.get(&path).await.status, if is_shown { 200 } else { 404 });
        let state = mock.state();
        let is_hidden = state.hidden.iter().any(|hidden| hidden.id == user.id);
        assert_eq!(is_hidden, disabled_users == DisabledUsers::Hidden);
        let again = json!({"email": user.email, "userType": "default"});
        let status = if disabled_users == DisabledUsers::Deleted { 200 } else { 409 };
        let other = state.users.iter().find(|other| other.id != user.id).expect("another user");
        let renamed = client.put(&format!("/api/v1/users/{}", other.id), again.clone()).await;
        assert_eq!(renamed.status, status);
        let again = if status == 200 { json!({"email": other.email}) } else { again };
        assert_eq!(client.post("/api/v1/users", again).await.status, status);
    }
}

#[tokio::test]
async fn a_change_moves_the_date_or_does_not() {
    for frozen_dates in [false, true] {
        let (mock, client) = mock(Deviations { frozen_dates, ..Deviations::default() }).await;
        let (user, body) = member(&mock);
        client.put(&format!("/api/v1/users/{}", user.id), body).await;
        let now = mock.state().user(&user.id).expect("the user").updated_at.clone();
        assert_eq!(now == user.updated_at, frozen_dates);
    }
}

#[tokio::test]
async fn a_group_shows_all_members_or_the_first_ones() {
    for listed_members in [None, Some(0), Some(1)] {
        let scim_quirks = ScimQuirks { listed_members, ..ScimQuirks::default() };
        let options = Options { scim_quirks, ..Options::default() };
        let mock = Mock::start(options).await.expect("a mock");
        let client = Client::new(&mock, Some(format!("Bearer {}", mock.scim_token())));
        let state = mock.state();
        let group = state.groups.iter().find(|group| state.members(group.id).count() > 1);
        let group = group.expect("a group with members");
        let shown = client.get(&format!("/scim/v2/Groups/{}", group.scim_id())).await;
        let shown = shown.body["members"].as_array().map_or(0, Vec::len);
        let all = state.members(group.id).count();
        assert_eq!(shown, listed_members.unwrap_or(all).min(all));
        let user = state.members(group.id).last().expect("a member").user.scim_id();
        let own = client.get(&format!("/scim/v2/Users/{user}")).await;
        let groups = own.body["groups"].as_array().expect("groups");
        assert!(groups.iter().any(|link| link["value"] == group.scim_id()));
    }
}

#[tokio::test]
async fn a_user_shows_all_groups_or_the_first_ones() {
    for listed_groups in [None, Some(0), Some(1)] {
        let scim_quirks = ScimQuirks { listed_groups, ..ScimQuirks::default() };
        let options = Options { scim_quirks, ..Options::default() };
        let mock = Mock::start(options).await.expect("a mock");
        let client = Client::new(&mock, Some(format!("Bearer {}", mock.scim_token())));
        let state = mock.state();
        let user = state.users.iter().find(|user| state.groups_of(user).count() > 1);
        let user = user.expect("a user with groups");
        let shown = client.get(&format!("/scim/v2/Users/{}", user.scim_id())).await;
        let shown = shown.body["groups"].as_array().map_or(0, Vec::len);
        let all = state.groups_of(user).count();
        assert_eq!(shown, listed_groups.unwrap_or(all).min(all));
    }
}

#[tokio::test]
async fn v1_says_when_users_were_last_active_or_does_not() {
    for v1_activity in [false, true] {
        let listing = ListingOptions { v1_activity, ..ListingOptions::default() };
        let (mock, client) = start(Options { listing, ..Options::default() }).await;
        let state = mock.state();
        let user = state.users.iter().find(|user| user.last_active.is_some()).expect("a user");
        let record = client.get(&format!("/api/v1/users/{}", user.id)).await.body;
        let shown = record.get("lastActive").and_then(Value::as_str);
        assert_eq!(shown, user.last_active.as_deref().filter(|_| v1_activity));
        let listed = client.get("/api/v1/users").await.body;
        let dated = listed["users"].as_array().expect("users").iter();
        let dated = dated.filter(|user| user.get("lastActive").is_some()).count();
        assert_eq!(dated > 0, v1_activity);
    }
}
