//! Defects of a component that concludes too much from a response: from a listing that contradicts
//! itself, or from a refusal.

use std::cell::Cell;
use std::rc::Rc;

use mock_retool::Dialect;
use retool_lifecycle::http::{Limits, Local, Method, Request, Response, Transport, TransportError};
use retool_lifecycle::sync::report::{PersonOutcome, SyncReport};
use serde_json::{Value, json};

use super::Defect;
use super::planted::edit_object;
use crate::dialects::{DialectWire, dialect_wire};
use crate::parse_request::parse_request;
use crate::request::{ListQuery, ParsedRequest};

/// Wraps a connection to a server of this dialect in one with a defect, for one call.
pub(super) fn wrap(
    dialect: Dialect,
    defect: Defect,
    inner: Rc<dyn Transport>,
) -> Rc<dyn Transport> {
    let (ends, refused) = Default::default();
    Rc::new(Hasty { inner, dialect, defect, ends, refused })
}

/// Calls a report complete if everyone in it is done, or was met although the listing lacked them.
pub(super) fn call_complete(report: &mut SyncReport) {
    report.complete |= report.people.iter().all(|person| {
        person.outcome.is_done() || matches!(person.outcome, PersonOutcome::Stale(_))
    });
}

/// A connection to the server with a defect.
struct Hasty {
    inner: Rc<dyn Transport>,
    dialect: Dialect,
    defect: Defect,
    /// Whether the total of the first page is its length.
    ends: Cell<bool>,
    /// The status with which a listing was refused.
    refused: Cell<Option<u16>>,
}

impl Transport for Hasty {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let parsed = parse_request(self.dialect, request);
            let mut request = request.clone();
            if self.defect == Defect::PutOnlyTheChange && request.method == Method::Put {
                let kept = |name: &&str| parsed.body.get(name).is_some();
                let names = ["schemas", "id", "userName", "active"].into_iter().filter(kept);
                let body: Value = names.map(|name| (name, parsed.body[name].clone())).collect();
                request.body = Some(body.to_string().into_bytes());
            }
            let lists = parsed.lists_users() && parsed.address().is_none();
            if let (Defect::GiveUpAtARefusedPage, true, Some(status)) =
                (self.defect, lists, self.refused.get())
            {
                let body = json!({"message": "the page is too large"}).to_string().into_bytes();
                let content_type = Some("application/json".into());
                return Ok(Response { status, content_type, body, ..Response::default() });
            }
            let mut result = self.inner.send(&request, limits).await;
            if self.defect == Defect::IgnoreTheConflict
                && request.if_match.is_some()
                && result.as_ref().is_ok_and(|response| response.status == 412)
            {
                request.if_match = None;
                result = self.inner.send(&request, limits).await;
            }
            if let (true, Ok(response)) = (lists, &mut result) {
                self.listed(&parsed, response);
            }
            result
        })
    }
}

impl Hasty {
    fn listed(&self, parsed: &ParsedRequest, response: &mut Response) {
        let wire = dialect_wire(self.dialect);
        match self.defect {
            Defect::GiveUpAtARefusedPage if matches!(response.status, 400 | 422) => {
                self.refused.set(Some(response.status));
            }
            Defect::TrustThePageTotal => edit_object(response, |page| {
                let length = wire.items(page).map(|items| items.len());
                let total = wire.total(page).and_then(|total| total.as_u64());
                match parsed.list_query {
                    ListQuery::FirstPage => {
                        self.ends.set(length.is_some() && length.map(|all| all as u64) == total);
                    }
                    _ if self.ends.get() => wire.items(page).into_iter().for_each(Vec::clear),
                    _ => {}
                }
            }),
            Defect::OverlookUnusableRecords => edit_object(response, |page| {
                let Some(items) = wire.items(page) else { return };
                let before = items.len();
                items.retain_mut(|record| is_usable(wire, record));
                let dropped = before - items.len();
                if let Some(total) = wire.total(page)
                    && let Some(stated) = total.as_u64()
                {
                    *total = json!(stated.saturating_sub(dropped as u64));
                }
            }),
            _ => {}
        }
    }
}

/// Whether a record has an address, and a name of the documented type.
fn is_usable(wire: &dyn DialectWire, record: &mut Value) -> bool {
    let is_odd = ["firstName", "first_name", "name"].iter().any(|name| record[name].is_array());
    let address = wire.address(record).and_then(|address| address.as_str());
    !is_odd && address.is_some_and(|address| !address.is_empty())
}
