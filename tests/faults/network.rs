//! PostgreSQL behind a network that delays or loses packets, freezes, and closes connections.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Account, App, Setup};
use crate::ledger::{Ledger, post, slug};
use crate::proxy::{Mode, Proxy};
use crate::random::below;
use crate::waiting::{answered_in_time, good_again, no_transaction_is_open, not_ready};

/// The application, a proxy to its database, and an account that may write.
struct Bench {
    ledger: Ledger,
    ada: Account,
    app: App,
    // Dropped after the application, which waits for its connections when it ends.
    proxy: Proxy,
}

impl Bench {
    fn new(connections: &str) -> Option<Self> {
        let setup = Setup::postgres()?;
        let proxy = Proxy::before(&setup.database().url);
        let url = proxy.url(&setup.database().url);
        let app = setup.with("DATABASE_URL", &url).with("GABLE_DATABASE_CONNECTIONS", connections).spawn();
        Some(Self { ledger: Ledger::default(), ada: app.sign_up("ada"), app, proxy })
    }

    fn is_good_within(&self, seconds: u64) {
        good_again(Duration::from_secs(seconds), &self.app, &self.ada, &self.ledger);
        no_transaction_is_open(&self.app);
        self.ledger.check(self.app.database());
    }
}

#[test]
fn clients_that_disconnect_at_any_moment_leave_no_transaction_open() {
    let Some(bench) = Bench::new("2") else { return };
    // Statements are delayed, so that many clients disconnect during one.
    bench.proxy.all(Mode::Delay(Duration::from_millis(5)));
    for _ in 0..4 {
        thread::scope(|scope| {
            // Hardly more clients than connections, because a request that waits for one has not begun.
            for _ in 0..3 {
                scope.spawn(|| (0..60).for_each(|number| hang_up(&bench, number % 4 == 0)));
            }
        });
        no_transaction_is_open(&bench.app);
    }
    bench.proxy.all(Mode::Pass);
    bench.is_good_within(5);
}

/// Sends a request and closes the connection without waiting for the answer. The unread answer to an earlier request
/// makes the close a reset, which the server notices at once.
fn hang_up(bench: &Bench, reads: bool) {
    let mut stream = TcpStream::connect(bench.app.address()).expect("the application listens");
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request is sent");
    stream.peek(&mut [0]).expect("an answer");
    let request = if reads { "GET /api/posts HTTP/1.1\r\nHost: x\r\n\r\n".to_owned() } else { creation(&bench.ada) };
    stream.write_all(request.as_bytes()).expect("a request is sent");
    thread::sleep(Duration::from_micros(below(25_000)));
}

fn creation(author: &Account) -> String {
    let body = post(&slug(), "…").to_string();
    format!(
        "POST /api/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        author.token().expect("a token"),
        body.len()
    )
}

#[test]
fn an_unresponsive_database_is_a_503_and_new_connections_serve_again() {
    let Some(bench) = Bench::new("4") else { return };
    silence(&bench, Mode::Freeze);
}

#[test]
fn connections_that_lose_bytes_are_abandoned() {
    let Some(bench) = Bench::new("4") else { return };
    silence(&bench, Mode::Swallow);
}

fn silence(bench: &Bench, mode: Mode) {
    bench.is_good_within(5);
    bench.proxy.all(mode);
    // More clients than connections, so that some wait for one.
    for _ in 0..2 {
        refused_in_time(bench);
    }
    not_ready(Duration::from_secs(10), &bench.app);
    bench.app.get("/health/live").succeeds(200);
    // Open connections remain silent.
    bench.proxy.new_ones(Mode::Pass);
    bench.is_good_within(10);
}

fn refused_in_time(bench: &Bench) {
    let replies = answered_in_time(10, &bench.ada, &bench.ledger);
    replies.into_iter().for_each(|reply| drop(reply.succeeds(503)));
}

#[test]
fn connections_closed_at_any_moment_lose_nothing_and_store_nothing_twice() {
    let Some(bench) = Bench::new("4") else { return };
    let until = Instant::now() + Duration::from_secs(4);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while Instant::now() < until {
                    insist(&bench, &slug());
                }
            });
        }
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(30 + below(170)));
            bench.proxy.cut();
        }
    });
    bench.is_good_within(5);
}

/// Sends a write until it is stored: 201, or 409 where an answer was lost.
fn insist(bench: &Bench, slug: &str) {
    for _ in 0..100 {
        let reply = bench.ledger.write_as(&bench.ada, slug).expect("an answer");
        match reply.status {
            201 | 409 => return,
            _ => drop(reply.expect(503, "ServiceUnavailable")),
        }
    }
    panic!("never stored");
}

#[test]
fn a_slow_network_is_only_slow() {
    let Some(bench) = Bench::new("4") else { return };
    bench.proxy.directions(Mode::Delay(Duration::from_millis(5)), Mode::Delay(Duration::from_millis(20)));
    bench.is_good_within(10);
}
