use std::fs;

use super::super::mailer::Mailer;
use super::super::test_server::{MailServer, Says};
use super::super::test_setup::{APP, Node, Room};
use super::super::{Mail, MailService, enqueue};
use super::*;
use crate::access::Principal;
use crate::context::Context;
use crate::settings::SmtpServer;

fn sender<'a>(room: &'a Room, core: &'a Node) -> MailSender<'a> {
    let auth = APP.auth.as_ref().expect("accounts");
    let public_url = "https://shop.example.com".to_owned();
    MailSender {
        room: &core.mail,
        outbox: Outbox { db: &core.db },
        clock: &room.clock,
        secrets: &room.secrets,
        app_name: "Shop",
        links: Links::new(auth, crate::settings::tests::app(None).mail_links, &public_url),
        public_url,
    }
}

async fn send(room: &Room, core: &Node) {
    sender(room, core).send_due(&Stopping::default()).await;
}

async fn speaking_to(room: &Room, server: &MailServer) -> Arc<Node> {
    room.node(&[("SMTP_URL", &server.url(""))], None).await
}

#[actix_web::test]
async fn a_mail_reaches_its_recipient_by_smtp() {
    let (room, server) = (Room::new().await, MailServer::start(&[Says::Yes]));
    let token = room.token().await;
    room.write(Template::ResetPassword, Some(token)).await;
    send(&room, &*speaking_to(&room, &server).await).await;
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert!(server.plain().contains(&"RCPT TO:<ada@example.com>".to_owned()), "{:?}", server.plain());
    let link = format!("\r\nhttps://shop.example.com/reset-password?token={}\r\n", room.secrets.token(token));
    for part in ["To: ada@example.com\r\n", "Auto-Submitted: auto-generated\r\n", "text/plain", "text/html", &link] {
        assert!(mails[0].contains(part), "{part} is missing in {}", mails[0]);
    }
    assert!(mails[0].contains("within 1 hour"), "{}", mails[0]);
    assert_eq!(room.attempts().await, [0; 0], "what is sent does not wait any longer");
}

#[actix_web::test]
async fn what_a_server_refuses_for_now_is_sent_once_the_pause_is_over() {
    let (room, server) = (Room::new().await, MailServer::start(&[Says::Refuses(451), Says::Yes]));
    let token = room.token().await;
    room.write(Template::VerifyEmail, Some(token)).await;
    let core = speaking_to(&room, &server).await;
    send(&room, &core).await;
    send(&room, &core).await;
    assert_eq!((server.tried(), room.attempts().await), (1, vec![1]), "not again at once");
    room.advance(31);
    send(&room, &core).await;
    send(&room, &core).await;
    assert_eq!((server.tried(), server.mails().len(), room.attempts().await), (2, 1, vec![]));
    assert!(server.mails()[0].contains(&room.secrets.token(token)));
}

#[actix_web::test]
async fn a_server_that_is_away_gets_the_mail_when_it_is_back() {
    let room = Room::new().await;
    for _ in 0..2 {
        let token = room.token().await;
        room.write(Template::VerifyEmail, Some(token)).await;
    }
    // Nothing listens on port 1.
    send(&room, &*room.node(&[("SMTP_URL", "smtp://127.0.0.1:1")], None).await).await;
    assert_eq!(room.attempts().await, [1, 0], "the second mail would have failed like the first");
    let server = MailServer::start(&[Says::Goodbye, Says::Yes]);
    let core = speaking_to(&room, &server).await;
    send(&room, &core).await;
    assert_eq!((server.mails().len(), room.attempts().await), (0, vec![1, 1]));
    room.advance(31);
    send(&room, &core).await;
    assert_eq!((server.mails().len(), room.attempts().await), (2, vec![]));
}

#[actix_web::test]
async fn two_nodes_send_every_mail_once() {
    let room = Room::new().await;
    for _ in 0..20 {
        let token = room.token().await;
        room.write(Template::VerifyEmail, Some(token)).await;
    }
    let other = room.node(&[], Some(room.mailbox.clone())).await;
    let third = room.node(&[], Some(room.mailbox.clone())).await;
    tokio::join!(send(&room, &room.core), send(&room, &other), send(&room, &third));
    let mut texts: Vec<String> = room.mailbox.mails().into_iter().map(|mail| mail.text).collect();
    texts.sort();
    texts.dedup();
    assert_eq!((room.mailbox.mails().len(), texts.len()), (20, 20));
    assert_eq!(room.attempts().await, [0; 0]);
}

