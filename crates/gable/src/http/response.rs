//! An `ApiError` as a response: `{ status, code, message, meta }`. The cause is only logged.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, ResponseError, web};
use serde::Serialize;
use serde_json::{Value, json};

use super::request_id::RequestId;
use crate::error::ApiError;

/// The cause of a failure, stored in the response's extensions for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause(pub(crate) String);

#[derive(Serialize)]
struct Body<'a> {
    status: &'static str,
    code: &'a str,
    message: &'a str,
    meta: &'a Value,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind().status()
    }

    /// Contains no request id; `transport` adds it to a 500.
    fn error_response(&self) -> HttpResponse {
        error_response(self, None)
    }
}

pub(crate) fn error_response(error: &ApiError, id: Option<&RequestId>) -> HttpResponse {
    let mut response = HttpResponse::build(error.status_code());
    for (name, value) in error.headers() {
        // An invalid header value, such as one with a line break, is left out and cannot split the response.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            response.insert_header((name, value));
        }
    }
    let mut response = response.content_type("application/json").body(error_body(error, id));
    if let Some(cause) = cause_chain(error) {
        response.extensions_mut().insert(Cause(cause));
    }
    response
}

/// Writes the JSON of an error. `meta` is an empty object if there are no details; for a 500 it contains only the
/// request id.
pub(super) fn error_body(error: &ApiError, id: Option<&RequestId>) -> Vec<u8> {
    let meta = match error.status() {
        500 => id.map(|id| json!({ "requestId": id.as_str() })),
        _ => error.meta(),
    };
    let meta = meta.unwrap_or_else(|| json!({}));
    let body = Body { status: "error", code: error.code(), message: error.message(), meta: &meta };
    serde_json::to_vec(&body).expect("strings and a JSON value serialize")
}

/// The internal cause and its sources, outermost first: `saving the post: connection refused: …`.
fn cause_chain(error: &ApiError) -> Option<String> {
    let first = error.cause()?;
    let deeper = std::iter::successors(first.source(), |cause| cause.source());
    let chain = std::iter::once(first.to_string()).chain(deeper.map(ToString::to_string));
    Some(chain.collect::<Vec<_>>().join(": "))
}

/// Creates a response from a body that is already JSON.
pub(crate) fn json_response(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    HttpResponse::build(status).content_type("application/json").body(body)
}

/// Sets a header of the runtime; an invalid value is left out.
pub(crate) fn set_header(response: &mut HttpResponse, name: &'static str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}

/// The application's default service: 404 for a path without a route.
pub(crate) async fn route_not_found() -> Result<HttpResponse, ApiError> {
    Err(no_such_route())
}

pub(super) fn no_such_route() -> ApiError {
    ApiError::new(404, "RouteNotFound", "There is no such route")
}

/// 405; `allowed` lists the methods of the path, such as `GET, POST`.
pub(crate) fn method_not_allowed(allowed: &str) -> ApiError {
    ApiError::new(405, "MethodNotAllowed", "This route does not take this method").with_header("Allow", allowed.into())
}

/// Creates a route that supports GET and HEAD, whose body the server leaves out; any other method is a 405.
pub(crate) fn get_only<F, Args>(path: &'static str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let refuse = || async { Err::<HttpResponse, _>(method_not_allowed("GET")) };
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(refuse))
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::http::header::HeaderMap;

    use super::*;

    async fn body(response: HttpResponse) -> Value {
        let bytes = to_bytes(response.into_body()).await.expect("a body");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[actix_web::test]
    async fn an_error_has_the_documented_form() {
        let error = ApiError::conflict("PostSlugUniqueConstraint", "taken").with_meta(json!({ "field": "slug" }));
        let response = error_response(&error, None);
        assert_eq!(response.status().as_u16(), 409);
        let expected = json!({
            "status": "error", "code": "PostSlugUniqueConstraint", "message": "taken", "meta": { "field": "slug" }
        });
        assert_eq!(body(response).await, expected);
    }

    #[actix_web::test]
    async fn an_error_without_details_has_an_empty_meta() {
        let body = body(error_response(&ApiError::not_found("Post"), None)).await;
        assert_eq!(body, json!({ "status": "error", "code": "PostNotFound", "message": "Post not found", "meta": {} }));
    }

    #[actix_web::test]
    async fn a_500_tells_the_client_the_request_id_and_the_log_the_cause() {
        let cause = std::io::Error::other("password hunter2 refused");
        let error = ApiError::internal(cause).with_meta(json!({ "sql": "SELECT" }));
        let id = RequestId::of(&HeaderMap::new());
        let response = error_response(&error, Some(&id));
        assert_eq!(response.extensions().get::<Cause>(), Some(&Cause("password hunter2 refused".to_owned())));
        let body = body(response).await;
        assert_eq!(body["meta"], json!({ "requestId": id.as_str() }));
        assert!(!body.to_string().contains("hunter2") && !body.to_string().contains("SELECT"));
    }

    #[test]
    fn a_header_value_with_a_line_break_is_left_out() {
        let error = ApiError::bad_request("A", "b").with_header("Location", "/\r\nSet-Cookie: a=b".to_owned());
        assert!(!error_response(&error, None).headers().contains_key("Location"));
    }

    #[test]
    fn a_405_lists_what_is_allowed() {
        let response = error_response(&method_not_allowed("GET, POST"), None);
        assert_eq!(response.headers().get("Allow").expect("a list"), "GET, POST");
    }
}
