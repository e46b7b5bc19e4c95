//! Overload: more clients than the process can serve, and clients that read or send slowly. The resources that each can
//! hold are limited.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{App, PASSWORD, Reply, Setup, at_once, statuses, unique};

/// Without a bound, 300 bodies of 1 MB hold 300 MiB.
const ALLOWED_GROWTH_MIB: u64 = 128;

fn log_in(app: &App, email: &str) -> Reply {
    app.post("/api/auth/login", json!({ "email": email, "password": PASSWORD }))
}

/// Ends the load, also if the test fails.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Starts an application whose slots are taken by slow log-ins while `meanwhile` runs.
fn while_full(meanwhile: impl Fn(&App) + Sync) {
    let app = Setup::new().with("GABLE_MAX_IN_FLIGHT", "2").with("GABLE_BCRYPT_COST", "13").spawn();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _over = Over(&over);
        for _ in 0..8 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    log_in(&app, &format!("{}@example.com", unique("nobody")));
                }
            });
        }
        meanwhile(&app);
    });
}

#[test]
fn a_request_above_the_limit_is_refused_with_retry_after_and_health_is_answered() {
    while_full(|app| {
        let deadline = Instant::now() + Duration::from_secs(60);
        let refused = loop {
            let reply = app.get("/api/posts");
            if reply.status == 503 {
                break reply.expect(503, "ServiceUnavailable");
            }
            assert!(Instant::now() < deadline, "nothing is refused");
        };
        assert_eq!(refused.header("Retry-After"), Some("1"));
        assert!(refused.header("X-Request-Id").is_some(), "{refused:?}");
        app.log_has("WARN", "refused requests");
        for path in ["/health/live", "/health/ready"] {
            (0..20).for_each(|_| drop(app.get(path).succeeds(200)));
        }
    });
}

#[test]
fn the_service_is_as_before_once_the_load_is_gone() {
    let app = Setup::new().with("GABLE_MAX_IN_FLIGHT", "2").spawn();
    let ada = app.sign_up("ada");
    let replies = at_once(60, |_| ada.get("/api/posts"));
    assert!(replies.iter().all(|reply| [200, 503].contains(&reply.status)), "{:?}", statuses(&replies));
    (0..20).for_each(|_| drop(ada.get("/api/posts").succeeds(200)));
}

/// Sends the head and `sent` bytes of a sign-up with a body of 1 MB.
fn begin_body(app: &App, sent: usize) -> TcpStream {
    let mut stream = app.connect();
    let head = "POST /api/auth/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("a head is sent");
    stream.set_write_timeout(Some(Duration::from_secs(5))).expect("set");
    // The server may refuse before it has read everything.
    let _ = stream.write_all(&vec![b' '; sent]);
    stream
}

#[cfg(target_os = "linux")]
#[test]
fn bodies_that_never_end_hold_a_bounded_part_of_the_memory() {
    let app = Setup::new().with("GABLE_MAX_BODY_BYTES_IN_FLIGHT", "8388608").spawn();
    let ada = app.sign_up("ada");
    let before = app.resident_mib();
    let streams: Vec<TcpStream> = (0..300).map(|_| begin_body(&app, 999_000)).collect();
    let grown = app.resident_mib().saturating_sub(before);
    assert!(grown < ALLOWED_GROWTH_MIB, "{grown} MiB more than {before}");
    // Small bodies do not count towards the budget, and requests whose body is awaited hold no slot.
    ada.post("/api/posts", json!({ "title": "Small", "content": "…" })).succeeds(201);
    app.get("/health/ready").succeeds(200);
    let refused = streams.into_iter().rev().take(30).find_map(|mut stream| {
        let mut answer = [0; 12];
        stream.set_read_timeout(Some(Duration::from_secs(1))).expect("set");
        stream.read_exact(&mut answer).ok().map(|()| String::from_utf8_lossy(&answer).into_owned())
    });
    assert_eq!(refused.as_deref(), Some("HTTP/1.1 503"));
}

#[test]
fn more_slow_bodies_than_slots_do_not_prevent_other_requests() {
    let app = Setup::new().with("GABLE_MAX_IN_FLIGHT", "2").spawn();
    let _streams: Vec<TcpStream> = (0..20).map(|_| begin_body(&app, 10)).collect();
    // Each takes a slot only until its body is awaited, which is long before the server gives up.
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut served = 0;
    while served < 20 {
        assert!(Instant::now() < deadline, "they keep the slots");
        served += usize::from(app.get("/api/posts").status == 200);
    }
}

#[test]
fn a_body_for_a_route_that_needs_a_log_in_is_not_read_from_anonymous_callers() {
    let app = Setup::new().spawn();
    let head =
        "POST /api/posts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n";
    let answer = app.exchange(head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_does_not_read_its_answer_delays_no_other_and_is_disconnected() {
    let app = Setup::new().with("GABLE_WRITE_TIMEOUT_SECONDS", "3").with("GABLE_MAX_IN_FLIGHT", "2").spawn();
    let ada = app.sign_up("ada");
    let content = "x".repeat(900_000);
    for number in 0..8 {
        let body = json!({ "title": "Long", "content": content, "slug": format!("long-{number}") });
        ada.post("/api/posts", body).succeeds(201);
    }
    let token = ada.token().expect("a token");
    // Several requests, so that their answers exceed the buffers of the connection.
    let request = format!("GET /api/posts?limit=8 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut greedy = app.connect();
    greedy.write_all(request.repeat(4).as_bytes()).expect("requests are sent");
    greedy.peek(&mut [0]).expect("the beginning of its answer");
    // An answer that is being sent takes no slot of requests in progress.
    let long_after = Instant::now() + Duration::from_secs(9);
    while Instant::now() < long_after {
        ada.get("/api/posts?limit=1").succeeds(200);
        thread::sleep(Duration::from_millis(50));
    }
    let mut got = 0;
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = greedy.read(&mut buffer) {
        got += read;
    }
    assert!(got < 4 * 8 * content.len(), "it got {got} bytes, as if it had read all along");
}
