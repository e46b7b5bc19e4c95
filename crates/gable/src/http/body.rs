//! Reads JSON bodies: limited in size and time, uncompressed, strict. The module `input` interprets the JSON.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName};
use actix_web::web::Bytes;
use futures_core::Stream;
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::load::RequestLoad;
use crate::error::ApiError;
use crate::model::input::json;
use crate::model::input::json::ParseError;

/// Maximum time for a client to send a body: a slow client must not hold a connection forever.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Memory that the values of a body may take, as a multiple of its size limit. Ordinary bodies take two to ten times
/// their text, many small objects a hundred times.
const MEMORY_FACTOR: usize = 16;
/// The memory of a body with a lower limit is computed from this limit.
const MIN_LIMIT_FOR_MEMORY: usize = 256 * 1024;

/// Reads a JSON document of at most `limit` bytes. `payload` is `web::Payload` or `dev::Payload`.
pub(crate) async fn read_json<S>(req: &HttpRequest, payload: &mut S, limit: usize) -> Result<Value, ApiError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    read_value(req, payload, limit).await?.ok_or_else(|| malformed("The request has no body"))
}

/// Like `read_json`, but yields `None` for an empty body.
async fn read_value<S>(req: &HttpRequest, payload: &mut S, limit: usize) -> Result<Option<Value>, ApiError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    if let Some(refusal) = refusal(req.headers(), limit) {
        return Err(refusal);
    }
    let bytes = read_whole(req, payload, limit).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    parse(req, &bytes, limit).map(Some)
}

/// Parses a complete body; from then on the memory of its values is counted instead of its bytes.
fn parse(req: &HttpRequest, bytes: &[u8], limit: usize) -> Result<Value, ApiError> {
    let load = RequestLoad::of(req);
    let room = load.as_ref().map_or(usize::MAX, |load| load.max_body());
    let parsed = json::parse(bytes, max_memory(limit).min(room)).map_err(|error| match error {
        ParseError::Malformed(error) => malformed_at(&error),
        ParseError::TooLarge => too_many_values(),
    })?;
    if let Some(load) = &load {
        load.exchange_body(parsed.memory)?;
    }
    Ok(parsed.value)
}

/// Returns the bytes of memory that the values of a body may take.
fn max_memory(limit: usize) -> usize {
    limit.max(MIN_LIMIT_FOR_MEMORY).saturating_mul(MEMORY_FACTOR)
}

async fn read_whole<S>(req: &HttpRequest, payload: &mut S, limit: usize) -> Result<Vec<u8>, ApiError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let Some(load) = RequestLoad::of(req) else { return read_in_time(payload, limit, None).await };
    load.expect_body(content_length(req.headers()).unwrap_or_default() as usize)?;
    let bytes = read_in_time(payload, limit, Some(&load)).await?;
    load.enter().await?;
    Ok(bytes)
}

/// Reads a body that is an object, as for every write of one row.
pub(crate) async fn read_object<S>(
    req: &HttpRequest,
    payload: &mut S,
    limit: usize,
) -> Result<Map<String, Value>, ApiError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    object(read_json(req, payload, limit).await?)
}

fn object(body: Value) -> Result<Map<String, Value>, ApiError> {
    match body {
        Value::Object(object) => Ok(object),
        _ => Err(ApiError::bad_request("InvalidRequestBody", "The body must be a JSON object")),
    }
}

/// Like `read_object`, but an empty body of any content type counts as an empty object.
pub(crate) async fn read_object_if_any<S>(
    req: &HttpRequest,
    payload: &mut S,
    limit: usize,
) -> Result<Map<String, Value>, ApiError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let refusal = refusal(req.headers(), limit);
    // A body with a `Content-Length` above the limit is refused before it is read.
    let (refusal, limit) = match (refusal, content_length(req.headers())) {
        (Some(refusal), Some(1..)) => return Err(refusal),
        (Some(refusal), _) => (Some(refusal), 1),
        (None, _) => (None, limit),
    };
    let bytes = read_whole(req, payload, limit).await;
    match (bytes, refusal) {
        (Ok(bytes), _) if bytes.is_empty() => Ok(Map::new()),
        (_, Some(refusal)) => Err(refusal),
        (bytes, None) => object(parse(req, &bytes?, limit)?),
    }
}