#[actix_web::test]
async fn an_attempt_belongs_to_one() {
    let room = Room::new().await;
    room.write(Template::EmailChanged, None).await;
    let (outbox, now) = (Outbox { db: &room.core.db }, room.clock.now());
    let seen = outbox.next_due(now).await.expect("the outbox").expect("a mail");
    assert!(outbox.claim(&seen, now).await.expect("the outbox"));
    assert!(!outbox.claim(&seen, now).await.expect("the outbox"), "two nodes saw it due");
}

#[actix_web::test]
async fn a_mail_whose_sender_died_is_sent_once_by_the_next_start() {
    let room = Room::new().await;
    let token = room.token().await;
    room.write(Template::VerifyEmail, Some(token)).await;
    assert_eq!(room.mailbox.mails(), [], "nobody was there to send it");
    let next = room.node(&[], Some(room.mailbox.clone())).await;
    send(&room, &next).await;
    send(&room, &room.core).await;
    room.advance(3600);
    send(&room, &next).await;
    assert_eq!(room.mailbox.mails().len(), 1);
}

#[actix_web::test]
async fn a_mail_whose_sender_died_while_sending_is_sent_again_after_the_pause() {
    let room = Room::new().await;
    room.write(Template::EmailChanged, None).await;
    let (outbox, now) = (Outbox { db: &room.core.db }, room.clock.now());
    let seen = outbox.next_due(now).await.expect("the outbox").expect("a mail");
    assert!(outbox.claim(&seen, now).await.expect("the outbox"));
    send(&room, &room.core).await;
    assert_eq!(room.mailbox.mails().len(), 0);
    room.advance(31);
    send(&room, &room.core).await;
    room.advance(3600);
    send(&room, &room.core).await;
    assert_eq!(room.mailbox.mails().len(), 1);
}

#[actix_web::test]
async fn nobody_is_told_a_secret_that_no_longer_holds() {
    let room = Room::new().await;
    let (used, expired) = (room.token().await, room.token().await);
    for token in [used, expired] {
        room.write(Template::ResetPassword, Some(token)).await;
    }
    room.run(&format!("UPDATE gable_tokens SET used_at = created_at WHERE hex(id) = '{:X}'", used.simple())).await;
    room.run(&format!("UPDATE gable_tokens SET expires_at = created_at WHERE hex(id) = '{:X}'", expired.simple()))
        .await;
    send(&room, &room.core).await;
    assert_eq!((room.mailbox.mails().len(), room.attempts().await), (0, vec![]));
}

#[actix_web::test]
async fn a_mail_is_given_up_after_ten_attempts() {
    let (room, server) = (Room::new().await, MailServer::start(&[Says::Refuses(550)]));
    room.write(Template::EmailChanged, None).await;
    let core = speaking_to(&room, &server).await;
    for attempt in 1..=9 {
        send(&room, &core).await;
        assert_eq!((server.tried(), room.attempts().await), (attempt, vec![i32::try_from(attempt).expect("few")]));
        room.advance(5 * 3600);
    }
    send(&room, &core).await;
    assert_eq!((server.tried(), server.mails().len(), room.attempts().await), (10, 0, vec![]));
}

#[actix_web::test]
async fn a_mail_whose_every_sender_died_is_given_up_unsent() {
    let room = Room::new().await;
    room.write(Template::EmailChanged, None).await;
    room.run("UPDATE gable_outbox SET attempts = 10").await;
    send(&room, &room.core).await;
    assert_eq!((room.mailbox.mails().len(), room.attempts().await), (0, vec![]));
}

#[actix_web::test]
async fn an_error_repeats_neither_the_recipient_nor_what_the_server_says() {
    let (room, server) = (Room::new().await, MailServer::start(&[Says::Refuses(550)]));
    room.write(Template::EmailChanged, None).await;
    let core = speaking_to(&room, &server).await;
    let now = room.clock.now();
    let mail = Outbox { db: &core.db }.next_due(now).await.expect("the outbox").expect("a mail");
    let error = sender(&room, &core).send(&mail, now).await.expect_err("a refusal").to_string();
    assert!(error.contains("550") && !error.contains("ada"), "{error}");
}

