//! What a method and a path mean.

use crate::functions::Function;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// What this is.
    Index,
    /// Whether it answers.
    Health,
    /// The OpenAPI document.
    Description,
    /// A call of a function.
    Function(Function),
    /// There is nothing at this path.
    Nothing,
    /// The path takes these methods only.
    OtherMethod(&'static str),
}

/// Returns the route of a method, e.g. `GET`, and a path, which may have a query.
pub(crate) fn route(method: &str, path: &str) -> Route {
    let path = path.split('?').next().unwrap_or_default();
    let (route, methods) = match path {
        "/" => (Route::Index, DOCUMENT),
        "/healthz" => (Route::Health, DOCUMENT),
        "/openapi.json" => (Route::Description, DOCUMENT),
        _ => match function(path) {
            Some(function) => (Route::Function(function), CALL),
            None => return Route::Nothing,
        },
    };
    if methods.split(", ").any(|other| other == method) {
        route
    } else {
        Route::OtherMethod(methods)
    }
}

const DOCUMENT: &str = "GET, HEAD";
const CALL: &str = "POST";

fn function(path: &str) -> Option<Function> {
    let path = path.strip_prefix("/v1/")?;
    Function::ALL.iter().copied().find(|function| function.path() == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_a_path_that_takes_post_alone() {
        assert!(Function::ALL.iter().any(|function| function.path() == "lifecycle/provision"));
        for function in Function::ALL.iter().copied() {
            let path = "/v1/".to_owned() + function.path();
            assert_eq!(route("POST", &path), Route::Function(function));
            assert_eq!(route("POST", &(path.clone() + "?x=1")), Route::Function(function));
            for method in ["GET", "HEAD", "PUT", "post", "DELETE", "OPTIONS"] {
                assert_eq!(route(method, &path), Route::OtherMethod("POST"), "{method}");
            }
            assert_eq!(route("POST", &(path + "/")), Route::Nothing);
        }
    }

    #[test]
    fn documents_are_read_only() {
        for (path, expected) in [
            ("/", Route::Index),
            ("/healthz", Route::Health),
            ("/openapi.json", Route::Description),
        ] {
            assert_eq!(route("GET", path), expected);
            assert_eq!(route("HEAD", path), expected);
            assert_eq!(route("POST", path), Route::OtherMethod("GET, HEAD"));
        }
        for path in ["", "/v1", "/v1/", "/v1/provision", "/V1/lifecycle/provision", "//healthz"] {
            assert_eq!(route("GET", path), Route::Nothing, "{path}");
        }
    }
}
