//! A process that is killed under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::harness::{App, Client, Setup};
use crate::ledger::Ledger;
use crate::random::below;
use crate::waiting::{good_again, measured, no_transaction_is_open};

const ROUNDS: usize = 5;

#[test]
fn kills_under_load_lose_nothing_that_was_acknowledged() {
    let Some(setup) = Setup::sqlite() else { return };
    kill_again_and_again(setup.spawn());
}

#[test]
fn kills_under_load_lose_nothing_that_was_acknowledged_on_postgresql() {
    let Some(setup) = Setup::postgres() else { return };
    no_transaction_is_open(&kill_again_and_again(setup.spawn()));
}

fn kill_again_and_again(mut app: App) -> App {
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    for _ in 0..ROUNDS {
        let author = ada.moved_to(&app);
        let setup = killed_under_load(app, &author, &ledger);
        let start = std::time::Instant::now();
        app = setup.spawn();
        measured("a start after a kill", start.elapsed());
        ledger.check(app.database());
    }
    good_again(Duration::from_secs(10), &app, &ada.moved_to(&app), &ledger);
    app
}

fn killed_under_load(app: App, author: &Client, ledger: &Ledger) -> Setup {
    let killed = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !killed.load(Ordering::Acquire) {
                    // A write without an answer is not acknowledged, and may or may not be stored.
                    if let Ok(reply) = ledger.write(author) {
                        reply.succeeds(201);
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(500 + below(1000)));
        let setup = app.kill();
        killed.store(true, Ordering::Release);
        setup
    })
}
