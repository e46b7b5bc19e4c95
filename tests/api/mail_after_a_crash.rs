//! Mail of a process that was killed: the next one sends it.

use std::time::{Duration, Instant};

use gable::testing::TestServer;
use gable::{Clock, Gable};
use serde_json::json;

use crate::harness::{Client, MailServer, Manner, PASSWORD, Setup};

/// Longer than a mail is left alone whose sender died.
const LEASE: Duration = Duration::from_secs(31);
const EMAIL: &str = "ada@example.com";

/// The running binary, in which somebody forgets their password while the mail server behaves like this. What it was
/// killed over stays behind.
fn killed(mail_server: &MailServer, once: impl FnOnce()) -> Setup {
    let setup = Setup::new().with("SMTP_URL", mail_server.url()).with("GABLE_SUPERUSER_PASSWORD", PASSWORD);
    // An account that is made like this is sent nothing.
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

/// Another start on what was left behind. In this process, for its clock: nobody waits for the lease.
fn next_start(left: &Setup, clock: &Clock) -> TestServer {
    clock.advance(LEASE);
    let app = Gable::<api::Api>::new().clock(clock.clone());
    TestServer::start(app, left.directory(), &left.variables()).expect("an application")
}

fn wait_until_nothing_waits(left: &Setup) {
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

/// The start after that has nothing to send: the next mail that comes is one that it was asked for itself.
#[track_caller]
fn nothing_more_comes(left: &Setup, clock: &Clock, mail_server: &MailServer) {
    let before = mail_server.taken();
    let server = next_start(left, clock);
    forget(&Client::new(server.url()));
    let mails = mail_server.wait_for(before.len() + 1);
    wait_until_nothing_waits(left);
    assert_eq!((mails.len(), mail_server.taken().len()), (before.len() + 1, before.len() + 1));
    let new = message_id(&mails[before.len()]);
    assert!(before.iter().all(|mail| message_id(mail) != new), "{new}");
}

#[test]
fn a_mail_whose_process_was_killed_before_it_was_sent_is_sent_once() {
    let mail_server = MailServer::start(Manner::Silent);
    let left = killed(&mail_server, || {});
    assert_eq!((left.rows("gable_outbox"), mail_server.taken()), (1, Vec::new()));
    mail_server.becomes(Manner::Answering);
    let clock = Clock::default();
    let server = next_start(&left, &clock);
    mail_server.wait_for(1);
    wait_until_nothing_waits(&left);
    drop(server);
    let mails = mail_server.taken();
    assert!(mails.len() == 1 && mails[0].contains(EMAIL), "{mails:#?}");
    nothing_more_comes(&left, &clock, &mail_server);
}

#[test]
fn a_mail_whose_process_was_killed_before_it_heard_that_it_was_taken_comes_twice_and_says_so() {
    let mail_server = MailServer::start(Manner::Withholding);
    let left = killed(&mail_server, || drop(mail_server.wait_for(1)));
    assert_eq!(left.rows("gable_outbox"), 1, "nobody said that it was taken");
    mail_server.becomes(Manner::Answering);
    let clock = Clock::default();
    let server = next_start(&left, &clock);
    wait_until_nothing_waits(&left);
    drop(server);
    let mails = mail_server.taken();
    assert_eq!(mails.len(), 2, "{mails:#?}");
    assert_eq!(message_id(&mails[0]), message_id(&mails[1]));
    nothing_more_comes(&left, &clock, &mail_server);
}
