//! Responses to writes: a status of success without success, a response without a record, no
//! response at all.

use host_test::Answer;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest, RemoveGroupRequest};
use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionOutcome, ProvisionOutcome};
use host_test::retool::synchronization::PersonOutcome;
use host_test::retool::types::{Dialect, Write};
use mock_retool::FaultKind;
use tokio::task::JoinSet;

use super::dialect::{accounts, api, new_entry, new_user, sent_invitations, write_methods};
use super::fault::{always, answer};
use crate::support::acme::{GRACE, JOAN, KEN, NEW, written};
use crate::support::{
    World, arrival, by_email, case_and_detail, changing, departure, done, ensuring, memberships,
    named, new_member, removing, roster,
};

over_v2_and_v1!(
    a_status_of_success_without_success_is_an_error,
    a_response_without_a_record_is_read_back,
);

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

/// Makes one of the calls that write. If it fails, returns the error's code and writes.
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
        0 => end(tenant.provision(&new_user(NEW)).await),
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

/// A 200 is not a success if the body denies it or is meaningless. No write is reported as done
/// if it is not visible.
async fn a_status_of_success_without_success_is_an_error(dialect: Dialect) {
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
            let world = World::acme_over(dialect).await;
            let before = world.mock.state();
            for method in write_methods(dialect) {
                world.mock.inject(always(method, api(dialect), answer(body)));
            }
            let Err((code, writes)) = call(&world, number).await else {
                panic!("{what}: it is reported as done");
            };
            let codes = ["server-refused", "answer-unusable", "not-verified"];
            assert!(codes.contains(&code.as_str()), "{what}: {code}");
            // For a membership the server's response counts. The code says that it did not hold.
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

/// Servers may answer with nothing, or with a message instead of the record. Then the component
/// reads the record.
async fn a_response_without_a_record_is_read_back(dialect: Dialect) {
    for code in [200, 202, 204] {
        let world = World::acme_over(dialect).await;
        for method in write_methods(dialect) {
            world.mock.inject(always(method, api(dialect), FaultKind::StatusAfter(code)));
        }
        let tenant = &world.tenant;
        let mut new = new_user(NEW);
        new.groups = memberships([named("Support"), named("Brand new")]);
        new.create_missing_groups = true;
        let result = done(tenant.provision(&new).await);
        assert_eq!(result.outcome, ProvisionOutcome::Created, "{code}");
        assert_eq!(result.invitation_sent, dialect == Dialect::V1, "{code}");
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
        assert_eq!(accounts(&world, NEW), 1, "{code}");
        assert_eq!(world.mock.state().invitations, sent_invitations(dialect, &[NEW]), "{code}");

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
        let deletes = dialect == Dialect::V1;
        let outcome = match deletes {
            true => DeprovisionOutcome::Deleted,
            // DELETE of `/api/v2` only disables, and this user is disabled already.
            false => DeprovisionOutcome::AlreadyDeactivated,
        };
        assert_eq!(result.outcome, outcome, "{code}");
        let delete = departure(KEN, DeprovisionMode::Delete);
        let result = done(tenant.deprovision(&delete).await);
        let outcome =
            if deletes { DeprovisionOutcome::Deleted } else { DeprovisionOutcome::Deactivated };
        assert_eq!(result.outcome, outcome, "{code}");

        let report = done(tenant.sync(&roster(vec![new_entry(JOAN)])).await);
        assert!(report.complete, "{code}: {report:#?}");
        let joan = report.people.iter().find(|person| person.email.as_deref() == Some(JOAN));
        let outcome = if deletes { PersonOutcome::Created } else { PersonOutcome::ReEnabled };
        assert_eq!(joan.map(|joan| joan.outcome), Some(outcome), "{code}");
        assert_eq!(accounts(&world, JOAN), 1, "{code}");
        let invited = sent_invitations(dialect, &[NEW, JOAN]);
        assert_eq!(world.mock.state().invitations, invited, "{code}");
    }
}
