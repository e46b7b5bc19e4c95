//! Conditions that must hold within a stated time.

use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{App, Client, Reply, at_once, statuses};
use crate::ledger::Ledger;

/// Asserts that a condition holds within `limit`, and returns how long that took.
#[track_caller]
pub(crate) fn within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        thread::sleep(Duration::from_millis(50));
    }
    measured(what, start.elapsed());
    start.elapsed()
}

pub(crate) fn measured(what: &str, took: Duration) {
    eprintln!("measured: {what}: {} ms", took.as_millis());
}

/// Sends reads and writes at once to an application whose database does not answer, and asserts that each is answered
/// within 10 s.
#[track_caller]
pub(crate) fn answered_in_time(count: usize, author: &Client, ledger: &Ledger) -> Vec<Reply> {
    let author = author.patient_for(Duration::from_secs(20));
    let start = Instant::now();
    let replies = at_once(count, |number| {
        let reply = match number % 2 {
            0 => author.request("GET", "/api/posts?limit=1").attempt(),
            _ => ledger.write(&author),
        };
        reply.unwrap_or_else(|error| panic!("after {:?}: {error}", start.elapsed()))
    });
    measured("requests to a silent database are answered", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(10), "answered after {:?}", start.elapsed());
    replies
}

/// Asserts that readiness, reads and writes succeed within `limit`, and continue to succeed.
#[track_caller]
pub(crate) fn good_again(limit: Duration, app: &App, author: &Client, ledger: &Ledger) {
    let author = author.patient_for(Duration::from_secs(5));
    let start = Instant::now();
    while let Err(problem) = is_good(&author, ledger) {
        assert!(start.elapsed() < limit, "not good again within {limit:?}: {problem}");
        thread::sleep(Duration::from_millis(50));
    }
    measured("good again", start.elapsed());
    for _ in 0..5 {
        let replies = at_once(8, |number| match number % 2 {
            0 => author.get("/api/posts?limit=1"),
            _ => ledger.write(&author).expect("an answer"),
        });
        assert_eq!(statuses(&replies), [(200, 4), (201, 4)], "good only for a moment: {replies:?}");
    }
    assert!(!app.has_ended());
}

fn is_good(author: &Client, ledger: &Ledger) -> Result<(), String> {
    let answered = |reply: Reply, status: u16| (reply.status == status).then_some(()).ok_or(format!("{reply:?}"));
    answered(author.request("GET", "/health/ready").attempt()?, 200)?;
    answered(author.request("GET", "/api/posts?limit=1").attempt()?, 200)?;
    answered(ledger.write(author)?, 201)
}

/// Asserts that PostgreSQL has no session of this database that is idle in a transaction.
#[track_caller]
pub(crate) fn no_transaction_is_open(app: &App) {
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()";
    within(Duration::from_secs(5), "no open transaction", || app.database().count(idle) == 0);
}

/// Asserts that readiness is refused within `limit` for this reason.
#[track_caller]
pub(crate) fn not_ready(limit: Duration, app: &App) {
    refusal(limit, app).unwrap_or_else(|| panic!("ready, or no reason why not, for {limit:?}"));
}

/// Waits at most `limit` until the application is not ready, and returns the reason.
pub(crate) fn refusal(limit: Duration, app: &App) -> Option<String> {
    let probe = app.patient_for(Duration::from_secs(5));
    let start = Instant::now();
    while start.elapsed() < limit {
        let reply = probe.request("GET", "/health/ready").attempt().ok().filter(|reply| reply.status == 503);
        if let Some(reason) = reply.as_ref().and_then(|reply| reply["reason"].as_str()) {
            measured(&format!("not ready: {reason}"), start.elapsed());
            return Some(reason.to_owned());
        }
        thread::sleep(Duration::from_millis(50));
    }
    None
}
