//! A row of PostgreSQL that another session has locked.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Account, App, Setup, at_once};
use crate::ledger::{Ledger, post, slug};
use crate::psql::Psql;
use crate::waiting::{good_again, measured, no_transaction_is_open};

#[test]
fn a_row_that_another_session_has_locked_does_not_block_other_rows() {
    let Some(setup) = Setup::postgres() else { return };
    // The default number of connections, which is lower than the number of requests for the row.
    let app = setup.without("GABLE_DATABASE_CONNECTIONS").spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    let made = || format!("/api/posts/{}", ada.post("/api/posts", post(&slug(), "…")).succeeds(201).id());
    let (held, other) = (made(), made());
    let mut holder = Psql::open(&app.database().url);
    holder.run(&format!("BEGIN; SELECT 1 FROM posts WHERE id = '{}' FOR UPDATE", held.replace("/api/posts/", "")));

    thread::scope(|scope| {
        let patches = scope.spawn(|| patch_in_vain(&ada, &held));
        thread::sleep(Duration::from_millis(300));
        for _ in 0..3 {
            read_in_time(&ada, &other);
        }
        patches.join().expect("ten refusals");
    });
    serves_others(&app, &ada, &other, &ledger);
    holder.run("ROLLBACK");
    ada.patch(&held, json!({ "title": "Free again" })).succeeds(200);
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    no_transaction_is_open(&app);
    ledger.check(app.database());
}

/// Requests in parallel, ten at a time. Each is refused after at most 5 seconds, or 10 if it waited for a connection.
fn patch_in_vain(ada: &Account, held: &str) {
    let (start, ada) = (Instant::now(), ada.patient_for(Duration::from_secs(20)));
    let replies = at_once(10, |number| ada.patch(held, json!({ "title": format!("No. {number}") })));
    measured("writes of a locked row are refused", start.elapsed());
    replies.into_iter().for_each(|reply| drop(reply.succeeds(503)));
    assert!(start.elapsed() < Duration::from_secs(12), "refused after {:?}", start.elapsed());
}

fn read_in_time(ada: &Account, path: &str) {
    let start = Instant::now();
    let reply = ada.get(path);
    measured("a read beside writes of a locked row", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(3), "read after {:?}", start.elapsed());
    reply.succeeds(200);
}

fn serves_others(app: &App, ada: &Account, path: &str, ledger: &Ledger) {
    good_again(Duration::from_secs(5), app, ada, ledger);
    ada.patch(path, json!({ "title": "Another row" })).succeeds(200);
}
