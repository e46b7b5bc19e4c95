//! Malformed requests, and the form of every refusal.

use std::io::{BufRead, BufReader, Write};

use serde_json::{Value, json};

use crate::harness::{App, Reply, app};

const TAGS: &str = "/api/tags";

/// Sends a body of any content type as an account that may write.
fn send(app: &App, body: impl Into<Vec<u8>>) -> Reply {
    app.super_user().request("POST", TAGS).header("Content-Type", "application/json").body(body).send()
}

fn tags(app: &App, name: &str) -> u64 {
    app.count(&format!("{TAGS}?name={name}"))
}

#[test]
fn malformed_json_is_refused() {
    let app = app();
    for body in [
        "{",
        "{\"name\": }",
        "{'name': 'x'}",
        "{\"name\": \"x\",}",
        "nonsense",
        "{\"name\":\"x\"} {}",
        "{\"n\": 01}",
        "NaN",
    ] {
        send(&app, body).expect(400, "MalformedJson");
    }
    send(&app, "").expect(400, "MalformedJson");
}

#[test]
fn a_key_given_twice_is_refused_and_nothing_is_stored() {
    let app = app();
    send(&app, r#"{ "name": "twice-one", "name": "twice-two" }"#).expect(400, "MalformedJson");
    assert_eq!((tags(&app, "twice-one"), tags(&app, "twice-two")), (0, 0));
}

#[test]
fn deeply_nested_json_is_refused() {
    let app = app();
    send(&app, "[".repeat(100_000)).expect(400, "MalformedJson");
    send(&app, format!("{}{}", "[".repeat(5000), "]".repeat(5000))).expect(400, "MalformedJson");
    send(&app, "{\"a\":".repeat(5000)).expect(400, "MalformedJson");
}

#[test]
fn bytes_that_are_no_utf8_are_refused() {
    let app = app();
    send(&app, b"{\"name\": \"\xff\xfe\"}".to_vec()).expect(400, "MalformedJson");
    send(&app, r#"{ "name": "\ud800" }"#).expect(400, "MalformedJson");
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    let app = app();
    for body in ["[]", "7", "\"text\"", "null", "true"] {
        send(&app, body).expect(400, "InvalidRequestBody");
    }
}

#[test]
fn bodies_of_other_types_than_json_are_refused() {
    let app = app();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
    ] {
        let sent = app.super_user().request("POST", TAGS).header("Content-Type", content_type);
        sent.body(r#"{ "name": "wrong-type" }"#).send().expect(415, "UnsupportedMediaType");
    }
    let none = app.super_user().request("POST", TAGS).body(r#"{ "name": "wrong-type" }"#).send();
    none.expect(415, "UnsupportedMediaType");
    assert_eq!(tags(&app, "wrong-type"), 0);
}

#[test]
fn a_compressed_body_is_refused() {
    let app = app();
    let sent = app.super_user().request("POST", TAGS).header("Content-Type", "application/json");
    sent.header("Content-Encoding", "gzip").body(vec![0x1f, 0x8b, 8, 0]).send().expect(415, "UnsupportedMediaType");
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let app = app();
    let body = |size: usize| format!("{{\"name\":\"{}\"}}", "a".repeat(size - 11));
    send(&app, body(1_048_576)).expect(400, "InvalidRequestBody");
    send(&app, body(1_048_577)).expect(413, "PayloadTooLarge");
}

#[test]
fn a_body_without_an_announced_length_is_bounded_too() {
    let app = app();
    let token = app.super_user().token().expect("a token").to_owned();
    let mut stream = app.connect();
    let head = format!(
        "POST {TAGS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the head is sent");
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    // The server may close the connection before it has read the whole request.
    let all_sent = (0..40).all(|_| stream.write_all(chunk.as_bytes()).is_ok());
    let mut status = String::new();
    let read = BufReader::new(stream).read_line(&mut status);
    assert!(status.starts_with("HTTP/1.1 413 ") || (read.is_err() && !all_sent), "{status}");
}

#[test]
fn a_malformed_id_is_refused() {
    let app = app();
    let root = app.super_user();
    for id in ["7", "abc", "018f3f2e-0000-7000-8000-00000000000g", "%00", "%27%20OR%201%3D1", "..%2Fusers"] {
        let path = format!("/api/posts/{id}");
        assert_eq!(root.get(&path).expect(400, "InvalidRequestParams").problem_fields(), ["id"], "{id}");
        root.patch(&path, json!({})).expect(400, "InvalidRequestParams");
        root.delete(&path).expect(400, "InvalidRequestParams");
    }
}

#[test]
fn unknown_paths_are_404() {
    let app = app();
    for path in [
        "/",
        "/api/nothing",
        "/api/posts/1/2",
        "/api/Posts",
        "/apiposts",
        "/api/posts/",
        "/.env",
        "/api/auth/signup/more",
        "/health",
    ] {
        app.get(path).expect(404, "RouteNotFound");
        app.post(path, json!({})).expect(404, "RouteNotFound");
    }
}

#[test]
fn a_method_that_a_path_lacks_is_405_and_says_which_it_has() {
    let app = app();
    let row = "/api/posts/018f3f2e-0000-7000-8000-000000000000";
    for (method, path, allowed) in [
        ("DELETE", "/api/posts", "GET, POST"),
        ("PUT", "/api/posts", "GET, POST"),
        ("POST", row, "GET, PATCH, DELETE"),
        ("PUT", row, "GET, PATCH, DELETE"),
        ("GET", "/api/posts/many", "POST, PATCH, DELETE"),
        ("GET", "/api/auth/login", "POST"),
        ("DELETE", "/api/auth/signup", "POST"),
        ("POST", "/api", "GET"),
        ("POST", "/health/live", "GET"),
        ("TRACE", "/api/posts", "GET, POST"),
        ("BREW", "/api/posts", "GET, POST"),
    ] {
        let reply = app.request(method, path).send().expect(405, "MethodNotAllowed");
        assert_eq!(reply.header("Allow"), Some(allowed), "{method} {path}");
    }
}

#[test]
fn an_unknown_query_parameter_is_named() {
    let app = app();
    let reply = app.get("/api/posts?colour=red&titel=x").expect(400, "InvalidRequestQuery");
    assert_eq!(reply.problem_fields(), ["colour", "titel"]);
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}", ada.post("/api/posts", json!({ "title": ada.username, "content": "…" })).id());
    for reply in [
        ada.get(&format!("{path}?colour=red")),
        ada.patch(&format!("{path}?colour=red"), json!({ "title": "Changed" })),
        ada.delete(&format!("{path}?colour=red")),
        ada.post("/api/posts?colour=red", json!({ "title": "Another", "content": "…" })),
    ] {
        assert_eq!(reply.expect(400, "InvalidRequestQuery").problem_fields(), ["colour"]);
    }
    assert_eq!(ada.get(&path).succeeds(200)["data"]["title"], ada.username);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 1);
}

/// The answer to a query about one field, without the field's name, so that two answers can be compared.
fn about(app: &App, query: &str, field: &str) -> (u16, String) {
    let reply = app.super_user().get(&query.replace("{}", field));
    (reply.status, reply.json.to_string().replace(field, "…"))
}

#[test]
fn a_private_field_answers_in_every_query_like_one_that_does_not_exist() {
    let app = app();
    for query in ["{}=x", "sort={}", "sort=-{}", "fields={}", "fields=-{}", "fields=title,{}", "{}=x&limit=0"] {
        let query = format!("/api/readings?{query}");
        let private = about(&app, &query, "notes");
        assert_eq!(private.0, 400, "{query}");
        assert_eq!(private, about(&app, &query, "nonno"), "{query}");
    }
    for field in ["password", "failedLoginAttempts", "lockedUntil"] {
        for query in ["/api/users?{}=1", "/api/users?sort={}", "/api/users?fields={}"] {
            assert_eq!(about(&app, query, field), about(&app, query, "nothingOfThatName"), "{query} {field}");
        }
    }
}

#[test]
fn sorting_by_an_unsortable_field_is_refused_with_the_reason() {
    let app = app();
    for query in ["sort=extras", "sort=", "sort=title,,seats", "sort=--title"] {
        let reply = app.get(&format!("/api/readings?{query}")).expect(400, "InvalidRequestQuery");
        assert!(reply.problem_fields().iter().all(|field| *field == "sort"), "{query}: {reply:?}");
    }
}

#[test]
fn the_number_of_filters_is_bounded() {
    let app = app();
    let filters = |count: usize| (0..count).map(|n| format!("AND[{n}][title]=x")).collect::<Vec<_>>().join("&");
    app.get(&format!("/api/posts?{}", filters(20))).succeeds(200);
    app.get(&format!("/api/posts?{}", filters(21))).expect(400, "InvalidRequestQuery");
}

#[test]
fn a_query_with_odd_bytes_is_never_a_failure_of_the_server() {
    let app = app();
    for query in [
        "title=%00",
        "title=%ff%fe",
        "%00=1",
        "title[=x",
        "title]=x",
        "title[gte][lt]=1",
        "=x",
        "&&&",
        "title=%",
        "a%5B%5D=1",
    ] {
        let reply = app.get(&format!("/api/posts?{query}"));
        assert!(reply.status < 500, "{query}: {reply:?}");
    }
}

/// Requests with the status of their answers.
fn one_of_each_status(app: &App) -> Vec<(u16, Reply)> {
    let root = app.super_user();
    let ada = app.sign_up("ada");
    let taken = json!({ "email": ada.email, "password": "Correct-Horse-7" });
    vec![
        (200, app.get("/api/posts")),
        (200, app.get("/health/live")),
        (201, root.post(TAGS, json!({ "name": uuid::Uuid::now_v7() }))),
        (204, root.delete(&format!("{TAGS}/{}", root.post(TAGS, json!({ "name": uuid::Uuid::now_v7() })).id()))),
        (400, app.get("/api/posts?x=1")),
        (401, app.get("/api/users/me")),
        (403, ada.post(TAGS, json!({ "name": "x" }))),
        (404, app.get("/nothing")),
        (405, app.delete("/api/posts")),
        (409, app.post("/api/auth/signup", taken)),
        (413, send(app, "a".repeat(1_048_577))),
        (415, root.request("POST", TAGS).body("x").send()),
    ]
}

#[test]
fn every_answer_has_a_request_id_and_the_security_headers() {
    let app = app();
    for (status, reply) in one_of_each_status(&app) {
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(reply.header("X-Request-Id").is_some_and(|id| !id.is_empty()), "{reply:?}");
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{name} of {reply:?}");
        }
        assert_eq!(reply.header("Server"), None, "{reply:?}");
    }
}

