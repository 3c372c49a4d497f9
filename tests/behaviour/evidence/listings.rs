//! A listing that is short, or has a record that can't be used: nobody is removed because of it, it
//! is said, and everything else goes on.

use host_test::retool::diagnostics::CheckStatus;
use host_test::retool::directory::PageRequest;
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, ProvisionRequest,
};
use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, PersonOutcome, PersonReport, RosterEntry, SyncReport,
    SyncRequest,
};
use host_test::retool::types::{Dialect, UserType};
use mock_retool::{ListingOptions, Options};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, written};
use crate::support::dialects::{ALL, known, nina, tenant_at, text};
use crate::support::{World, departure, done, entry, failed, limit, roster};

/// An entry with the names of the user with this address.
fn person(email: &str) -> RosterEntry {
    RosterEntry {
        first_name: email.split('@').next().map(str::to_owned),
        last_name: Some("Doe".into()),
        ..entry(email)
    }
}

/// A request that disables whoever is not on the roster, and that no guard holds back.
fn only(people: &[&str]) -> SyncRequest {
    let mut request = roster(people.iter().map(|email| person(email)).collect());
    request.policy.memberships = MembershipPolicy::Leave;
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.re_enable_disabled = false;
    limit(&mut request.policy.guards.user_removals).percent = Some(100);
    request.policy.guards.minimum_admins = Some(0);
    request
}

fn of<'r>(report: &'r SyncReport, email: &str) -> &'r PersonReport {
    let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
    person.unwrap_or_else(|| panic!("{email} is not in {:?}", report.people))
}

async fn acme(dialect: Dialect, listing: ListingOptions) -> World {
    World::acme_over_with(dialect, Options { listing, ..Options::default() }).await
}

fn hidden(people: &[&str]) -> ListingOptions {
    let hidden = people.iter().map(|&email| email.to_owned()).collect();
    ListingOptions { hidden, ..ListingOptions::default() }
}

#[tokio::test]
async fn a_person_whom_the_listing_lacks_stops_removals_and_the_run_is_not_complete() {
    for dialect in ALL {
        let world = acme(dialect, hidden(&[GRACE])).await;
        let before = world.mock.state();
        // Joan is not on the roster, and Grace is not in the listing.
        let report = done(world.tenant.sync(&only(&[ADA, GRACE, KEN])).await);
        assert!(!report.complete, "{dialect:?}: {report:?}");
        assert_eq!(of(&report, GRACE).outcome, PersonOutcome::Unchanged, "{dialect:?}");
        let joan = of(&report, JOAN);
        assert_eq!(joan.outcome, PersonOutcome::Refused, "{dialect:?}: {joan:?}");
        let refusal = joan.refusal.as_deref().unwrap_or_default();
        assert!(refusal.contains(GRACE), "{dialect:?}: {refusal}");
        let limitation = report.limitations.last().map(String::as_str).unwrap_or_default();
        assert!(limitation.contains("lacked people who exist: grace@"), "{limitation}");
        assert!(report.writes.is_empty() && report.tombstones.is_empty(), "{dialect:?}");
        assert_eq!(world.mock.state(), before, "{dialect:?}");
        // One creation was tried, and nothing else.
        let writes: Vec<_> = world.writes().iter().map(|write| write.status).collect();
        assert_eq!(writes, [Some(409)], "{dialect:?}");
    }
}

#[tokio::test]
async fn without_anybody_to_remove_such_a_run_is_not_complete_either() {
    for dialect in ALL {
        let world = acme(dialect, hidden(&[GRACE, JOAN])).await;
        let report = done(world.tenant.sync(&only(&[ADA, GRACE, JOAN, KEN])).await);
        assert!(!report.complete && report.writes.is_empty(), "{dialect:?}: {report:?}");
        let limitation = report.limitations.last().map(String::as_str).unwrap_or_default();
        assert!(limitation.contains(GRACE) && limitation.contains(JOAN), "{limitation}");
    }
}

