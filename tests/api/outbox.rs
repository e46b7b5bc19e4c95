//! Mail that was left in the outbox is sent once by the next server that starts.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use gable::Gable;
use gable::generated::{Api, AppMeta, Migration, Mounted};
use gable::testing::{ReceivedMail, TestServer};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::{Client, Installation, PASSWORD, SqlValue};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The outbox of an installation with one account, on which servers start and stop.
struct Outbox(Installation);

impl Outbox {
    fn new() -> Self {
        let outbox = Self(Installation::new());
        let server = outbox.start();
        let account = json!({ "email": "ada@example.com", "password": PASSWORD });
        Client::new(server.url()).post("/api/auth/signup", account).succeeds(201);
        // The mail that verifies the address must not be left to a later server.
        outbox.is_eventually_empty();
        outbox
    }

    fn with(self, name: &'static str, value: &str) -> Self {
        Self(self.0.with(name, value))
    }

    fn start(&self) -> TestServer {
        self.start_as::<api::Api>()
    }

    /// Like `start`, with another version of the application.
    fn start_as<A: Api>(&self) -> TestServer {
        self.0.serve(Gable::<A>::new())
    }

    /// Inserts a mail into the outbox, as a process leaves it that ends right after a commit.
    fn leave_a_mail(&self) {
        let (token, now) = (Uuid::now_v7(), self.0.clock.now());
        let token_row = [token.into(), now.into(), (now + HOUR).into()];
        self.run(
            "INSERT INTO gable_tokens (id, account_id, purpose, address, created_at, expires_at) \
             SELECT $1, id, 'test', 'ada@example.com', $2, $3 FROM users",
            &token_row,
        );
        let mail = [Uuid::now_v7().into(), token.into(), now.into()];
        self.run(
            "INSERT INTO gable_outbox (id, template, recipient, token_id, variables, created_at, next_attempt_at) \
             VALUES ($1, 'reset-password', 'ada@example.com', $2, '{}', $3, $3)",
            &mail,
        );
    }

    fn run(&self, sql: &str, values: &[SqlValue]) {
        assert_eq!(self.0.sql().change(sql, values), 1);
    }

    fn waiting(&self) -> i64 {
        self.0.rows("gable_outbox")
    }

    #[track_caller]
    fn is_eventually_empty(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.waiting() > 0 {
            assert!(Instant::now() < deadline, "mail still waits");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_mail_that_was_left_behind_is_sent_once_by_the_next_start() {
    let outbox = Outbox::new();
    outbox.leave_a_mail();
    let server = outbox.start();
    let mails: Vec<ReceivedMail> = server.wait_for_mails(1);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("ada@example.com", "Choose a new password for Gazette")
    );
    let link = format!("\n{}/reset-password?token=", server.url());
    assert!(mails[0].text.contains(&link), "{}", mails[0].text);
    assert!(mails[0].html.contains("/reset-password?token="), "{}", mails[0].html);
    outbox.is_eventually_empty();
    drop(server);
    outbox.0.clock.advance(HOUR);
    let server = outbox.start();
    outbox.leave_a_mail();
    server.wait_for_mails(1);
    outbox.is_eventually_empty();
    assert_eq!(server.mails().len(), 1, "the second mail, not the first one again");
}

/// The Gazette as it is generated with a file in `templates/mail/`.
struct WithItsOwnMail;

impl Api for WithItsOwnMail {
    type Hooks = <api::Api as Api>::Hooks;
    const APP: &'static AppMeta = api::Api::APP;
    const PERMISSIONS: usize = api::Api::PERMISSIONS;
    const MIGRATIONS: &'static [Migration] = api::Api::MIGRATIONS;
    const TABLES: &'static str = api::Api::TABLES;
    const MAIL_TEMPLATES: &'static [(&'static str, &'static str)] =
        &[("reset-password.txt.jinja", "Subject: {{ app_name|upper }}\n\nThis way: {{ link }}\n")];

    fn mount(hooks: Self::Hooks) -> Mounted {
        api::Api::mount(hooks)
    }
}

#[test]
fn an_application_can_replace_a_mail_template() {
    let outbox = Outbox::new();
    outbox.leave_a_mail();
    let server = outbox.start_as::<WithItsOwnMail>();
    let mail = server.wait_for_mails(1).remove(0);
    assert_eq!(mail.subject, "GAZETTE");
    assert!(mail.text.starts_with(&format!("This way: {}/reset-password?token=", server.url())), "{}", mail.text);
    assert!(mail.html.contains("Choose a new password"), "what it does not replace stays: {}", mail.html);
}

#[test]
fn mails_can_be_written_to_files() {
    let outbox = Outbox::new();
    let directory = outbox.0.directory().join("letters");
    let outbox = outbox.with("GABLE_MAIL_DIR", directory.to_str().expect("text"));
    let server = outbox.start();
    outbox.leave_a_mail();
    outbox.is_eventually_empty();
    assert_eq!(std::fs::read_dir(&directory).expect("it is there").count(), 1);
    assert_eq!(server.mails(), []);
}

/// Receives one mail, reports it, and acknowledges it when the test permits.
fn slow_mail_server(listener: &TcpListener, arrived: &Sender<()>, answer: &Receiver<()>) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.write_all(b"220 slow\r\n")?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let reply = match line?.as_str() {
            "DATA" => "354 go ahead\r\n",
            "." => {
                arrived.send(()).expect("the test waits");
                answer.recv().expect("the test answers");
                "250 taken\r\n"
            }
            command if ["EHLO", "MAIL", "RCPT"].iter().any(|known| command.starts_with(known)) => "250 ok\r\n",
            _ => continue,
        };
        stream.write_all(reply.as_bytes())?;
    }
    Ok(())
}

#[test]
fn a_mail_on_its_way_arrives_before_the_application_ends() {
    let outbox = Outbox::new();
    outbox.leave_a_mail();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("smtp://{}", listener.local_addr().expect("an address"));
    let ((arrived, has_arrived), (answer, may_answer)) = (channel(), channel());
    let mail_server = std::thread::spawn(move || slow_mail_server(&listener, &arrived, &may_answer));
    let outbox = outbox.with("SMTP_URL", &url);
    let server = outbox.start();
    has_arrived.recv_timeout(Duration::from_secs(60)).expect("a mail");
    let live = format!("{}/health/live", server.url());
    let end = std::thread::spawn(move || drop(server));
    // When requests are no longer answered, the server waits only for the mail.
    let once =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).max_idle_connections(0).build();
    let client: ureq::Agent = once.into();
    let deadline = Instant::now() + Duration::from_secs(60);
    while client.get(&live).call().is_ok() {
        assert!(Instant::now() < deadline, "it does not stop");
        std::thread::sleep(Duration::from_millis(10));
    }
    answer.send(()).expect("the mail server waits");
    end.join().expect("an end");
    assert_eq!(outbox.waiting(), 0, "what was sent is not sent again");
    mail_server.join().expect("no panic").expect("a conversation");
}

#[test]
fn an_invalid_smtp_url_is_reported_at_start_without_its_password() {
    let directory = TempDir::new().expect("a directory");
    let variables = [("SMTP_URL", "smtp://ada:hunter2@mail?tls=perhaps"), ("PORT", "0")];
    let started = TestServer::start(Gable::<api::Api>::new(), directory.path(), &variables);
    let problem = started.err().expect("a problem");
    assert!(problem.contains("SMTP_URL") && !problem.contains("hunter2"), "{problem}");
}
