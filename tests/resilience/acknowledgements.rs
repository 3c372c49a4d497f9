//! What a server says after a write, and what it does not: a success that is none, an answer
//! without a record, no answer at all.

use host_test::Answer;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest, RemoveGroupRequest};
use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, ProvisionOutcome};
use host_test::retool::synchronization::PersonOutcome;
use host_test::retool::types::Write;
use mock_retool::FaultKind;
use tokio::task::JoinSet;

use super::fault::{always, answer};
use crate::support::acme::{GRACE, JOAN, KEN, NEW, written};
use crate::support::{
    World, arrival, by_email, case_and_detail, changing, departure, done, ensuring, entry,
    memberships, named, new_member, removing, roster,
};

fn legal() -> EnsureGroupRequest {
    ensuring("Legal")
}

fn finance() -> RemoveGroupRequest {
    removing(named("Finance"), false)
}

fn members(add: &[&str], remove: &[&str]) -> ChangeGroupRequest {
    ChangeGroupRequest {
        add_members: add.iter().copied().map(new_member).collect(),
        remove_members: remove.iter().copied().map(by_email).collect(),
        ..changing(named("Support"))
    }
}

/// Makes one of the calls that write, and says what it tells of writes if it fails.
async fn call(world: &World, number: usize) -> Result<(), (String, Vec<Write>)> {
    fn end<T>(answer: Answer<T>) -> Result<(), (String, Vec<Write>)> {
        match answer.expect("an answer of the component") {
            Ok(_) => Ok(()),
            Err(error) => {
                let (_, detail) = case_and_detail(error);
                Err((detail.code, detail.writes))
            }
        }
    }
    let tenant = &world.tenant;
    let mut change = arrival(JOAN);
    change.first_name = Some("Joanna".into());
    let mut joining = arrival(GRACE);
    joining.groups = memberships([named("Finance")]);
    let rename = ChangeGroupRequest { new_name: Some("Helpdesk".into()), ..members(&[], &[]) };
    match number {
        0 => end(tenant.provision(&arrival(NEW)).await),
        1 => end(tenant.provision(&change).await),
        2 => end(tenant.provision(&joining).await),
        3 => end(tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await),
        4 => end(tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await),
        5 => end(tenant.ensure_group(&legal()).await),
        6 => end(tenant.change_group(&rename).await),
        7 => end(tenant.change_group(&members(&[GRACE], &[])).await),
        8 => end(tenant.change_group(&members(&[], &[KEN])).await),
        _ => end(tenant.remove_group(&finance()).await),
    }
}

/// 200 is not success where the body says that it is none, or nothing that counts; nothing is
/// told as done that does not show.
#[tokio::test]
async fn a_success_that_is_none_is_no_success() {
    let bodies = [
        r#"{"success":false,"message":"No."}"#,
        r#"{"success":false}"#,
        r#"{"success":true}"#,
        "{}",
    ];
    let mut calls = JoinSet::new();
    for (body, number) in bodies.into_iter().flat_map(|body| (0..10).map(move |at| (body, at))) {
        calls.spawn(async move {
            let what = format!("call {number}, {body}");
            let world = World::acme().await;
            let before = world.mock.state();
            for method in ["POST", "PUT", "DELETE"] {
                world.mock.inject(always(method, "/api/v1/", answer(body)));
            }
            let Err((code, writes)) = call(&world, number).await else {
                panic!("{what}: it is told as done");
            };
            let codes = ["server-refused", "answer-unusable", "not-verified"];
            assert!(codes.contains(&code.as_str()), "{what}: {code}");
            // Of a membership the server's word counts; the code says that it did not hold.
            let claimed = written(&writes)
                .into_iter()
                .filter(|write| !write.ends_with('?'))
                .filter(|write| !write.starts_with("member-") || code != "not-verified");
            assert_eq!(claimed.collect::<Vec<_>>(), [""; 0], "{what}");
            assert_eq!(world.mock.state(), before, "{what}");
        });
    }
    calls.join_all().await;
}

/// Servers may answer with nothing, or with a word and no record: then the component looks.
#[tokio::test]
async fn an_answer_without_a_record_is_as_good_as_one_with() {
    for code in [200, 202, 204] {
        let world = World::acme().await;
        for method in ["POST", "PUT", "DELETE"] {
            world.mock.inject(always(method, "/api/v1/", FaultKind::StatusAfter(code)));
        }
        let tenant = &world.tenant;
        let mut new = arrival(NEW);
        new.first_name = Some("Nina".into());
        new.groups = memberships([named("Support"), named("Brand new")]);
        new.create_missing_groups = true;
        let result = done(tenant.provision(&new).await);
        assert_eq!(result.outcome, ProvisionOutcome::Created, "{code}");
        assert!(result.invitation_sent, "{code}");
        assert_eq!(
            written(&result.writes),
            [
                "group-created Brand new [Brand new]".to_owned(),
                format!("user-created {NEW}"),
                format!("member-added {NEW} [Support]"),
                format!("member-added {NEW} [Brand new]"),
            ],
            "{code}"
        );
        assert_eq!(world.mock.state().invitations, [NEW], "{code}");

        let mut change = arrival(KEN);
        change.last_name = Some("Thompson".into());
        let result = done(tenant.provision(&change).await);
        assert_eq!(result.outcome, ProvisionOutcome::ReEnabled, "{code}");
        assert_eq!(world.person(KEN).last_name.as_deref(), Some("Thompson"), "{code}");

        let rename =
            ChangeGroupRequest { new_name: Some("Helpdesk".into()), ..members(&[GRACE], &[KEN]) };
        assert_eq!(done(tenant.change_group(&rename).await).group.name, "Helpdesk", "{code}");
        assert!(done(tenant.remove_group(&finance()).await).removed.is_some(), "{code}");

        let strip = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
        let result = done(tenant.deprovision(&strip).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated, "{code}");
        assert_eq!(result.groups_removed.len(), 2, "{code}");
        let delete = departure(JOAN, DeprovisionMode::Delete);
        let result = done(tenant.deprovision(&delete).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deleted, "{code}");

        let report = done(tenant.sync(&roster(vec![entry(JOAN)])).await);
        assert!(report.complete, "{code}: {report:#?}");
        let joan = report.people.iter().find(|person| person.email.as_deref() == Some(JOAN));
        assert_eq!(joan.map(|joan| joan.outcome), Some(PersonOutcome::Created), "{code}");
        assert_eq!(world.mock.state().invitations, [NEW, JOAN], "{code}");
    }
}
