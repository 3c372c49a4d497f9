//! Calls every function that this version has. `docs/functions.md` has the lines with the calls.

use host_test::Tenant;
use host_test::requests::{
    apply_plan, by_email, deprovision, membership, provision, restore, roster_entry, sync,
    sync_policy,
};
use host_test::retool::directory::PageRequest;
use host_test::retool::groups::{
    ChangeGroupRequest, EnsureGroupRequest, NewMember, RemoveGroupRequest,
};
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::{MembershipPolicy, RosterEntry, SyncPolicy};
use host_test::retool::types::{GroupRef, UserType};

pub async fn calls(tenant: &Tenant) -> Result<(), Box<dyn std::error::Error>> {
    let named = |name: &str| GroupRef::Name(name.into());
    let page = PageRequest {
        cursor: None,
        page_size: Some(100),
        with_members: false,
        with_other_ids: false,
    };
    let ada = ProvisionRequest {
        first_name: Some("Ada".into()),
        user_type: Some(UserType::Default),
        groups: vec![membership(named("Engineering"))],
        create_missing: true,
        update_existing: true,
        ..provision("ada@example.com")
    };
    let leaver = deprovision("ada@example.com", DeprovisionMode::DisableAndStripGroups);
    let grace = RosterEntry {
        first_name: Some("Grace".into()),
        user_type: Some(UserType::EndUser),
        groups: vec![membership(named("Support"))],
        ..roster_entry("grace@example.com")
    };
    let policy = SyncPolicy {
        create_missing: true,
        update_existing: true,
        memberships: MembershipPolicy::Add,
        ..sync_policy()
    };
    let roster = sync(vec![grace], policy);
    let night_shift = EnsureGroupRequest { name: "Night".into(), access: vec![] };
    let joining = ChangeGroupRequest {
        group: named("Night"),
        new_name: None,
        access: vec![],
        add_members: vec![NewMember { user: by_email("grace@example.com"), group_admin: None }],
        remove_members: vec![],
        protected_people: vec![],
        minimum_admins: None,
    };
    let closing = RemoveGroupRequest {
        group: named("Night"),
        even_with_members: true,
        protected_people: vec![],
        minimum_admins: None,
    };

    let report = tenant.check_connection().await??;
    let start = tenant.changes_since(None).await??;
    let provisioned = tenant.provision(&ada).await??;
    let found = tenant.find_user(&by_email("ada@example.com")).await??;
    let users = tenant.page_users(&page).await??;
    let groups = tenant.page_groups(&page).await??;
    let deprovisioned = tenant.deprovision(&leaver).await??;
    let tombstone = deprovisioned.tombstone.ok_or("there is no such account")?;
    let restored = tenant.restore(&restore(tombstone)).await??;
    let plan = tenant.plan_sync(&roster).await??;
    let step = tenant.apply_step(&plan.steps[0]).await??;
    let digest = plan.digest.clone();
    let applied = tenant.apply_plan(&apply_plan(plan, digest)).await??;
    let synced = tenant.sync(&roster).await??;
    let group = tenant.ensure_group(&night_shift).await??;
    let changed = tenant.change_group(&joining).await??;
    let removed = tenant.remove_group(&closing).await??;
    let changes = tenant.changes_since(Some(&start.cursor)).await??;

    println!("{report:?} {provisioned:?} {found:?} {users:?} {groups:?} {restored:?} {step:?}");
    println!("{applied:?} {synced:?} {group:?} {changed:?} {removed:?} {changes:?}");
    Ok(())
}
