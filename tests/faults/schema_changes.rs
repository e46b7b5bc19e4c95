//! A table that is altered while the server runs.

use std::time::Duration;

use crate::harness::{Account, Reply, Setup, at_once};
use crate::ledger::{Ledger, slug};
use crate::waiting::{good_again, no_transaction_is_open};

#[test]
fn a_column_that_changes_its_type_costs_at_most_one_write() {
    let Some(setup) = Setup::postgres() else { return };
    let app = setup.spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    // Each connection prepares its own statements.
    for _ in 0..4 {
        assert_eq!(failures(&at_once(12, |number| ask(number, &ada, &ledger))), Vec::<String>::new());
    }
    for column_type in ["varchar(20000)", "text"] {
        app.database().run(&format!("ALTER TABLE comments ALTER COLUMN content TYPE {column_type}"));
        app.database().run(&format!("ALTER TABLE posts ALTER COLUMN content TYPE {column_type}"));
        let one_by_one = failures(&(0..12).map(|number| ask(number, &ada, &ledger)).collect::<Vec<_>>());
        let at_once = (0..4).flat_map(|_| failures(&at_once(12, |number| ask(number, &ada, &ledger))));
        let failed: Vec<String> = one_by_one.into_iter().chain(at_once).collect();
        assert!(failed.len() <= 1 && failed.iter().all(|failure| failure.starts_with("POST")), "{failed:#?}");
    }
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    no_transaction_is_open(&app);
    ledger.check(app.database());
}

/// Reads or writes one of the two tables, depending on the number.
fn ask(number: usize, ada: &Account, ledger: &Ledger) -> Reply {
    match number % 4 {
        0 => ada.get("/api/comments?limit=5"),
        1 => ada.get("/api/posts?limit=5&fields=+comments"),
        2 => ada.get(&format!("/api/posts?slug={}", slug())),
        _ => ledger.write(ada).expect("an answer"),
    }
}

fn failures(replies: &[Reply]) -> Vec<String> {
    let failed = replies.iter().filter(|reply| !matches!(reply.status, 200 | 201));
    failed.map(|reply| format!("{reply:?}")).collect()
}
