//! A call of every function: the README has the lines that make them.

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest, RemoveGroupRequest};
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionRequest, ProvisionRequest, RestoreRequest,
};
use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, SyncPolicy, SyncRequest,
};
use host_test::retool::types::{GroupRef, UserType};
use host_test::{Tenant, default_guards};

pub async fn calls(tenant: &Tenant) -> Result<(), Box<dyn std::error::Error>> {
    let named = |name: &str| GroupRef::Name(name.into());
    let page = PageRequest {
        cursor: None,
        page_size: Some(100),
        with_members: false,
        with_other_ids: false,
    };
    let ada = ProvisionRequest {
        email: "ada@example.com".into(),
        first_name: Some("Ada".into()),
        last_name: None,
        user_type: Some(UserType::Default),
        admin: None,
        profile_photo_url: None,
        groups: vec![named("Engineering")],
        create_missing_groups: false,
        create_missing: true,
        update_existing: true,
        re_enable_disabled: false,
    };
    let leaver = DeprovisionRequest {
        email: "ada@example.com".into(),
        expected_id: None,
        mode: DeprovisionMode::DisableAndStripGroups,
        protected_people: vec![],
        minimum_admins: None,
    };
    let roster = SyncRequest {
        roster: vec![RosterEntry {
            email: "grace@example.com".into(),
            first_name: Some("Grace".into()),
            last_name: None,
            user_type: Some(UserType::EndUser),
            admin: None,
            groups: vec![named("Support")],
        }],
        span: None,
        policy: SyncPolicy {
            create_missing: true,
            update_existing: true,
            re_enable_disabled: false,
            absent: AbsentPolicy::Keep,
            memberships: MembershipPolicy::Add,
            managed_groups: vec![],
            create_missing_groups: false,
            default_user_type: None,
            guards: default_guards(),
        },
    };
    let night_shift = EnsureGroupRequest { name: "Night".into(), universal_app_access: None };
    let joining = ChangeGroupRequest {
        group: named("Night"),
        new_name: None,
        universal_app_access: None,
        add_members: vec!["grace@example.com".into()],
        remove_members: vec![],
    };
    let closing = RemoveGroupRequest { group: named("Night"), even_with_members: true };

    let report = tenant.check_connection().await??;
    let seen = tenant.changes_since(None).await??;
    let arrived = tenant.provision(&ada).await??;
    let found = tenant.find_user("ada@example.com").await??;
    let users = tenant.page_users(&page).await??;
    let groups = tenant.page_groups(&page).await??;
    let left = tenant.deprovision(&leaver).await??;
    let tombstone = left.tombstone.ok_or("nobody was there")?;
    let back = tenant.restore(&RestoreRequest { tombstone, re_create: false }).await??;
    let plan = tenant.plan_sync(&roster).await??;
    let step = tenant.apply_step(&plan.steps[0]).await??;
    let synced = tenant.sync(&roster).await??;
    let group = tenant.ensure_group(&night_shift).await??;
    let changed = tenant.change_group(&joining).await??;
    let removed = tenant.remove_group(&closing).await??;
    let changes = tenant.changes_since(Some(&seen.cursor)).await??;

    println!("{report:?} {arrived:?} {found:?} {users:?} {groups:?} {back:?} {step:?}");
    println!("{synced:?} {group:?} {changed:?} {removed:?} {changes:?}");
    Ok(())
}