/// Reads a body that is a list of at least one element, as for a write of many rows.
pub(crate) async fn read_array<S>(req: &HttpRequest, payload: &mut S, limit: usize) -> Result<Vec<Value>, ApiError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    match read_value(req, payload, limit).await? {
        Some(Value::Array(list)) if !list.is_empty() => Ok(list),
        _ => Err(ApiError::bad_request(
            "MissingArrayRequestBody",
            "The body must be a JSON array of at least one element",
        )),
    }
}

pub(super) fn payload_too_large() -> ApiError {
    ApiError::new(413, "PayloadTooLarge", "The request body is too large")
}

fn too_many_values() -> ApiError {
    ApiError::new(413, "PayloadTooLarge", "The request body has too many objects, lists or values")
}

fn too_slow() -> ApiError {
    ApiError::new(408, "RequestTimeout", "The request body took too long to arrive")
}

pub(super) fn unsupported_media_type() -> ApiError {
    ApiError::new(415, "UnsupportedMediaType", "The request body must be application/json in UTF-8, uncompressed")
}

pub(super) fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("MalformedJson", message)
}

/// Returns the error for a body that can be refused by its headers.
fn refusal(headers: &HeaderMap, limit: usize) -> Option<ApiError> {
    if !text(headers, &CONTENT_TYPE).is_some_and(is_json_type) || !is_plain(headers) {
        return Some(unsupported_media_type());
    }
    content_length(headers).filter(|length| *length > limit as u64).map(|_| payload_too_large())
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Accepts `application/json` or `application/…+json`, with no parameter but `charset=utf-8`.
fn is_json_type(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let subtype = essence.strip_prefix("application/");
    let json = subtype.is_some_and(|subtype| subtype == "json" || subtype.len() > 5 && subtype.ends_with("+json"));
    json && parts.all(|parameter| parameter.is_empty() || is_utf8(&parameter))
}

fn is_utf8(parameter: &str) -> bool {
    parameter.strip_prefix("charset=").is_some_and(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8"))
}

/// Refuses compressed bodies: a few kilobytes could expand to gigabytes.
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

async fn read_in_time<S>(payload: &mut S, limit: usize, load: Option<&RequestLoad>) -> Result<Vec<u8>, ApiError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    tokio::time::timeout(BODY_TIMEOUT, read_bytes(payload, limit, load)).await.map_err(|_| too_slow())?
}

/// Reads the payload. While it waits for the client, the request gives up its slot, so that other requests can be
/// processed.
async fn read_bytes<S>(payload: &mut S, limit: usize, load: Option<&RequestLoad>) -> Result<Vec<u8>, ApiError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let mut bytes = Vec::new();
    let next = |payload: &mut S, context: &mut Context<'_>| {
        let polled = Pin::new(payload).poll_next(context);
        if polled.is_pending() {
            load.inspect(|load| load.leave());
        }
        polled
    };
    while let Some(chunk) = poll_fn(|context| next(&mut *payload, context)).await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        if bytes.len() + chunk.len() > limit {
            return Err(payload_too_large());
        }
        if let Some(load) = load {
            load.hold_body(chunk.len())?;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(super) fn unreadable(error: &PayloadError) -> ApiError {
    match error {
        PayloadError::Overflow => payload_too_large(),
        PayloadError::EncodingCorrupted => unsupported_media_type(),
        _ => malformed("The request body ended too early"),
    }
}

/// Reports the position of a syntax error, not the parser's message, which could repeat a value.
fn malformed_at(error: &serde_json::Error) -> ApiError {
    let problem = match error.classify() {
        Category::Eof => "The body ends in the middle of its JSON",
        Category::Data => "The body gives a key twice",
        Category::Syntax | Category::Io => "The body is not valid JSON",
    };
    malformed(format!("{problem} (line {}, column {})", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const LIMIT: usize = 1024;

    async fn read(request: TestRequest) -> Result<Value, ApiError> {
        let (request, mut payload) = request.to_http_parts();
        read_json(&request, &mut payload, LIMIT).await
    }

    fn json_body(body: impl Into<Bytes>) -> TestRequest {
        TestRequest::post().insert_header(("Content-Type", "application/json")).set_payload(body)
    }

    async fn refusal(request: TestRequest) -> (u16, String, String) {
        let error = read(request).await.expect_err("a refusal");
        (error.status(), error.code().to_owned(), error.message().to_owned())
    }

    #[actix_web::test]
    async fn every_content_type_of_json_is_accepted() {
        for name in ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"] {
            let request = TestRequest::patch().insert_header(("Content-Type", name)).set_payload("{\"a\":1}");
            assert_eq!(read(request).await.expect("JSON"), serde_json::json!({ "a": 1 }), "{name}");
        }
    }

    #[actix_web::test]
    async fn any_other_content_type_is_415() {
        let others = ["text/plain", "application/json; charset=latin1", "application/x-www-form-urlencoded", "json"];
        for name in others {
            let request = TestRequest::post().insert_header(("Content-Type", name)).set_payload("{}");
            assert_eq!(refusal(request).await.0, 415, "{name}");
        }
        let (status, code, _) = refusal(TestRequest::post().set_payload("{}")).await;
        assert_eq!((status, code.as_str()), (415, "UnsupportedMediaType"), "none at all");
    }

    #[actix_web::test]
    async fn a_compressed_body_is_415() {
        assert_eq!(refusal(json_body("{}").insert_header(("Content-Encoding", "gzip"))).await.0, 415);
        assert!(read(json_body("{}").insert_header(("Content-Encoding", "identity"))).await.is_ok());
    }

    #[actix_web::test]
    async fn a_body_of_the_limit_passes_and_one_byte_more_is_413() {
        let sized = |size: usize| json_body(format!("\"{}\"", "a".repeat(size - 2)));
        assert!(read(sized(LIMIT)).await.is_ok());
        let (status, code, _) = refusal(sized(LIMIT + 1)).await;
        assert_eq!((status, code.as_str()), (413, "PayloadTooLarge"));
    }

    #[actix_web::test]
    async fn a_length_over_the_limit_is_413_before_anything_is_read() {
        let (request, _) = json_body("{}").insert_header(("Content-Length", "1025")).to_http_parts();
        let mut unread = Unread;
        assert_eq!(read_json(&request, &mut unread, LIMIT).await.expect_err("a refusal").status(), 413);
    }

    struct Unread;

    impl Stream for Unread {
        type Item = Result<Bytes, PayloadError>;

        fn poll_next(
            self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Bytes, PayloadError>>> {
            panic!("the body was read")
        }
    }

    #[actix_web::test]
    async fn malformed_json_names_the_place_and_no_value() {
        let bodies: [&[u8]; 7] = [
            b"{\n  \"password\": hunter2 }",
            b"{\"hunter2\": 1, \"hunter2\": 2}",
            b"[\"hunter2\"",
            b"\"hunter2\" \"more\"",
            b"\"hunter2 \xff\"",
            b"1e999",
            b"{\"a\":\"hunter2\n\"}",
        ];
        for body in bodies {
            let (status, code, message) = refusal(json_body(body.to_vec())).await;
            assert_eq!((status, code.as_str()), (400, "MalformedJson"), "{message}");
            assert!(message.contains("line ") && !message.contains("hunter2"), "{message}");
        }
    }

    #[actix_web::test]
    async fn a_repeated_key_is_named_as_the_cause() {
        assert!(refusal(json_body("{\"a\":1,\"a\":2}")).await.2.starts_with("The body gives a key twice"));
    }

    #[actix_web::test]
    async fn a_tower_of_brackets_is_400() {
        assert_eq!(refusal(json_body("[".repeat(1000))).await.1, "MalformedJson");
    }

    #[actix_web::test]
    async fn an_empty_body_is_400() {
        assert_eq!(refusal(json_body("")).await, (400, "MalformedJson".into(), "The request has no body".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let req = TestRequest::post().insert_header(("Content-Type", "application/json")).to_http_request();
        let mut payload = Silent;
        let error = read_json(&req, &mut payload, LIMIT).await.expect_err("a refusal");
        assert_eq!((error.status(), error.code()), (408, "RequestTimeout"));
    }

    /// A client that is connected and sends nothing.
    struct Silent;

    impl Stream for Silent {
        type Item = Result<Bytes, PayloadError>;

        fn poll_next(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Pending
        }
    }

    #[actix_web::test]
    async fn the_top_level_must_be_what_the_operation_takes() {
        let (request, mut payload) = json_body("[]").to_http_parts();
        assert_eq!(read_object(&request, &mut payload, LIMIT).await.expect_err("a list").code(), "InvalidRequestBody");
        let (request, mut payload) = json_body("{}").to_http_parts();
        assert_eq!(
            read_array(&request, &mut payload, LIMIT).await.expect_err("an object").code(),
            "MissingArrayRequestBody"
        );
    }
}
