//! Password hashes are computed for client addresses in turn, so that an address with many requests delays only itself.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{App, PASSWORD, Reply, Setup, unique};

const FLOOD: &str = "192.0.2.1";
const OTHER: &str = "198.51.100.7";

/// Serializes these tests: two at once would compete for the processor.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts an application in which a hash takes about a quarter of a second.
fn slow() -> App {
    Setup::new().with("GABLE_BCRYPT_COST", "12").with("TRUSTED_PROXIES", "127.0.0.1").spawn()
}

fn post(app: &App, from: &str, path: &str, body: &Value) -> Reply {
    app.request("POST", path).header("X-Forwarded-For", from).json(body).send()
}

fn wrong_log_in(app: &App, from: &str) -> Reply {
    post(app, from, "/api/auth/login", &json!({ "username": unique("nobody"), "password": PASSWORD }))
}

fn sign_up(app: &App, from: &str) -> Reply {
    let body = json!({ "email": format!("{}@example.com", unique("new")), "password": PASSWORD });
    post(app, from, "/api/auth/signup", &body)
}

/// The number of threads that compute hashes.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1)
}

/// Counts the answers that a flood of requests from one address receives while another address is answered once.
fn served_meanwhile(flood: impl Fn(usize) -> Reply + Sync, other: impl FnOnce() -> Reply) -> (usize, Reply) {
    let (served, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 0..14 + threads() {
            let (flood, served, over) = (&flood, &served, &over);
            scope.spawn(move || {
                // This client sends the next request as soon as it is answered.
                while !over.load(Ordering::SeqCst) {
                    let served_one = flood(number).status != 503;
                    served.fetch_add(usize::from(served_one), Ordering::SeqCst);
                }
            });
        }
        while served.load(Ordering::SeqCst) < 2 {
            thread::sleep(Duration::from_millis(5));
        }
        let before = served.load(Ordering::SeqCst);
        let reply = other();
        let meanwhile = served.load(Ordering::SeqCst) - before;
        over.store(true, Ordering::SeqCst);
        (meanwhile, reply)
    })
}

#[test]
fn a_flood_of_passwords_from_one_address_does_not_delay_a_log_in_from_another() {
    let (_alone, app) = (alone(), slow());
    let ada = app.sign_up("ada");
    let flood = |number: usize| if number.is_multiple_of(2) { wrong_log_in(&app, FLOOD) } else { sign_up(&app, FLOOD) };
    let log_in = || post(&app, OTHER, "/api/auth/login", &json!({ "email": ada.email, "password": PASSWORD }));
    let (meanwhile, reply) = served_meanwhile(flood, log_in);
    reply.succeeds(200);
    // The hashes in progress, one that is next in turn, and those computed in parallel to the log-in's own.
    assert!(meanwhile <= 3 * threads() + 1, "{meanwhile} answers of the flood came first");
}

#[test]
fn accounts_that_are_made_in_bulk_do_not_delay_a_log_in_from_another_address() {
    let (_alone, app) = (alone(), slow());
    let ada = app.sign_up("ada");
    let root = app.super_user();
    let flood = |_| {
        let row = json!({ "email": format!("{}@example.com", unique("bulk")), "password": PASSWORD });
        root.request("POST", "/api/users/many").header("X-Forwarded-For", FLOOD).json(&json!([row])).send()
    };
    let log_in = || post(&app, OTHER, "/api/auth/login", &json!({ "email": ada.email, "password": PASSWORD }));
    let (meanwhile, reply) = served_meanwhile(flood, log_in);
    reply.succeeds(200);
    assert!(meanwhile <= 3 * threads() + 1, "{meanwhile} answers of the flood came first");
}

#[test]
fn one_address_can_fill_only_its_own_share_of_the_queue() {
    let (_alone, app) = (alone(), slow());
    let ada = app.sign_up("ada");
    let refused = AtomicUsize::new(0);
    let flood = |number: usize| {
        let reply = if number.is_multiple_of(2) { wrong_log_in(&app, FLOOD) } else { sign_up(&app, FLOOD) };
        if reply.status == 503 {
            assert_eq!(reply.header("Retry-After"), Some("2"), "{reply:?}");
            refused.fetch_add(1, Ordering::SeqCst);
        }
        reply
    };
    thread::scope(|scope| {
        let flood = &flood;
        for number in 0..40 {
            scope.spawn(move || flood(number));
        }
        while refused.load(Ordering::SeqCst) == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        post(&app, OTHER, "/api/auth/login", &json!({ "email": ada.email, "password": PASSWORD })).succeeds(200);
    });
    assert!(refused.load(Ordering::SeqCst) > 0);
}
