//! Deletions whose reply is lost.

use super::*;

over_v2_and_v1!(
    a_deletion_with_a_lost_reply_is_reported_as_done_by_this_call,
    a_deletion_behind_a_failing_gateway_is_reported_as_done_by_this_call,
    a_deletion_whose_reply_is_never_readable_is_read_back,
    a_user_removed_by_another_administrator_is_not_claimed,
    a_group_removal_with_a_lost_reply_holds,
    a_sync_with_lost_replies_removes_absent_users,
    an_html_page_as_reply_to_a_deletion_leaves_it_unknown,
    a_throttled_deletion_is_not_claimed,
);

/// Checks that Joan was removed by the call: deleted over `/api/v1`, disabled over `/api/v2`.
fn assert_deleted(world: &World, result: &DeprovisionResult, how: &str) {
    let (outcome, writes) = match world.dialect() {
        Dialect::V1 => (DeprovisionOutcome::Deleted, &["user-deleted"][..]),
        _ => (DeprovisionOutcome::Deactivated, &["user-disabled", "sessions-ended"][..]),
    };
    let writes: Vec<_> = writes.iter().map(|write| format!("{write} {JOAN}")).collect();
    assert_eq!(result.outcome, outcome, "{how}");
    assert!(result.tombstone.is_some(), "{how}");
    assert_eq!(written(&result.writes), writes, "{how}");
    assert_eq!(world.has(JOAN), world.dialect() == Dialect::V2, "{how}");
    assert!(is_removed(world, JOAN), "{how}");
}

/// Returns whether a user is deleted or disabled.
fn is_removed(world: &World, email: &str) -> bool {
    world.mock.state().user_by_email(email).is_none_or(|user| user.is_disabled)
}

/// Removes Joan as a DELETE of the API does.
fn remove_joan(dialect: Dialect, organisation: &mut Organisation) {
    let id = organisation.user_by_email(JOAN).expect("Joan").id.clone();
    let removed = match dialect {
        Dialect::V1 => organisation.delete_user(&id),
        _ => organisation.disable_user(&id),
    };
    removed.expect("Joan");
}

async fn a_deletion_with_a_lost_reply_is_reported_as_done_by_this_call(dialect: Dialect) {
    for kind in [lost(), not_readable()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(once("DELETE", world.users_path(), kind));
        let request = departure(JOAN, DeprovisionMode::Delete);
        let result = done(world.tenant.deprovision(&request).await);
        assert_deleted(&world, &result, &how);
    }
}

async fn a_deletion_behind_a_failing_gateway_is_reported_as_done_by_this_call(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let deletion = is("DELETE", world.user_path(JOAN));
    gateway_gives_up(&world.mock, deletion, move |organisation| {
        remove_joan(dialect, organisation);
    });
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_deleted(&world, &result, "502 after the write");
}

/// Deletes Joan while every reply to a deletion has this fault.
async fn deletion_with_every_reply(dialect: Dialect, kind: FaultKind) {
    let how = format!("{kind:?}");
    let world = World::acme_over(dialect).await;
    world.mock.inject(always("DELETE", world.users_path(), kind));
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_deleted(&world, &result, &how);
}

async fn a_deletion_whose_reply_is_never_readable_is_read_back(dialect: Dialect) {
    for kind in not_readable() {
        deletion_with_every_reply(dialect, kind).await;
    }
}

#[tokio::test]
async fn a_v1_deletion_that_is_never_answered_is_read_back() {
    for kind in not_received() {
        deletion_with_every_reply(Dialect::V1, kind).await;
    }
}

async fn a_user_removed_by_another_administrator_is_not_claimed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.before(&format!("DELETE {}", world.user_path(JOAN)), move |organisation| {
        let id = organisation.user_by_email(JOAN).expect("Joan").id.clone();
        organisation.delete_user(&id).expect("Joan");
    });
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone);
    assert_eq!(result.writes.len(), 0);
}

async fn a_group_removal_with_a_lost_reply_holds(dialect: Dialect) {
    for kind in [lost(), not_readable()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        world.mock.inject(once("DELETE", world.groups_path(), kind));
        let request = removing(named("Finance"), false);
        let result = done(world.tenant.remove_group(&request).await);
        assert_eq!(result.removed.map(|group| group.name).as_deref(), Some("Finance"), "{how}");
        assert_eq!(written(&result.writes), ["group-deleted Finance [Finance]"], "{how}");
        assert_eq!(groups_named(&world, "Finance"), 0, "{how}");
    }
}

async fn a_sync_with_lost_replies_removes_absent_users(dialect: Dialect) {
    // A sync over `/api/v2` disables instead of deleting.
    let method = if dialect == Dialect::V1 { "DELETE" } else { "PATCH" };
    for kind in [lost(), not_readable()].concat() {
        let how = format!("{kind:?}");
        let world = World::acme_over(dialect).await;
        // So that two users are removed over `/api/v2` too.
        world.shape(KEN, |ken| ken.is_disabled = false);
        let mut request = roster(vec![entry(ADA), entry(GRACE)]);
        request.policy.absent = AbsentPolicy::Delete;
        for skip in [0, 1] {
            world.mock.inject(Fault { skip, ..once(method, world.users_path(), kind.clone()) });
        }
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete, "{how}: {report:#?}");
        let outcome = match dialect {
            Dialect::V1 => PersonOutcome::Deleted,
            _ => PersonOutcome::Disabled,
        };
        for gone in [JOAN, KEN] {
            assert!(is_removed(&world, gone), "{how}: {gone}");
            assert_eq!(world.has(gone), dialect == Dialect::V2, "{how}: {gone}");
            let person = report.people.iter().find(|person| person.email.as_deref() == Some(gone));
            assert_eq!(person.map(|person| person.outcome), Some(outcome), "{how}");
        }
    }
}

async fn an_html_page_as_reply_to_a_deletion_leaves_it_unknown(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.mock.inject(once("DELETE", world.users_path(), FaultKind::Html200));
    let request = departure(JOAN, DeprovisionMode::Delete);
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent unsupported", "html-page"));
    assert_eq!(written(&detail.writes), [format!("user-deleted {JOAN} ?")]);
    assert!(!is_removed(&world, JOAN));
    let again = done(world.tenant.deprovision(&request).await);
    assert_deleted(&world, &again, "again");
}

/// A 429 means that nothing was done. If the user is gone afterwards, another administrator
/// removed them.
async fn a_throttled_deletion_is_not_claimed(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let (id, deletions) = (world.id_of(JOAN), AtomicUsize::new(0));
    let mock = Arc::downgrade(&world.mock);
    world.mock.on_request(move |_, logged| {
        if logged.method != "DELETE" || deletions.fetch_add(1, Ordering::Relaxed) > 0 {
            return Hook::Serve;
        }
        if let Some(mock) = mock.upgrade() {
            mock.edit(|organisation| organisation.delete_user(&id).expect("Joan"));
        }
        Hook::Respond(429)
    });
    let request = departure(JOAN, DeprovisionMode::Delete);
    let result = done(world.tenant.deprovision(&request).await);
    assert_eq!(result.outcome, DeprovisionOutcome::AlreadyGone);
    assert_eq!(result.writes.len(), 0);
}