#[test]
fn every_refusal_is_json_in_one_form() {
    let app = app();
    for (_, reply) in one_of_each_status(&app).into_iter().filter(|(status, _)| *status >= 400) {
        assert_eq!(reply.header("Content-Type"), Some("application/json"), "{reply:?}");
        let body = reply.json.as_object().unwrap_or_else(|| panic!("{reply:?}"));
        assert!(body.keys().all(|key| ["status", "code", "message", "meta"].contains(&key.as_str())), "{reply:?}");
        assert_eq!(body["status"], "error");
        assert!(body["code"].is_string() && body["message"].is_string(), "{reply:?}");
    }
}

#[test]
fn a_request_id_is_made_anew_for_each_request() {
    let app = app();
    let id = || app.get("/health/live").header("X-Request-Id").expect("an id").to_owned();
    assert_ne!(id(), id());
}

#[test]
fn a_request_id_that_a_client_sends_cannot_forge_a_log_line() {
    let app = app();
    let forged = "a\tb \"c\" <script>";
    let reply = app.request("GET", "/health/live").header("X-Request-Id", forged).send();
    assert_ne!(reply.header("X-Request-Id"), Some(forged));
}

#[test]
fn bytes_that_are_not_http_do_not_stop_the_server() {
    let app = app();
    for request in [
        &b"GARBAGE\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ] {
        let answer = app.exchange(request);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    app.get("/health/live").succeeds(200);
}

#[test]
fn smuggled_lengths_are_refused() {
    let app = app();
    let request = "POST /api/tags HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
                   Content-Length: 30\r\nConnection: close\r\n\r\n{}GET /api/users HTTP/1.1\r\n\r\n";
    let answer = app.exchange(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[test]
fn the_root_path_describes_the_api() {
    let app = app();
    let about = app.get("/api").succeeds(200);
    assert_eq!((&about["name"], about["version"].is_string()), (&Value::from("Gazette"), true));
}

#[test]
fn a_valid_request_id_of_a_client_is_kept() {
    let app = app();
    let reply = app.request("GET", "/health/live").header("X-Request-Id", "trace-7.a_b").send();
    assert_eq!(reply.header("X-Request-Id"), Some("trace-7.a_b"));
}

#[test]
fn an_encoded_path_is_refused_in_the_form_of_the_surface_that_it_leads_to() {
    let app = app();
    for path in ["/%61uth/login", "/aut%68/login", "/auth/%6Cogin"] {
        let reply = app.post(path, json!({}));
        assert_eq!((reply.status, &reply["error"]["code"]), (400, &json!("VALIDATION_ERROR")), "{reply:?}");
    }
    for path in ["/%61uthentication/local", "/authenticatio%6E/local"] {
        let reply = app.post(path, json!({}));
        assert_eq!((reply.status, &reply["name"]), (400, &json!("INVALID_ARGUMENTS")), "{reply:?}");
    }
    let hook = app.get("/%68ook/authentication/verify-email/nonsense");
    assert_eq!((hook.status, &hook["name"]), (404, &json!("NOT_FOUND")), "{hook:?}");
    for path in ["/%61pi/auth/login", "/api/%61uth/login"] {
        app.post(path, json!({})).expect(400, "MissingCredentialFields");
    }
    for path in ["/auth%2Flogin", "/%2561uth/login", "/%41uth/login"] {
        app.post(path, json!({})).expect(404, "RouteNotFound");
    }
}
