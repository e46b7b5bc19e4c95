//! A PostgreSQL server that ends every session, as a restart and a fail-over do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Account, App, Setup};
use crate::ledger::Ledger;
use crate::waiting::{good_again, no_transaction_is_open};

const CONNECTIONS: usize = 4;
const TIMES: usize = 5;

#[test]
fn sessions_that_the_server_ends_cost_no_read() {
    let Some(setup) = Setup::postgres() else { return };
    let app = setup.with("GABLE_DATABASE_CONNECTIONS", &CONNECTIONS.to_string()).spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    let (reads, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let until = Instant::now() + Duration::from_millis(500 * TIMES as u64 + 500);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while Instant::now() < until {
                    ada.get("/api/posts?limit=3").succeeds(200);
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| lost.fetch_add(refused_until(until, &ada, &ledger), Ordering::Relaxed));
        }
        for _ in 0..TIMES {
            thread::sleep(Duration::from_millis(500));
            end_sessions(&app);
        }
    });
    let lost = lost.into_inner();
    eprintln!("measured: sessions ended {TIMES} times: {} reads, {lost} writes refused", reads.into_inner());
    assert!(lost <= CONNECTIONS * TIMES, "{lost} writes were refused");
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    no_transaction_is_open(&app);
    ledger.check(app.database());
}

/// Writes in sequence, and returns the number of answers with 503.
fn refused_until(until: Instant, ada: &Account, ledger: &Ledger) -> usize {
    let mut refused = 0;
    while Instant::now() < until {
        let reply = ledger.write(ada).expect("an answer");
        if reply.status != 201 {
            reply.expect(503, "ServiceUnavailable");
            refused += 1;
        }
    }
    refused
}

fn end_sessions(app: &App) {
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    app.database().count(end);
}
