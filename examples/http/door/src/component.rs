//! The export.

use alloc::string::String;

use crate::answer::{Request, answer};
use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::bindings::wasi::cli::environment::get_environment;
use crate::bindings::wasi::cli::stderr::get_stderr;
use crate::bindings::wasi::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::body;
use crate::configuration::Environment;

struct Door;

impl Guest for Door {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let environment = Environment(get_environment());
        let method = method(request.method());
        let path = request.path_with_query().unwrap_or_default();
        let authorization = request.headers().get("authorization");
        let asked = Request { method: &method, path: &path, authorization: &authorization };
        let answer = answer(&environment, &asked, |most| body::read(&request, most));

        let headers = Fields::new();
        let length = alloc::format!("{}", answer.body.len());
        let all = answer.headers.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in all.chain([("content-length", length.as_str())]) {
            // The names and values are the door's own, and valid.
            let _ = headers.append(name, value.as_bytes());
        }
        let response = OutgoingResponse::new(headers);
        let _ = response.set_status_code(answer.status);
        let out = response.body();
        ResponseOutparam::set(outparam, Ok(response));
        match out {
            Ok(out) if method == "HEAD" => {
                let _ = OutgoingBody::finish(out, None);
            }
            Ok(out) => body::write(out, &answer.body),
            // A response has its body once, and this is the first time.
            Err(()) => {}
        }
        // After the answer: a log that blocks must not keep it from the caller.
        if let Some(line) = &answer.log {
            // There is nowhere else to report that the log is full.
            let _ = get_stderr().blocking_write_and_flush(line.as_bytes());
        }
    }
}

crate::bindings::export!(Door with_types_in crate::bindings);

fn method(method: Method) -> String {
    let name = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => return name,
    };
    name.into()
}
