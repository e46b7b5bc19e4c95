//! Mail that waits is sent by whoever runs next, once.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use gable::generated::{Api, AppMeta, Migration, Mounted};
use gable::testing::{ReceivedMail, TestServer};
use gable::{Clock, Gable};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::{Sql, SqlValue};

/// A database that outlives the applications on it.
struct Place {
    directory: TempDir,
    clock: Clock,
}

impl Place {
    /// With an account in it.
    fn new() -> Self {
        let place = Self { directory: TempDir::new().expect("a directory"), clock: Clock::default() };
        let server = place.start(&[]);
        let body = json!({ "email": "ada@example.com", "password": "Analytical-1843" }).to_string();
        let signed_up = ureq::post(format!("{}/api/auth/signup", server.url()))
            .header("Content-Type", "application/json")
            .send(body.as_bytes());
        assert_eq!(signed_up.expect("an answer").status(), 201);
        place
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.directory.path().join("data.db").display())
    }

    fn start(&self, more: &[(&str, &str)]) -> TestServer {
        self.start_as::<api::Api>(more)
    }

    /// Like `start`, with another version of the application.
    fn start_as<A: Api>(&self, more: &[(&str, &str)]) -> TestServer {
        let url = self.url();
        let common = [("DATABASE_URL", url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let app = Gable::<A>::new().clock(self.clock.clone());
        TestServer::start(app, self.directory.path(), &[&common[..], more].concat()).expect("an application")
    }

    /// Leaves a mail in the outbox, as a process does that ends right after its commit.
    fn leave_a_mail(&self) {
        let (token, now) = (Uuid::now_v7(), self.clock.now());
        let token_row = [token.into(), now.into(), (now + Duration::from_secs(3600)).into()];
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
        assert_eq!(Sql::open(&self.url()).change(sql, values), 1);
    }

    fn waiting(&self) -> i64 {
        Sql::open(&self.url()).value("SELECT count(*) FROM gable_outbox", &[])
    }

    fn wait_until_nothing_waits(&self) {
        for _ in 0..6000 {
            if self.waiting() == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("mail still waits");
    }
}

#[test]
fn a_mail_that_was_left_behind_is_sent_once_by_the_next_start() {
    let place = Place::new();
    place.leave_a_mail();
    let server = place.start(&[]);
    let mails: Vec<ReceivedMail> = server.wait_for_mails(1);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("ada@example.com", "Choose a new password for Gazette")
    );
    let link = format!("\n{}/reset-password?token=", server.url());
    assert!(mails[0].text.contains(&link), "{}", mails[0].text);
    assert!(mails[0].html.contains("/reset-password?token="), "{}", mails[0].html);
    place.wait_until_nothing_waits();
    drop(server);
    place.clock.advance(Duration::from_secs(3600));
    let server = place.start(&[]);
    place.leave_a_mail();
    server.wait_for_mails(1);
    place.wait_until_nothing_waits();
    assert_eq!(server.mails().len(), 1, "the second mail, not the first one again");
}

/// The Gazette, as the build step prints it with a file in `templates/mail/`.
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
fn an_application_says_it_in_its_own_words() {
    let place = Place::new();
    place.leave_a_mail();
    let server = place.start_as::<WithItsOwnMail>(&[]);
    let mail = server.wait_for_mails(1).remove(0);
    assert_eq!(mail.subject, "GAZETTE");
    assert!(mail.text.starts_with(&format!("This way: {}/reset-password?token=", server.url())), "{}", mail.text);
    assert!(mail.html.contains("Choose a new password"), "what it does not replace stays: {}", mail.html);
}

#[test]
fn a_test_may_ask_for_files() {
    let place = Place::new();
    let directory = place.directory.path().join("letters");
    let server = place.start(&[("GABLE_MAIL_DIR", directory.to_str().expect("text"))]);
    place.leave_a_mail();
    place.wait_until_nothing_waits();
    assert_eq!(std::fs::read_dir(&directory).expect("it is there").count(), 1);
    assert_eq!(server.mails(), []);
}

/// Takes one mail, says when it has it, and answers once it may.
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
    let place = Place::new();
    place.leave_a_mail();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("smtp://{}", listener.local_addr().expect("an address"));
    let ((arrived, has_arrived), (answer, may_answer)) = (channel(), channel());
    let mail_server = std::thread::spawn(move || slow_mail_server(&listener, &arrived, &may_answer));
    let server = place.start(&[("SMTP_URL", &url)]);
    has_arrived.recv_timeout(Duration::from_secs(60)).expect("a mail");
    let live = format!("{}/health/live", server.url());
    let end = std::thread::spawn(move || drop(server));
    // Once no request is answered any longer, the mail is all that keeps it from ending.
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
    assert_eq!(place.waiting(), 0, "what was sent is not sent again");
    mail_server.join().expect("no panic").expect("a conversation");
}

#[test]
fn a_wrong_mail_server_is_told_at_start_without_its_password() {
    let directory = TempDir::new().expect("a directory");
    let variables = [("SMTP_URL", "smtp://ada:hunter2@mail?tls=perhaps"), ("PORT", "0")];
    let started = TestServer::start(Gable::<api::Api>::new(), directory.path(), &variables);
    let problem = started.err().expect("a problem");
    assert!(problem.contains("SMTP_URL") && !problem.contains("hunter2"), "{problem}");
}
