//! Mail of a process that was killed is sent by the next one.

use std::time::{Duration, Instant};

use gable::testing::TestServer;
use gable::{Clock, Gable};
use serde_json::json;

use crate::harness::{Client, MailServer, MailServerMode, PASSWORD, Setup};

/// Longer than the lease of a mail, after which another process may send it.
const LEASE: Duration = Duration::from_secs(31);
const EMAIL: &str = "ada@example.com";

/// Starts the binary, requests a mail for a forgotten password, and kills the process when `once` returns. The setup
/// keeps its database.
fn killed(mail_server: &MailServer, once: impl FnOnce()) -> Setup {
    let setup = Setup::new().with("SMTP_URL", mail_server.url()).with("GABLE_SUPERUSER_PASSWORD", PASSWORD);
    // An account made by the command receives no mail of its own.
    let made = setup.run(&["superuser", "create", "--username", "ada", "--email", EMAIL]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let app = setup.spawn();
    forget(&app);
    once();
    app.kill()
}

fn forget(client: &Client) {
    client.post("/auth/forgot-password", json!({ "identifier": EMAIL })).succeeds(200);
}

/// Starts the application again on the same database. It runs in this process, because its clock is advanced past the
/// lease.
fn next_start(left: &Setup, clock: &Clock) -> TestServer {
    clock.advance(LEASE);
    let app = Gable::<api::Api>::new().clock(clock.clone());
    TestServer::start(app, left.directory(), &left.variables()).expect("an application")
}

fn wait_for_an_empty_outbox(left: &Setup) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while left.rows("gable_outbox") > 0 {
        assert!(Instant::now() < deadline, "mail still waits");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn message_id(mail: &str) -> &str {
    let line = mail.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"));
    line.unwrap_or_else(|| panic!("no Message-ID: {mail}"))
}

/// Asserts that a further start sends no old mail: its only mail is the one that is requested from it.
#[track_caller]
fn no_old_mail_is_sent(left: &Setup, clock: &Clock, mail_server: &MailServer) {
    let before = mail_server.taken();
    let server = next_start(left, clock);
    forget(&Client::new(server.url()));
    let mails = mail_server.wait_for(before.len() + 1);
    wait_for_an_empty_outbox(left);
    assert_eq!((mails.len(), mail_server.taken().len()), (before.len() + 1, before.len() + 1));
    let new = message_id(&mails[before.len()]);
    assert!(before.iter().all(|mail| message_id(mail) != new), "{new}");
}

#[test]
fn a_mail_whose_process_was_killed_before_it_was_sent_is_sent_once() {
    let mail_server = MailServer::start(MailServerMode::Silent);
    let left = killed(&mail_server, || {});
    assert_eq!((left.rows("gable_outbox"), mail_server.taken()), (1, Vec::new()));
    mail_server.set_mode(MailServerMode::Answering);
    let clock = Clock::default();
    let server = next_start(&left, &clock);
    mail_server.wait_for(1);
    wait_for_an_empty_outbox(&left);
    drop(server);
    let mails = mail_server.taken();
    assert!(mails.len() == 1 && mails[0].contains(EMAIL), "{mails:#?}");
    no_old_mail_is_sent(&left, &clock, &mail_server);
}

#[test]
fn a_mail_whose_process_was_killed_before_the_acknowledgement_is_sent_twice_with_one_message_id() {
    let mail_server = MailServer::start(MailServerMode::Withholding);
    let left = killed(&mail_server, || drop(mail_server.wait_for(1)));
    assert_eq!(left.rows("gable_outbox"), 1, "the mail was not acknowledged");
    mail_server.set_mode(MailServerMode::Answering);
    let clock = Clock::default();
    let server = next_start(&left, &clock);
    wait_for_an_empty_outbox(&left);
    drop(server);
    let mails = mail_server.taken();
    assert_eq!(mails.len(), 2, "{mails:#?}");
    assert_eq!(message_id(&mails[0]), message_id(&mails[1]));
    no_old_mail_is_sent(&left, &clock, &mail_server);
}
