//! A table that changes under a running server.

use std::time::Duration;

use crate::harness::{Account, Reply, Setup, at_once};
use crate::ledger::{Ledger, slug};
use crate::waiting::{good_again, no_transaction_is_open};

#[test]
fn a_column_that_changes_its_type_costs_no_request() {
    let Some(setup) = Setup::postgres() else { return };
    let app = setup.spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    // Each connection prepares its own statements.
    for _ in 0..4 {
        assert_eq!(failures(&ada, &ledger), Vec::<String>::new());
    }
    for column_type in ["varchar(20000)", "text"] {
        app.database().run(&format!("ALTER TABLE comments ALTER COLUMN content TYPE {column_type}"));
        app.database().run(&format!("ALTER TABLE posts ALTER COLUMN content TYPE {column_type}"));
        let failed: Vec<String> = (0..4).flat_map(|_| failures(&ada, &ledger)).collect();
        assert_eq!(failed, Vec::<String>::new());
    }
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    no_transaction_is_open(&app);
    ledger.check(app.database());
}

/// Reads and writes of both tables, at once; those that went wrong.
fn failures(ada: &Account, ledger: &Ledger) -> Vec<String> {
    let replies = at_once(12, |number| match number % 4 {
        0 => ada.get("/api/comments?limit=5"),
        1 => ada.get("/api/posts?limit=5&fields=+comments"),
        2 => ada.get(&format!("/api/posts?slug={}", slug())),
        _ => ledger.write(ada).expect("an answer"),
    });
    let good = |reply: &Reply| matches!(reply.status, 200 | 201);
    replies.iter().filter(|reply| !good(reply)).map(|reply| format!("{reply:?}")).collect()
}
