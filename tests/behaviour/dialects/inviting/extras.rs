//! Metadata and attributes on invitations.

use super::*;

/// The metadata goes with the invitation, and the attributes by the invitation's own route.
#[tokio::test]
async fn metadata_and_attributes_go_with_the_invitation_and_to_the_account() {
    let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
    let with_extras = || ProvisionRequest {
        metadata: Some(r#"{"desk": 5}"#.into()),
        attributes: vec![attribute("team", "blue")],
        ..inviting(&["Support"])
    };
    let world = world(InviteOptions::default()).await;
    world.mock.edit(|acme| acme.attributes.push(mock_retool::UserAttribute::text("team")));
    let result = done(world.tenant.provision(&with_extras()).await);
    assert_eq!(result.outcome, ProvisionOutcome::Invited);
    assert_eq!(
        written(&result.writes),
        ["user-invited new@acme.example", "attribute-changed new@acme.example"]
    );
    assert_eq!(
        changed(&result.changes),
        ["metadata.desk: (nothing) -> 5", "attribute.team: (nothing) -> blue"]
    );
    assert_eq!(result.groups_added, world.links(&["Support"]));
    let invite = world.mock.state().invites[0].clone();
    assert_eq!(json!(invite.metadata), json!({"desk": 5, "team": "blue"}));
    world.mock.clear_requests();
    let again = done(world.tenant.provision(&with_extras()).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty());

    // The attributes of an open invitation are changed by the same route.
    let other = ProvisionRequest { attributes: vec![attribute("team", "red")], ..inviting(&[]) };
    let result = done(world.tenant.provision(&other).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(json!(world.mock.state().invites[0].metadata), json!({"desk": 5, "team": "red"}));
    assert_eq!(mails(&world), 1);

    // An attribute that does not exist is an error before the invitation.
    let unknown = ProvisionRequest {
        email: "other@acme.example".into(),
        attributes: vec![attribute("tema", "red")],
        ..inviting(&[])
    };
    let (_, detail) = failed(world.tenant.provision(&unknown).await);
    assert_eq!((detail.code.as_str(), mails(&world)), ("attribute-not-found", 1));
}

#[tokio::test]
async fn a_server_without_attributes_of_invitations_is_told_for_the_person() {
    for attributes in [Support::NotFound, Support::Page] {
        let world = world(InviteOptions { attributes, ..InviteOptions::default() }).await;
        world.mock.edit(|acme| acme.attributes.push(mock_retool::UserAttribute::text("team")));
        let team = Attribute { name: "team".into(), value: "blue".into() };
        let request = ProvisionRequest { attributes: vec![team], ..inviting(&[]) };
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!(
            (case, &*detail.code),
            ("permanent unsupported", "operation-unsupported"),
            "{}",
            detail.message
        );
        assert_eq!(written(&detail.writes), ["user-invited new@acme.example"]);
    }
}