#[actix_web::test]
async fn a_mail_that_this_version_does_not_know_waits_for_one_that_does() {
    let room = Room::new().await;
    room.write(Template::EmailChanged, None).await;
    room.run("UPDATE gable_outbox SET template = 'newsletter'").await;
    room.write(Template::EmailChanged, None).await;
    send(&room, &room.core).await;
    assert_eq!((room.mailbox.mails().len(), room.attempts().await), (1, vec![1]));
}

/// With a user and a password.
fn with_password(url: &str) -> String {
    url.replacen("://", "://ada:hunter2@", 1)
}

#[actix_web::test]
async fn without_the_tls_that_the_url_requires_no_password_and_no_mail_is_sent() {
    let (room, server) = (Room::new().await, MailServer::start(&[Says::Yes]));
    room.write(Template::EmailChanged, None).await;
    let url = with_password(&server.url("?tls=required"));
    send(&room, &*room.node(&[("SMTP_URL", &url)], None).await).await;
    let lines = server.plain();
    assert!(lines.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{lines:?}");
    assert_eq!((server.mails().len(), room.attempts().await), (0, vec![1]));
}

#[actix_web::test]
async fn a_server_that_nobody_vouches_for_gets_no_password_and_no_mail() {
    for (says, scheme, query) in [(&[Says::StartTls], "smtp", "?tls=required"), (&[Says::Tls], "smtps", "")] {
        let (room, server) = (Room::new().await, MailServer::start(says));
        room.write(Template::EmailChanged, None).await;
        let url = with_password(&server.url(query)).replacen("smtp", scheme, 1);
        send(&room, &*room.node(&[("SMTP_URL", &url)], None).await).await;
        let lines = server.plain();
        assert!(lines.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{lines:?}");
        assert_eq!((server.encrypted().len(), server.mails().len(), room.attempts().await), (0, 0, vec![1]));
    }
}

#[actix_web::test]
async fn a_server_that_is_known_gets_password_and_mail_behind_tls() {
    for (says, scheme, query) in [(&[Says::StartTls], "smtp", "?tls=required"), (&[Says::Tls], "smtps", "")] {
        let (room, server) = (Room::new().await, MailServer::start(says));
        room.write(Template::EmailChanged, None).await;
        let url = SmtpServer::parse(&with_password(&server.url(query)).replacen("smtp", scheme, 1)).expect("a URL");
        let mut mail = MailService::new(&APP, &room.core.settings, &[], None).expect("a mail room");
        mail.mailer = Mailer::Smtp(url.trusting(server.trust()));
        let sender = MailSender { room: &mail, ..sender(&room, &room.core) };
        sender.send_due(&Stopping::default()).await;
        let lines = server.encrypted();
        assert!(lines.iter().any(|line| line.starts_with("AUTH PLAIN")), "{lines:?}");
        assert!(
            server.plain().iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"),
            "{:?}",
            server.plain()
        );
        assert_eq!((server.mails().len(), room.attempts().await), (1, vec![]));
    }
}

#[actix_web::test]
async fn without_a_server_mail_becomes_files_that_only_their_owner_reads() {
    let room = Room::new().await;
    let token = room.token().await;
    room.write(Template::VerifyEmail, Some(token)).await;
    let core = room.node(&[], None).await;
    let mail = Outbox { db: &core.db }.next_due(room.clock.now()).await.expect("the outbox").expect("a mail");
    sender(&room, &core).send(&mail, room.clock.now()).await.expect("a file");
    send(&room, &core).await;
    let directory = room.directory.path().join("mail");
    let files: Vec<_> =
        fs::read_dir(&directory).expect("it is there").map(|file| file.expect("a file").path()).collect();
    assert_eq!(files, [directory.join(format!("{}.eml", mail.id))], "sent twice, it is still one mail");
    let text = fs::read_to_string(&files[0]).expect("text");
    assert!(text.contains(&format!("session/verify-email?token={}\r\n", room.secrets.token(token))), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&files[0])), (0o700, 0o600));
    }
}

