//! Stopping a server that still receives requests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{App, Setup, read_answer};

const EXIT_TIMEOUT: Duration = Duration::from_secs(60);

fn draining(seconds: &str) -> App {
    Setup::new().with("GABLE_DRAIN_SECONDS", seconds).with("GABLE_WORKERS", "2").spawn()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + EXIT_TIMEOUT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn wait_until_not_ready(app: &App) {
    wait_until("it stays ready", || app.get("/health/ready").status == 503);
}

#[test]
fn a_stopping_server_first_reports_that_it_is_not_ready_and_still_answers() {
    let app = draining("300");
    let ada = app.sign_up("ada");
    assert_eq!(ada.get("/api/users/me").succeeds(200).header("Connection"), None);
    app.terminate();
    wait_until_not_ready(&app);
    let written = ada.post("/api/posts", json!({ "title": "Late", "content": "…" })).succeeds(201);
    assert_eq!(written.header("Connection"), Some("close"));
    let live = app.get("/health/live").succeeds(200);
    assert_eq!(live.header("Connection"), Some("close"));
    let kept = app.exchange(b"GET /api HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
    assert!(kept.starts_with("HTTP/1.1 200 "), "the server closes the connection itself: {kept}");
    assert!(!app.has_ended());
    app.terminate();
    assert_eq!(app.wait_for_end(), Some(0), "a second signal ends it at once");
}

#[test]
fn a_server_stops_by_itself_once_it_is_drained() {
    for signal in ["TERM", "INT", "HUP"] {
        let app = draining("1");
        app.get("/health/ready").succeeds(200);
        let start = Instant::now();
        app.signal(signal);
        assert_eq!(app.wait_for_end(), Some(0), "{signal}");
        assert!(start.elapsed() >= Duration::from_secs(1), "{signal}: {:?}", start.elapsed());
    }
}

#[test]
fn requests_in_flight_finish_on_every_worker() {
    let app = draining("0");
    let ada = app.sign_up("ada");
    let slug = |number: usize| format!("late-{number}");
    let body = |number: usize| json!({ "title": "The last one", "content": "…", "slug": slug(number) }).to_string();
    let head = format!(
        "POST /api/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        ada.token().expect("a token"),
        body(0).len()
    );
    let mut streams: Vec<TcpStream> = (0..6).map(|_| app.connect()).collect();
    for stream in &mut streams {
        stream.write_all(head.as_bytes()).expect("a head is sent");
        // The server sends `100 Continue` only after routing.
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).expect("the server asks for the body");
        assert!(interim.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&interim));
    }
    app.signal("HUP");
    wait_until("it still accepts connections", || TcpStream::connect(app.address()).is_err());
    assert!(!app.has_ended(), "it waits for the requests");
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.write_all(body(number).as_bytes()).expect("a body is sent");
        let answer = read_answer(stream);
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    }
    assert_eq!(app.wait_for_end(), Some(0));
    assert_eq!(app.restart().count("/api/posts?title=The%20last%20one"), 6);
}

#[test]
fn a_request_that_does_not_finish_in_time_is_given_up() {
    let app = Setup::new().with("GABLE_SHUTDOWN_SECONDS", "1").spawn();
    let mut stream = app.connect();
    stream
        .write_all(
            b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        )
        .expect("half of a request is sent");
    app.get("/health/live").succeeds(200);
    app.terminate();
    assert_eq!(app.wait_for_end(), Some(0));
}
