//! Conditional reads: a client that names the version it has, in `If-None-Match`, receives 304 while it is current.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::http::{json_response, set_header};
use crate::secrets::Secrets;

/// Only the client itself may keep the answer, and it asks before each use whether the answer is current: rights may
/// have changed.
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Answers a read with a body whose version is known, or with 304 if the client has that version.
pub(super) fn read_answer(request: &HttpRequest, body: Vec<u8>, version: &str) -> HttpResponse {
    let mut response = match names(request, version) {
        true => HttpResponse::new(StatusCode::NOT_MODIFIED),
        false => json_response(StatusCode::OK, body),
    };
    response.headers_mut().insert(CACHE_CONTROL, REVALIDATE);
    set_header(&mut response, "ETag", version);
    response
}

/// The version of a body that no row gives one. Weak, because it says nothing of the rows that a write would change.
pub(super) fn body_version(secrets: &Secrets, body: &[u8]) -> String {
    format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(secrets.fingerprint(body).to_be_bytes()))
}

/// Whether `If-None-Match` names the version. The comparison is the weak one of RFC 9110.
fn names(request: &HttpRequest, version: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let version = opaque(version);
    request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == version)
}
