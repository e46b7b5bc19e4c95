use std::cell::RefCell;
use std::sync::LazyLock;

use actix_web::dev::Service;
use actix_web::test::{self, TestRequest};
use actix_web::{HttpResponse, web};
use serde_json::Value;

use super::super::response::route_not_found;
use super::*;
use crate::error::ApiError;
use crate::meta::RateLimit;
use crate::settings::LoadLimits;

const ORIGINS: &[&str] = &["https://shop.example.com"];

fn open() -> Transport {
    Transport {
        proxies: Arc::default(),
        public_by_tls: false,
        limits: Arc::new(RateLimits::off()),
        origins: ORIGINS,
        formats: ErrorFormats::default(),
        load: Load::new(LoadLimits { requests: 100, body_bytes: 1024 * 1024, answer_bytes: 1024 * 1024 }),
        stopping: Stopping::default(),
    }
}

fn trusting(proxy: &str) -> Arc<Proxies> {
    Arc::new(Proxies { trusted: vec![proxy.parse().expect("a network")], ..Proxies::default() })
}

fn limited_to(max: u32) -> Transport {
    Transport { limits: Arc::new(RateLimits::in_process(RateLimit { window_ms: 60_000, max })), ..open() }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/ok", web::get().to(|| async { HttpResponse::Ok().json(vec!["a long enough list"; 50]) }))
        .route("/broken", web::get().to(|| async { Err::<HttpResponse, _>(ApiError::internal("hunter2")) }))
        .route("/number/{n}", web::get().to(|n: web::Path<u8>| async move { n.to_string() }))
        .route("/json", web::post().to(|_: web::Json<Value>| async { "read" }))
        .route("/health/live", web::get().to(HttpResponse::Ok))
        .default_service(web::to(route_not_found));
}

