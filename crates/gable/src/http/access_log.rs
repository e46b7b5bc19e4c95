//! One log line per request. It never contains the query string or a token in the path.

use std::borrow::Cow;
use std::time::Instant;

use actix_web::{HttpMessage, HttpRequest};

use super::probe;
use super::request_id::RequestId;
use super::response::Cause;

/// The id of the caller's account, which authentication stores in the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct LoggedAccount(pub(crate) String);

/// Path parameters that are as secret as a password.
const SECRET_PARAMETERS: [&str; 2] = ["token", "code"];
/// A path segment with at least this many characters may be a one-time token, which has 54. An id has 36.
const AS_LONG_AS_A_SECRET: usize = 48;
/// Replaces text that must not be logged.
const HIDDEN: &str = "-";

/// The fields of a log line.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    method: &'a str,
    /// `/api/posts/{id}`
    route: Option<String>,
    path: Cow<'a, str>,
    status: u16,
    duration_ms: f64,
    request_id: &'a str,
    account: Option<String>,
    cause: Option<String>,
}

/// Writes the line of a request once its status is known.
pub(crate) fn write(req: &HttpRequest, status: u16, cause: Option<Cause>, id: &RequestId, started: Instant) {
    let line = line(req, status, cause, id, started.elapsed().as_secs_f64() * 1000.0);
    match status {
        500.. => error(&line),
        // A probe every second would hide the other lines.
        _ if probe::is_probe(&line.path) => debug(&line),
        _ => info(&line),
    }
}

/// Writes the line of a request that was refused because of the load; the warning of `load` counts these requests.
pub(crate) fn write_refused(req: &HttpRequest, status: u16, id: &RequestId, started: Instant) {
    debug(&line(req, status, None, id, started.elapsed().as_secs_f64() * 1000.0));
}

fn line<'a>(req: &'a HttpRequest, status: u16, cause: Option<Cause>, id: &'a RequestId, duration_ms: f64) -> Line<'a> {
    let secret = req.match_info().iter().any(|(name, _)| SECRET_PARAMETERS.contains(&name));
    Line {
        method: req.method().as_str(),
        route: req.match_pattern(),
        path: if secret { HIDDEN.into() } else { without_secrets(req.path()) },
        status,
        duration_ms,
        request_id: id.as_str(),
        account: req.extensions().get::<LoggedAccount>().map(|account| account.0.clone()),
        cause: cause.map(|cause| cause.0),
    }
}

/// Hides long segments: a link that a mail program or a proxy has altered matches no route whose parameters name the
/// token, but the token may still be valid.
fn without_secrets(path: &str) -> Cow<'_, str> {
    let is_long = |segment: &str| segment.len() >= AS_LONG_AS_A_SECRET;
    if !path.split('/').any(is_long) {
        return path.into();
    }
    let segments = path.split('/').map(|segment| if is_long(segment) { HIDDEN } else { segment });
    segments.collect::<Vec<_>>().join("/").into()
}

/// Defines a function per level, because tracing requires the level to be a constant.
macro_rules! lines {
    ($($level:ident),*) => {$(
        fn $level(line: &Line<'_>) {
            tracing::$level!(
                target: "gable::request",
                method = line.method,
                route = line.route.as_deref(),
                path = line.path.as_ref(),
                status = line.status,
                duration_ms = line.duration_ms,
                request_id = line.request_id,
                account = line.account.as_deref(),
                cause = line.cause.as_deref(),
            );
        }
    )*};
}

lines!(error, info, debug);

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;
    use actix_web::test::{self, TestRequest};
    use actix_web::{App, HttpResponse, web};

    use super::*;

    async fn logged(pattern: &str, uri: &str) -> (Option<String>, String) {
        let app = test::init_service(App::new().route(pattern, web::get().to(HttpResponse::Ok))).await;
        let response = test::call_service(&app, TestRequest::get().uri(uri).to_request()).await;
        let id = RequestId::of(&HeaderMap::new());
        let line = line(response.request(), 200, None, &id, 1.0);
        (line.route, line.path.into_owned())
    }

    #[actix_web::test]
    async fn the_query_string_stays_out_of_the_log() {
        let expected = (Some("/posts/{id}".to_owned()), "/posts/7".to_owned());
        assert_eq!(logged("/posts/{id}", "/posts/7?filter=secret").await, expected);
    }

    #[actix_web::test]
    async fn a_token_in_the_path_stays_out_of_the_log() {
        let expected = (Some("/verify-email/{token}".to_owned()), "-".to_owned());
        assert_eq!(logged("/verify-email/{token}", "/verify-email/s3cret").await, expected);
    }

    #[test]
    fn a_link_that_matches_no_route_is_logged_without_its_token() {
        let token = "s3cret".repeat(9);
        for (path, logged) in [
            (format!("/hook/verify-email/{token}/"), "/hook/verify-email/-/"),
            (format!("/hook/verify-email/{token}/x"), "/hook/verify-email/-/x"),
            (format!("/auth/verify-email%3Ftoken={token}"), "/auth/-"),
            (format!("/{token}%2F"), "/-"),
            ("/posts/01890a5d-ac96-774b-bcce-b302099a8057".into(), "/posts/01890a5d-ac96-774b-bcce-b302099a8057"),
            ("/".into(), "/"),
        ] {
            assert_eq!(without_secrets(&path), logged);
        }
    }

    #[actix_web::test]
    async fn a_line_names_the_account_and_the_cause() {
        let request = TestRequest::get().to_http_request();
        request.extensions_mut().insert(LoggedAccount("ada".to_owned()));
        let id = RequestId::of(&HeaderMap::new());
        let line = line(&request, 500, Some(Cause("disk full".to_owned())), &id, 1.0);
        assert_eq!((line.account.as_deref(), line.cause.as_deref()), (Some("ada"), Some("disk full")));
    }
}
