//! Rewrites errors that actix itself creates into the API's error format.

use actix_cors::CorsError;
use actix_web::HttpResponse;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};

use super::body::{malformed, payload_too_large, unreadable, unsupported_media_type};
use super::error_format::WriteError;
use super::headers::is_json;
use super::request_id::RequestId;
use super::response::{Cause, error_body, method_not_allowed, no_such_route};
use crate::error::ApiError;

/// Rewrites an error; successes and errors in a JSON format of their own are unchanged. Headers stay, such as those
/// of CORS and limits.
pub(crate) fn in_error_form<B>(
    mut response: HttpResponse<B>,
    id: &RequestId,
    write: WriteError,
) -> HttpResponse<EitherBody<B>>
where
    B: MessageBody + 'static,
{
    let Some((status, body)) = replacement(&response, id, write) else {
        return response.map_into_left_body();
    };
    note_cause(&mut response);
    response.map_body(|head, _| {
        head.status = status;
        head.headers.remove(CONTENT_ENCODING);
        head.headers.remove(CONTENT_LENGTH);
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        EitherBody::right(BoxBody::new(body))
    })
}

fn replacement<B>(response: &HttpResponse<B>, id: &RequestId, write: WriteError) -> Option<(StatusCode, Vec<u8>)> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    if let Some(error) = response.error().and_then(|error| error.as_error::<ApiError>()) {
        // In the API's own format, only a 500 must be rewritten: it gets the request id.
        let is_as_wanted = std::ptr::fn_addr_eq(write, error_body as WriteError) && status != 500;
        return (!is_as_wanted).then(|| (status, write(error, Some(id))));
    }
    if !has_actix_form(response) {
        return None;
    }
    let error = response.error().and_then(by_type).unwrap_or_else(|| by_status(status));
    let status = error.kind().status();
    Some((status, write(&error, Some(id))))
}

/// Returns true for plain text or no content type; pages and problem documents of the application have another type.
fn has_actix_form<B>(response: &HttpResponse<B>) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    let plain = content_type.is_none_or(|value| value.as_bytes().starts_with(b"text/plain"));
    plain && !is_json(response.headers())
}

/// Stores the message of actix for the log instead of sending it to the client.
fn note_cause<B>(response: &mut HttpResponse<B>) {
    let wanted = response.status().is_server_error() && !response.extensions().contains::<Cause>();
    let cause = response.error().filter(|_| wanted).map(|error| Cause(error.to_string()));
    if let Some(cause) = cause {
        response.extensions_mut().insert(cause);
    }
}

/// Maps the errors of actix's extractors to the codes that the API uses for the same problems.
fn by_type(error: &actix_web::Error) -> Option<ApiError> {
    if let Some(error) = error.as_error::<JsonPayloadError>() {
        return Some(json_refusal(error));
    }
    if let Some(error) = error.as_error::<PayloadError>() {
        return Some(unreadable(error));
    }
    if error.as_error::<PathError>().is_some() {
        return Some(ApiError::bad_request("InvalidRequestParams", "The path has an invalid value"));
    }
    if error.as_error::<QueryPayloadError>().is_some() {
        return Some(ApiError::bad_request("InvalidRequestQuery", "The query has an invalid value"));
    }
    error.as_error::<CorsError>().map(|_| {
        ApiError::bad_request("CrossOriginRequestRefused", "This origin, method or header is not allowed here")
    })
}

fn json_refusal(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => payload_too_large(),
        JsonPayloadError::ContentType => unsupported_media_type(),
        JsonPayloadError::Payload(error) => unreadable(error),
        _ => malformed("The body is not valid JSON"),
    }
}

fn by_status(status: StatusCode) -> ApiError {
    match status.as_u16() {
        401 => ApiError::login_required(),
        403 => ApiError::not_enough_permissions(),
        404 => no_such_route(),
        405 => method_not_allowed(""),
        406 => ApiError::new(406, "NotAcceptable", "None of the accepted encodings is available"),
        408 => ApiError::new(408, "RequestTimeout", "The request took too long to arrive"),
        413 => payload_too_large(),
        415 => unsupported_media_type(),
        503 => ApiError::unavailable(1),
        500 => internal(),
        other if status.is_client_error() => ApiError::new(other, "BadRequest", "The request cannot be processed"),
        other => ApiError::new(other, "InternalError", internal().message()),
    }
}

fn internal() -> ApiError {
    ApiError::internal("an answer without a cause")
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::error::ErrorInternalServerError;
    use actix_web::http::header::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    async fn formed(response: HttpResponse) -> (u16, Value) {
        let response = in_error_form(response, &RequestId::of(&HeaderMap::new()), error_body);
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body()).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String("not JSON".to_owned())))
    }

    #[actix_web::test]
    async fn what_actix_refuses_has_our_form_and_none_of_its_words() {
        let (status, body) = formed(HttpResponse::from_error(ErrorInternalServerError("hunter2"))).await;
        assert_eq!((status, &body["code"]), (500, &json!("InternalError")));
        assert!(body["meta"]["requestId"].is_string());
        assert!(!body.to_string().contains("hunter2"));
    }

    #[test]
    fn what_actix_would_have_told_the_client_goes_to_the_log() {
        let response = HttpResponse::from_error(ErrorInternalServerError("disk full"));
        let response = in_error_form(response, &RequestId::of(&HeaderMap::new()), error_body);
        assert_eq!(response.extensions().get::<Cause>(), Some(&Cause("disk full".to_owned())));
    }

    #[actix_web::test]
    async fn every_empty_error_gets_a_body() {
        for status in [400, 401, 403, 404, 405, 406, 408, 410, 413, 415, 418, 429, 431, 500, 501, 502, 503, 504] {
            let response = HttpResponse::new(StatusCode::from_u16(status).expect("a status"));
            let (formed, body) = formed(response).await;
            assert_eq!((formed, &body["status"]), (status, &json!("error")));
        }
    }

    #[actix_web::test]
    async fn an_errors_own_json_and_html_stay() {
        let own = HttpResponse::BadRequest().json(json!({ "success": false }));
        assert_eq!(formed(own).await, (400, json!({ "success": false })));
        let page = HttpResponse::NotFound().content_type("text/html").body("<h1>Gone</h1>");
        assert_eq!(formed(page).await, (404, json!("not JSON")));
    }

    #[actix_web::test]
    async fn an_api_errors_meta_survives_unless_it_is_a_500() {
        let error = ApiError::bad_request("A", "b").with_meta(json!({ "errors": [] }));
        assert_eq!(formed(HttpResponse::from_error(error)).await.1["meta"], json!({ "errors": [] }));
        let error = ApiError::internal("x").with_meta(json!({ "errors": [] }));
        assert!(formed(HttpResponse::from_error(error)).await.1["meta"]["requestId"].is_string());
    }
}