/// Sends requests one after another and returns the last answer.
async fn last_answer(stage: &Transport, requests: Vec<TestRequest>) -> (HttpResponse, Value) {
    let app = test::init_service(transport(App::new(), stage).configure(routes)).await;
    let mut last = None;
    for request in requests {
        let response = app.call(request.to_request()).await.expect("an answer");
        last = Some(response.into_parts().1);
    }
    let response = last.expect("a request").map_into_boxed_body();
    let (head, body) = response.into_parts();
    let bytes = actix_web::body::to_bytes(body).await.expect("a body");
    (head.set_body(actix_web::body::BoxBody::new("")), serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn answer(stage: &Transport, request: TestRequest) -> (HttpResponse, Value) {
    last_answer(stage, vec![request]).await
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().expect("text"))
}

#[actix_web::test]
async fn every_answer_has_a_request_id_and_security_headers() {
    let requests = [
        TestRequest::get().uri("/ok"),
        TestRequest::get().uri("/broken"),
        TestRequest::get().uri("/nowhere"),
        TestRequest::get().uri("/number/many"),
        TestRequest::delete().uri("/ok"),
        TestRequest::get().uri("/ok").insert_header(("Accept-Encoding", "identity;q=0")),
        TestRequest::default()
            .method(actix_web::http::Method::OPTIONS)
            .uri("/ok")
            .insert_header(("Origin", "https://evil.example.com"))
            .insert_header(("Access-Control-Request-Method", "GET")),
    ];
    for request in requests {
        let (response, _) = answer(&open(), request).await;
        let status = response.status();
        assert_eq!(header(&response, "X-Content-Type-Options"), Some("nosniff"), "{status}");
        assert_eq!(header(&response, "X-Frame-Options"), Some("DENY"), "{status}");
        assert!(header(&response, "X-Request-Id").is_some_and(|id| id.len() == 36), "{status}");
    }
}

#[actix_web::test]
async fn every_refusal_has_the_form_of_our_errors() {
    let cases = [
        (TestRequest::get().uri("/nowhere"), 404, "RouteNotFound"),
        (TestRequest::get().uri("/number/many"), 404, "RouteNotFound"),
        (TestRequest::get().uri("/broken"), 500, "InternalError"),
        (TestRequest::post().uri("/json").set_payload("{}"), 415, "UnsupportedMediaType"),
        (TestRequest::post().uri("/json").set_json("x").set_payload("{"), 400, "MalformedJson"),
        (TestRequest::get().uri("/ok").insert_header(("Accept-Encoding", "identity;q=0")), 406, "NotAcceptable"),
    ];
    for (request, status, code) in cases {
        let (response, body) = answer(&open(), request).await;
        assert_eq!((response.status().as_u16(), body["code"].as_str()), (status, Some(code)));
        assert_eq!(body["status"], "error");
        assert_eq!(header(&response, "Content-Type"), Some("application/json"));
    }
}

#[actix_web::test]
async fn a_500_names_the_request_and_hides_the_cause_even_when_compressed() {
    let request = TestRequest::get().uri("/broken").insert_header(("X-Request-Id", "r-1"));
    let (response, body) = answer(&open(), request.insert_header(("Accept-Encoding", "gzip"))).await;
    assert_eq!(header(&response, "X-Request-Id"), Some("r-1"));
    assert_eq!(body["meta"], serde_json::json!({ "requestId": "r-1" }));
    assert!(!body.to_string().contains("hunter2"));
    assert_eq!(header(&response, "Content-Encoding"), None);
}

#[actix_web::test]
async fn an_answer_is_compressed_when_the_client_asks() {
    for encoding in ["gzip", "br", "zstd"] {
        let request = TestRequest::get().uri("/ok").insert_header(("Accept-Encoding", encoding));
        assert_eq!(header(&answer(&open(), request).await.0, "Content-Encoding"), Some(encoding));
    }
    assert_eq!(header(&answer(&open(), TestRequest::get().uri("/ok")).await.0, "Content-Encoding"), None);
}

#[actix_web::test]
async fn odd_accept_encodings_do_not_break_the_answer() {
    for odd in ["*", "*;q=0.5", "xyz", "gzip;q=0, *", "", "gzip;q=nine", "xyz, *;q=0"] {
        let (response, _) =
            answer(&open(), TestRequest::get().uri("/ok").insert_header(("Accept-Encoding", odd))).await;
        assert!([200, 406].contains(&response.status().as_u16()), "{odd}");
    }
}

#[actix_web::test]
async fn a_listed_origin_may_send_credentials_and_read_the_exposed_headers() {
    let request = TestRequest::get().uri("/ok").insert_header(("Origin", ORIGINS[0]));
    let (response, _) = answer(&open(), request).await;
    assert_eq!(header(&response, "Access-Control-Allow-Origin"), Some(ORIGINS[0]));
    assert_eq!(header(&response, "Access-Control-Allow-Credentials"), Some("true"));
    let exposed = header(&response, "Access-Control-Expose-Headers").expect("a list").to_ascii_lowercase();
    let names =
        ["etag", "idempotent-replayed", "location", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"];
    for name in names {
        assert!(exposed.split(", ").any(|exposed| exposed == name), "{name} in {exposed}");
    }
}

#[actix_web::test]
async fn a_preflight_of_a_listed_origin_is_answered() {
    let request = TestRequest::default()
        .method(actix_web::http::Method::OPTIONS)
        .uri("/ok")
        .insert_header(("Origin", ORIGINS[0]))
        .insert_header(("Access-Control-Request-Method", "PATCH"))
        .insert_header(("Access-Control-Request-Headers", "authorization, idempotency-key"));
    let (response, _) = answer(&limited_to(1), request).await;
    assert_eq!(response.status().as_u16(), 200);
    assert!(header(&response, "Access-Control-Allow-Methods").is_some_and(|methods| methods.contains("PATCH")));
    assert!(
        header(&response, "Access-Control-Allow-Headers").is_some_and(|headers| headers.contains("idempotency-key"))
    );
}

#[actix_web::test]
async fn an_unlisted_origin_gets_no_permission() {
    let request = TestRequest::get().uri("/ok").insert_header(("Origin", "https://evil.example.com"));
    let (response, _) = answer(&open(), request).await;
    assert_eq!(header(&response, "Access-Control-Allow-Origin"), None);
}

#[actix_web::test]
async fn any_origin_means_no_credentials() {
    let stage = Transport { origins: &["*"], ..open() };
    let request = TestRequest::get().uri("/ok").insert_header(("Origin", "https://evil.example.com"));
    let (response, _) = answer(&stage, request).await;
    assert_eq!(header(&response, "Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(header(&response, "Access-Control-Allow-Credentials"), None);
}

#[actix_web::test]
async fn the_request_after_the_limit_is_429_with_the_seconds_to_wait() {
    let get = || TestRequest::get().uri("/ok").insert_header(("Origin", ORIGINS[0]));
    let (response, body) = last_answer(&limited_to(2), vec![get(), get(), get()]).await;
    assert_eq!((response.status().as_u16(), &body["code"]), (429, &Value::from("TooManyRequests")));
    let wait: u64 = header(&response, "Retry-After").and_then(|seconds| seconds.parse().ok()).expect("seconds");
    assert!((20..=30).contains(&wait), "half the window, less what the test took: {wait}");
    assert_eq!(header(&response, "RateLimit"), Some(format!("limit=2, remaining=0, reset={wait}").as_str()));
    assert_eq!(header(&response, "RateLimit-Policy"), Some("2;w=60"));
    assert_eq!(header(&response, "Access-Control-Allow-Origin"), Some(ORIGINS[0]));
    assert!(header(&response, "X-Request-Id").is_some());
}

#[actix_web::test]
async fn an_answer_within_the_limit_has_the_number_of_requests_that_are_left() {
    let (response, _) = answer(&limited_to(2), TestRequest::get().uri("/ok")).await;
    assert_eq!(header(&response, "RateLimit"), Some("limit=2, remaining=1, reset=30"));
}

#[actix_web::test]
async fn probes_are_not_limited() {
    let probe = || TestRequest::get().uri("/health/live");
    assert_eq!(last_answer(&limited_to(1), vec![probe(), probe(), probe()]).await.0.status().as_u16(), 200);
}

#[actix_web::test]
async fn clients_behind_a_trusted_proxy_are_counted_apart() {
    let stage = Transport { proxies: trusting("10.0.0.0/8"), ..limited_to(1) };
    let from = |client: &'static str| {
        let proxy = "10.0.0.1:80".parse().expect("an address");
        TestRequest::get().uri("/ok").peer_addr(proxy).insert_header(("X-Forwarded-For", client))
    };
    assert_eq!(last_answer(&stage, vec![from("192.0.2.1"), from("192.0.2.2")]).await.0.status().as_u16(), 200);
    assert_eq!(last_answer(&stage, vec![from("192.0.2.1")]).await.0.status().as_u16(), 429);
}

#[actix_web::test]
async fn only_a_trusted_proxy_can_report_that_the_client_uses_tls() {
    let claim = || TestRequest::get().uri("/ok").insert_header(("X-Forwarded-Proto", "https"));
    assert_eq!(header(&answer(&open(), claim()).await.0, "Strict-Transport-Security"), None);
    let stage = Transport { proxies: trusting("10.0.0.1"), ..open() };
    let proxied = claim().peer_addr("10.0.0.1:80".parse().expect("an address"));
    assert!(header(&answer(&stage, proxied).await.0, "Strict-Transport-Security").is_some());
}

#[actix_web::test]
async fn a_public_url_with_https_says_that_clients_come_by_tls() {
    let stage = Transport { public_by_tls: true, ..open() };
    assert!(header(&answer(&stage, TestRequest::get().uri("/ok")).await.0, "Strict-Transport-Security").is_some());
}

#[actix_web::test]
async fn an_error_of_a_middleware_has_the_form_and_the_headers_of_every_error() {
    let gives_up = |_: ServiceRequest, _: Next<actix_web::body::BoxBody>| async {
        Err::<ServiceResponse, _>(actix_web::error::ErrorInternalServerError("hunter2"))
    };
    let app = test::init_service(transport(App::new().wrap(from_fn(gives_up)), &open())).await;
    let error = app.call(TestRequest::get().to_request()).await.err().expect("an error");
    let response = error.error_response();
    assert!(header(&response, "X-Request-Id").is_some() && header(&response, "X-Frame-Options").is_some());
    let bytes = actix_web::body::to_bytes(response.into_body()).await.expect("a body");
    let body: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(body["code"], "InternalError");
    assert!(!body.to_string().contains("hunter2"));
}

thread_local! {
    /// The log of this thread.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes to the log of the current thread.
struct OwnThread;

impl std::io::Write for OwnThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One subscriber for the whole process: with one per test, a log line that is first reached by a thread without a
/// subscriber would be disabled for all threads.
static LISTENING: LazyLock<()> = LazyLock::new(|| {
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_writer(|| OwnThread).finish();
    tracing::subscriber::set_global_default(log).expect("the only subscriber");
});

async fn logged(request: TestRequest) -> Vec<Value> {
    LazyLock::force(&LISTENING);
    LOGGED.take();
    answer(&open(), request).await;
    let lines = String::from_utf8(LOGGED.take()).expect("text");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[actix_web::test]
async fn a_failure_is_one_error_line_with_its_cause_and_without_the_query() {
    let request = TestRequest::get().uri("/broken?token=s3cret").insert_header(("X-Request-Id", "r-1"));
    let lines = logged(request).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!((&line["level"], &line["cause"]), (&Value::from("ERROR"), &Value::from("hunter2")));
    assert_eq!((&line["route"], &line["path"]), (&Value::from("/broken"), &Value::from("/broken")));
    assert_eq!((&line["request_id"], &line["status"]), (&Value::from("r-1"), &Value::from(500)));
    assert!(!line.to_string().contains("s3cret"));
}

#[actix_web::test]
async fn a_success_is_one_line_and_a_probe_is_none() {
    let lines = logged(TestRequest::get().uri("/ok")).await;
    assert_eq!((lines.len(), &lines[0]["level"]), (1, &Value::from("INFO")));
    assert_eq!(logged(TestRequest::get().uri("/health/live")).await, Vec::<Value>::new());
}