/// The search finds whom the listing lacks, so one person at a time is no trouble.
#[tokio::test]
async fn a_person_whom_the_listing_lacks_is_provisioned_and_leaves() {
    for dialect in ALL {
        let world = acme(dialect, hidden(&[GRACE])).await;
        let names = person(GRACE);
        let request = ProvisionRequest {
            first_name: names.first_name,
            last_name: names.last_name,
            ..known(GRACE)
        };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.outcome, ProvisionOutcome::Unchanged, "{dialect:?}");
        let request = departure(GRACE, DeprovisionMode::Disable);
        let result = done(world.tenant.deprovision(&request).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated, "{dialect:?}");
        assert!(world.person(GRACE).is_disabled, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_refused_creation_of_somebody_who_is_nowhere_says_what_may_be_behind_it() {
    for dialect in ALL {
        let unfindable = vec![GRACE.to_owned()];
        let world = acme(dialect, ListingOptions { unfindable, ..ListingOptions::default() }).await;
        let request = ProvisionRequest { email: GRACE.into(), ..nina(dialect) };
        let (case, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!(
            (case, detail.code.as_str(), detail.http_status),
            ("permanent conflict", "server-refused", Some(409)),
            "{dialect:?}: {}",
            detail.message
        );
        for part in ["hidden", "deactivated", "another space", "login", "The server says"] {
            assert!(detail.message.contains(part), "{dialect:?}: {}", detail.message);
        }
        assert!(detail.writes.is_empty(), "{dialect:?}: {:?}", detail.writes);
        assert_eq!(world.writes().len(), 1, "{dialect:?}: it is posted once");
        // A sync says the same of one person, and the others are done.
        let report = done(world.tenant.sync(&only(&[ADA, GRACE, KEN])).await);
        assert!(!report.complete, "{dialect:?}");
        let failure = of(&report, GRACE).failure.as_ref().expect("a failure");
        assert!(failure.message.contains("hidden"), "{dialect:?}: {}", failure.message);
    }
}

fn page_of(cursor: Option<String>, page_size: Option<u32>) -> PageRequest {
    PageRequest { cursor, page_size, with_members: false, with_other_ids: false }
}

/// What a test does to Grace's record, and whether her address can still be read.
enum Unusable {
    NoAddress,
    OddName,
}

async fn with_unusable(dialect: Dialect, how: &Unusable) -> (World, String) {
    let listing = match how {
        Unusable::NoAddress => ListingOptions::default(),
        Unusable::OddName => {
            ListingOptions { odd_records: vec![GRACE.into()], ..ListingOptions::default() }
        }
    };
    let world = acme(dialect, listing).await;
    let id = text(&world.user_id(GRACE)).to_owned();
    if matches!(how, Unusable::NoAddress) {
        world.shape(GRACE, |user| user.email.clear());
    }
    (world, id)
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_named_and_the_rest_goes_on() {
    for dialect in ALL {
        for how in [Unusable::NoAddress, Unusable::OddName] {
            let (world, id) = with_unusable(dialect, &how).await;
            let mut request = only(&[ADA, KEN, NEW]);
            request.policy.default_user_type =
                (dialect != Dialect::Scim).then_some(UserType::Default);
            let report = done(world.tenant.sync(&request).await);
            assert!(!report.complete, "{dialect:?}");
            assert_eq!(of(&report, NEW).outcome, PersonOutcome::Created, "{dialect:?}");
            let joan = of(&report, JOAN);
            assert_eq!(joan.outcome, PersonOutcome::Refused, "{dialect:?}: {joan:?}");
            assert!(!world.person(JOAN).is_disabled, "{dialect:?}");
            let named = report.limitations.iter().any(|text| text.contains(&id));
            assert!(named, "{dialect:?}: {id} is not in {:?}", report.limitations);
            assert_eq!(written(&report.writes), [format!("user-created {NEW}")], "{dialect:?}");
            // Who is named by an address leaves all the same.
            let request = departure(JOAN, DeprovisionMode::Disable);
            let result = done(world.tenant.deprovision(&request).await);
            assert_eq!(result.outcome, DeprovisionOutcome::Deactivated, "{dialect:?}");
            assert!(world.person(JOAN).is_disabled, "{dialect:?}");
        }
    }
}

#[tokio::test]
async fn a_plan_names_the_record_that_cannot_be_used_and_removes_nobody() {
    for dialect in ALL {
        for how in [Unusable::NoAddress, Unusable::OddName] {
            let (world, id) = with_unusable(dialect, &how).await;
            let plan = done(world.tenant.plan_sync(&only(&[ADA, KEN])).await);
            assert!(plan.steps.is_empty() && plan.withheld.is_empty(), "{dialect:?}: {plan:?}");
            let codes: Vec<_> = plan
                .refusals
                .iter()
                .map(|refusal| (refusal.email.as_deref(), refusal.code.as_str()))
                .collect();
            assert!(codes.contains(&(Some(JOAN), "listing-incomplete")), "{dialect:?}: {codes:?}");
            assert!(plan.limitations.iter().any(|text| text.contains(&id)), "{dialect:?}");
            assert!(world.writes().is_empty(), "{dialect:?}");
        }
    }
}

/// The address can be read: the person gets no second account, and is not taken for gone.
#[tokio::test]
async fn the_person_of_an_unusable_record_is_neither_created_nor_gone() {
    for dialect in ALL {
        let (world, _) = with_unusable(dialect, &Unusable::OddName).await;
        let before = world.mock.state();
        let report = done(world.tenant.sync(&only(&[ADA, GRACE, JOAN, KEN])).await);
        assert!(!report.complete && report.writes.is_empty(), "{dialect:?}");
        let grace = of(&report, GRACE);
        assert_eq!(grace.outcome, PersonOutcome::Refused, "{dialect:?}: {grace:?}");
        let request = departure(GRACE, DeprovisionMode::Disable);
        let (case, detail) = failed(world.tenant.deprovision(&request).await);
        assert!(case.starts_with("permanent"), "{dialect:?}: {case}");
        assert_eq!(detail.code, "record-unreadable", "{dialect:?}: {}", detail.message);
        assert_eq!(world.mock.state(), before, "{dialect:?}");
    }
}

/// 60 people, ten on a page, and ten is what each page calls its total.
#[tokio::test]
async fn a_leaver_is_found_on_the_last_page_although_the_first_calls_itself_the_whole() {
    for dialect in ALL {
        let listing = ListingOptions { page_totals: true, ..ListingOptions::default() };
        let options = Options { users: 60, max_page_size: 20, listing, ..Options::default() };
        let world = World::with_over(dialect, options).await;
        world.mock.edit(|state| {
            for user in &mut state.users {
                user.is_disabled = false;
            }
        });
        let everyone: Vec<_> =
            world.mock.state().users.iter().map(|user| user.email.clone()).collect();
        let (leaver, stay) = everyone.split_last().expect("people");
        let mut request = roster(stay.iter().map(|email| entry(email)).collect());
        request.policy = only(&[]).policy;
        request.policy.update_existing = false;
        let tenant = tenant_at(world.mock.base_url(), dialect, &world);
        let report = done(tenant.sync(&request).await);
        assert!(report.complete, "{dialect:?}: {:?}", report.limitations);
        assert!(world.person(leaver).is_disabled, "{dialect:?}");
        let writes = written(&report.writes);
        assert_eq!(writes[0], format!("user-disabled {leaver}"), "{dialect:?}");
        assert!(writes.iter().all(|write| write.ends_with(leaver)), "{dialect:?}: {writes:?}");
        // What the listing of pages shows is everybody, too.
        let (mut count, mut cursor) = (0, None);
        loop {
            let page_size = cursor.is_none().then_some(20);
            let page = done(tenant.page_users(&page_of(cursor, page_size)).await);
            count += page.users.len();
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(count, 60, "{dialect:?}");
    }
}

/// Whoever asks whether all is well hears of the record.
#[tokio::test]
async fn a_check_names_the_record_that_cannot_be_used() {
    for dialect in ALL {
        for how in [Unusable::NoAddress, Unusable::OddName] {
            let (world, id) = with_unusable(dialect, &how).await;
            let report = done(world.tenant.check_connection().await);
            let check =
                report.checks.iter().find(|check| check.name == "records").expect("a check");
            assert_ne!(check.status, CheckStatus::Passed, "{dialect:?}");
            assert!(check.detail.contains(&id), "{dialect:?}: {}", check.detail);
            assert!(world.writes().is_empty(), "{dialect:?}");
        }
    }
}
