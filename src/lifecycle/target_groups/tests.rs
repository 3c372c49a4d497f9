use alloc::format;
use alloc::rc::Rc;
use alloc::string::ToString;
use core::cell::{Cell, OnceCell, RefCell};

use super::*;
use crate::config::Settings;
use crate::http::{BaseUrl, Client, Clock, Method, Secret, TransportError};
use crate::retool::v1::V1;
use crate::testing::platform::{FakeClock, FakePlatform, Reply};

/// A server that loses the responses to the first `lost` creations, and creates those groups if
/// `done`. A group is visible only `stale_ms` after its creation.
struct Server {
    fake: FakePlatform,
    created: Rc<Cell<u32>>,
}

fn server(lost: u32, done: bool, stale_ms: u64) -> Server {
    let clock: Rc<OnceCell<Rc<FakeClock>>> = Rc::default();
    let created: Rc<Cell<u32>> = Rc::default();
    let (its_clock, its_created) = (Rc::clone(&clock), Rc::clone(&created));
    let (times, posts) = (RefCell::new(Vec::new()), Cell::new(0));
    let fake = FakePlatform::new(move |request| {
        let now = its_clock.get().expect("a clock").monotonic_ms();
        let group = |id: usize| format!(r#"{{"id":{},"name":"Legal","members":[]}}"#, id + 1);
        if request.method == Method::Post {
            posts.set(posts.get() + 1);
            let loses = posts.get() <= lost;
            if done || !loses {
                times.borrow_mut().push(now);
                its_created.set(its_created.get() + 1);
            }
            return if loses {
                Reply::fails(TransportError::Failed)
            } else {
                Reply::json(200, group(times.borrow().len() - 1))
            };
        }
        let times = times.borrow();
        let visible: Vec<_> =
            (0..times.len()).filter(|at| times[*at] + stale_ms <= now).map(group).collect();
        Reply::json(200, format!(r#"{{"groups":[{}]}}"#, visible.join(",")))
    });
    assert!(clock.set(fake.clock()).is_ok());
    Server { fake, created }
}

impl Server {
    fn create(&self) -> (Result<Group>, Vec<crate::domain::Write>) {
        let base = BaseUrl::parse("https://acme.retool.com").expect("a URL");
        let secret = Secret::new("t0ken".to_string());
        let directory =
            V1::new(Client::new(self.fake.platform(), base, secret, Settings::default()));
        let mut write_log = WriteLog::default();
        let group = self.fake.run(create_group_once(&directory, "Legal", &[], &mut write_log));
        (group, write_log.into_writes())
    }
}

/// Servers accept two groups with one name, which may go unnoticed for a long time.
#[test]
fn a_group_that_is_visible_late_is_not_created_twice() {
    for stale_ms in [0, 50, 500, 1_000, 1_400] {
        let server = server(1, true, stale_ms);
        let (group, writes) = server.create();
        assert_eq!(group.expect("a group").id.value, "1", "{stale_ms}");
        assert_eq!(server.created.get(), 1, "{stale_ms}");
        let [write] = &writes[..] else { panic!("{writes:?}") };
        assert!(write.confirmed);
    }
}

#[test]
fn a_group_whose_creation_failed_is_created_by_the_retry() {
    let server = server(1, false, 0);
    let (group, writes) = server.create();
    assert_eq!(group.expect("a group").id.value, "1");
    assert_eq!((server.created.get(), writes.len()), (1, 1));
}

#[test]
fn a_group_whose_creation_gets_no_response_is_unconfirmed() {
    let server = server(u32::MAX, false, 0);
    let (group, writes) = server.create();
    assert!(group.expect_err("no group").maybe_applied);
    let [write] = &writes[..] else { panic!("{writes:?}") };
    assert!(!write.confirmed);
}
