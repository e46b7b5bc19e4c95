//! Several hosts in the database URL.

use std::time::Duration;

use crate::harness::Setup;
use crate::ledger::Ledger;
use crate::proxy::{Mode, Proxy};
use crate::waiting::{answered_in_time, good_again, no_transaction_is_open};

/// A URL with further hosts before its own.
fn with_hosts(url: &str, hosts: &[&str]) -> String {
    let (credentials, rest) = url.rsplit_once('@').expect("a URL with a user");
    format!("{credentials}@{},{rest}", hosts.join(","))
}

#[test]
fn a_host_that_refuses_connections_is_skipped() {
    let Some(setup) = Setup::postgres() else { return };
    let url = with_hosts(&setup.database().url, &["127.0.0.1:1"]);
    let app = setup.with("DATABASE_URL", &url).spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    ledger.check(app.database());
}

#[test]
fn an_unresponsive_host_is_abandoned_for_the_next() {
    let Some(setup) = Setup::postgres() else { return };
    let proxy = Proxy::before(&setup.database().url);
    let first = proxy.url(&setup.database().url);
    let first = first.rsplit_once('@').and_then(|(_, rest)| rest.split('/').next()).expect("a host");
    let url = with_hosts(&setup.database().url, &[first]);
    let app = setup.with("DATABASE_URL", &url).spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    proxy.all(Mode::Freeze);
    for reply in answered_in_time(4, &ada, &ledger) {
        assert!([200, 201, 503].contains(&reply.status), "{reply:?}");
    }
    // Connections that no request has used since are not used any more either.
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    no_transaction_is_open(&app);
    ledger.check(app.database());
}
