//! Requests keep the path prefix of the base URL, which a proxy may need.

use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, ProvisionRequest,
};
use host_test::retool::types::Dialect;
use mock_retool::{Options, ScimBase};

use crate::support::acme::{JOAN, NEW};
use crate::support::dialects::{known, nina, tenant_at};
use crate::support::{World, by_email, departure, done, entry, failed, memberships, named, roster};

over_every_dialect!(every_request_keeps_the_path_prefix, a_base_url_without_the_prefix_is_an_error,);

fn behind(prefix: &str) -> Options {
    Options { prefix: prefix.into(), ..Options::default() }
}

async fn every_request_keeps_the_path_prefix(dialect: Dialect) {
    for (prefix, slash) in [("/retool", ""), ("/a/b%20c", "/")] {
        let mut world = World::acme_over_with(dialect, behind(prefix)).await;
        world.tenant = tenant_at(format!("{}{slash}", world.mock.base_url()), dialect, &world);
        let request = ProvisionRequest {
            groups: memberships([named("Legal"), named("Support")]),
            create_missing_groups: true,
            ..nina(dialect)
        };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.outcome, ProvisionOutcome::Created);
        let joanna = ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) };
        done(world.tenant.provision(&joanna).await);
        let stripping = departure(NEW, DeprovisionMode::DisableAndStripGroups);
        let left = done(world.tenant.deprovision(&stripping).await);
        assert_eq!(left.outcome, DeprovisionOutcome::Deactivated);
        done(world.tenant.sync(&roster(vec![entry(JOAN)])).await);
        assert!(done(world.tenant.check_connection().await).healthy);
        assert!(world.groups_of(NEW).is_empty());
        let requests = world.requests();
        assert!(requests.len() > 10);
        for request in requests {
            let (_, path) = request.split_once(' ').expect("a path");
            let rest = path.strip_prefix(prefix).unwrap_or_else(|| panic!("{path}"));
            assert!(rest.starts_with("/api/v") || rest.starts_with("/scim/v2/"), "{path}");
        }
    }
}

async fn a_base_url_without_the_prefix_is_an_error(dialect: Dialect) {
    let world = World::acme_over_with(dialect, behind("/retool")).await;
    let base_url = world.mock.base_url();
    let origin = base_url.strip_suffix("/retool").expect("the prefix");
    let tenant = tenant_at(origin.to_owned(), dialect, &world);
    let expected = match dialect {
        Dialect::Scim => ("permanent unsupported", "scim-unavailable"),
        _ => ("permanent denied", "base-url-wrong"),
    };
    for (case, detail) in [
        failed(tenant.provision(&nina(dialect)).await),
        failed(tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await),
        failed(tenant.sync(&roster(vec![entry(JOAN)])).await),
    ] {
        assert_eq!((case, detail.code.as_str()), expected);
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn auto_probes_below_the_prefix() {
    let world = World::acme_over_with(Dialect::Auto, behind("/retool")).await;
    let joan = done(world.tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(joan.id, world.user_id_in(Dialect::V2, JOAN));
    assert!(world.requests().iter().all(|request| request.starts_with("GET /retool/api/v2/")));
}

/// Retool's guide and Retool's own pages name two paths for SCIM. The base URL may contain one.
#[tokio::test]
async fn scim_is_found_under_both_paths_and_under_the_path_of_the_base_url() {
    for (scim_base, path, found) in [
        (ScimBase::Scim, "", "/retool/scim/v2/"),
        (ScimBase::ApiScim, "", "/retool/api/scim/v2/"),
        (ScimBase::ApiScim, "/api/scim/v2", "/retool/api/scim/v2/"),
        (ScimBase::Scim, "/scim/v2/", "/retool/scim/v2/"),
    ] {
        let options = Options { scim_base, ..behind("/retool") };
        let mut world = World::acme_over_with(Dialect::Scim, options).await;
        let base_url = format!("{}{path}", world.mock.base_url());
        world.tenant = tenant_at(base_url, Dialect::Scim, &world);
        let request =
            ProvisionRequest { groups: memberships([named("Support")]), ..nina(Dialect::Scim) };
        done(world.tenant.provision(&request).await);
        assert_eq!(world.groups_of(NEW), ["Support"]);
        let requests = world.mock.requests();
        let elsewhere: Vec<_> =
            requests.iter().filter(|request| !request.path.starts_with(found)).collect();
        let probes = usize::from(scim_base == ScimBase::ApiScim && path.is_empty());
        assert_eq!(elsewhere.len(), probes, "{elsewhere:?}");
        assert!(elsewhere.iter().all(|request| !request.is_write()));
    }
}

/// The component appends the path of an API itself. The message names the path to leave out.
#[tokio::test]
async fn a_base_url_with_the_path_of_an_api_is_refused() {
    for (dialect, path) in [
        (Dialect::V1, "/scim/v2"),
        (Dialect::V2, "/api/SCIM/v2/"),
        (Dialect::V1, "/api/v1"),
        (Dialect::V2, "/api/v1/"),
        (Dialect::Scim, "/api/v1"),
        (Dialect::Auto, "/api/v2"),
    ] {
        let world = World::acme_over(Dialect::V1).await;
        let tenant = tenant_at(format!("{}{path}", world.mock.base_url()), dialect, &world);
        let (case, detail) = failed(tenant.find_user(&by_email(JOAN)).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent denied", "base-url-invalid"),
            "{path}"
        );
        assert_eq!(detail.field.as_deref(), Some("connection.base-url"));
        let named = path.trim_end_matches('/').to_lowercase();
        let end = &named[named.len() - "/api/v1".len()..];
        assert!(detail.message.contains(end), "{}", detail.message);
        assert!(world.requests().is_empty(), "{path}");
    }
}

/// With such a base URL `auto` probes only SCIM, and does not send the token of the REST APIs.
#[tokio::test]
async fn auto_finds_scim_under_the_path_of_the_base_url() {
    let world = World::acme_over(Dialect::Scim).await;
    let base_url = format!("{}/scim/v2", world.mock.base_url());
    let tenant = tenant_at(base_url, Dialect::Auto, &world);
    let joan = done(tenant.find_user(&by_email(JOAN)).await).expect("Joan");
    assert_eq!(joan.id, world.user_id_in(Dialect::Scim, JOAN));
    let requests = world.requests();
    assert!(
        requests.iter().all(|request| request.starts_with("GET /scim/v2/Users")),
        "{requests:?}"
    );
}