#[actix_web::test]
async fn a_code_is_told_instead_of_a_link() {
    let room = Room::new().await;
    let token = room.token().await;
    room.write(Template::VerifyEmailCode, Some(token)).await;
    send(&room, &room.core).await;
    let mails = room.mailbox.mails();
    assert!(mails[0].text.contains(&format!("\n{}\n", room.secrets.code(token))), "{}", mails[0].text);
    assert!(!mails[0].text.contains(&room.secrets.token(token)));
}

#[actix_web::test]
async fn variables_of_the_mail_reach_the_template_and_the_link() {
    let room = Room::new().await;
    let to = "ada@example.com".to_owned();
    let changed = vec![("new_email", "countess@example.com".to_owned()), ("app_name", "Evil".to_owned())];
    room.request(Mail { template: Template::EmailChanged, to: to.clone(), token: None, variables: changed })
        .await
        .expect("written");
    let redirect = vec![("redirect_uri", "https://app.example.com/in?a=b".to_owned())];
    let token = Some(room.token().await);
    room.request(Mail { template: Template::ConfirmEmail, to, token, variables: redirect }).await.expect("written");
    send(&room, &room.core).await;
    let mails = room.mailbox.mails();
    assert!(mails[0].text.contains("to countess@example.com") && !mails[0].text.contains("Evil"), "{}", mails[0].text);
    assert!(mails[1].text.contains("&redirectUri=https%3A%2F%2Fapp.example.com%2Fin%3Fa%3Db\n"), "{}", mails[1].text);
}

#[actix_web::test]
async fn only_a_commit_writes_a_mail_and_wakes_the_worker() {
    let room = Room::new().await;
    let mail =
        || Mail { template: Template::EmailChanged, to: "ada@example.com".into(), token: None, variables: vec![] };
    let wake = &room.core.mail.wake;
    let mut ctx = Context::new(&room.core.core, Principal::Anonymous, None);
    assert!(enqueue(&mut ctx, mail()).await.is_err(), "there is no transaction");
    ctx.begin().await.expect("a transaction");
    enqueue(&mut ctx, mail()).await.expect("written");
    ctx.roll_back().await;
    let woken = tokio::time::timeout(Duration::ZERO, wake.notified()).await;
    assert!(woken.is_err() && room.attempts().await.is_empty());
    room.request(mail()).await.expect("committed");
    tokio::time::timeout(Duration::from_secs(60), wake.notified()).await.expect("it was woken");
    assert_eq!(room.attempts().await, [0]);
}

#[actix_web::test]
async fn a_recipient_that_is_no_address_gets_no_mail_and_fails_no_request() {
    let room = Room::new().await;
    for to in ["ada", "ada@example.com\r\nBcc: eve@example.com", "", &format!("ada@{}com", "example.".repeat(40))] {
        let mail = Mail { template: Template::EmailChanged, to: to.to_owned(), token: None, variables: vec![] };
        room.request(mail).await.expect("the request goes on");
    }
    assert_eq!(room.attempts().await, [0; 0]);
}

#[actix_web::test]
async fn a_mail_without_the_token_that_it_tells_is_refused() {
    let room = Room::new().await;
    let mail =
        Mail { template: Template::ResetPassword, to: "ada@example.com".to_owned(), token: None, variables: vec![] };
    assert!(room.request(mail).await.is_err());
    assert_eq!(room.attempts().await, [0; 0]);
}

#[actix_web::test]
async fn a_worker_that_is_stopping_begins_no_mail() {
    let room = Room::new().await;
    room.write(Template::EmailChanged, None).await;
    let stopping = Stopping::default();
    stopping.begin();
    sender(&room, &room.core).send_due(&stopping).await;
    assert_eq!((room.mailbox.mails().len(), room.attempts().await), (0, vec![0]));
}

#[test]
fn durations_are_said_as_people_say_them() {
    let hour = 3600;
    let durations = [1, 599, hour - 1, hour, 90 * 60, 2 * hour, 24 * hour - 1, 47 * hour, 48 * hour, 7 * 24 * hour - 1];
    let expected = [
        "1 minute",
        "10 minutes",
        "1 hour",
        "1 hour",
        "90 minutes",
        "2 hours",
        "24 hours",
        "47 hours",
        "2 days",
        "7 days",
    ];
    assert_eq!(durations.map(duration), expected);
}
