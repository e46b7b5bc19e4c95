//! A primary that became a standby: writes fail, reads do not.

use std::time::Duration;

use crate::harness::{App, Setup};
use crate::ledger::{Ledger, post, slug};
use crate::psql::Psql;
use crate::waiting::{good_again, no_transaction_is_open, not_ready, within};

#[test]
fn a_primary_that_turned_read_only_is_a_503_until_it_is_writable_again() {
    let Some(setup) = Setup::postgres() else { return };
    let app = setup.spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    read_only(&app, "on");
    // One request may still use a session that was ended.
    within(Duration::from_secs(5), "reads of a read-only server", || ada.get("/api/posts?limit=1").status == 200);
    for _ in 0..6 {
        ada.post("/api/posts", post(&slug(), "…")).expect(503, "ServiceUnavailable");
    }
    not_ready(Duration::from_secs(10), &app);
    read_only(&app, "off");
    good_again(Duration::from_secs(10), &app, &ada, &ledger);
    no_transaction_is_open(&app);
    ledger.check(app.database());
}

/// Ends all sessions, because open ones keep the settings of their start.
fn read_only(app: &App, switch: &str) {
    let name = app.database().url.rsplit('/').next().expect("a name");
    let mut administrator = Psql::administrator();
    administrator.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = {switch}"));
    administrator.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
}
