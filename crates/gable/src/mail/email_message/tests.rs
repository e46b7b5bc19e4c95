use chrono::Utc;

use super::*;

const EVE: &str = "x\r\nBcc: eve@example.com\r\n\r\nDear Ada";

fn compose(from: &Mailbox, to: &str, subject: &str) -> Result<EmailMessage, NotAnAddress> {
    let rendered = Rendered { subject: subject.to_owned(), text: "Hello".to_owned(), html: "<p>Hello</p>".to_owned() };
    EmailMessage::new(Uuid::now_v7(), from, to, Utc::now(), rendered)
}

/// The headers, in one line each.
fn headers(email: &EmailMessage) -> Vec<String> {
    let text = String::from_utf8(email.message.formatted()).expect("ASCII");
    let head = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
    assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{head:?}");
    head.split("\r\n").map(str::to_owned).collect()
}

fn names(email: &EmailMessage) -> Vec<String> {
    headers(email).iter().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
}

const USUAL: [&str; 8] =
    ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

#[test]
fn a_message_has_the_headers_of_automatic_mail() {
    let from = sender(Some("Gazette <no-reply@example.com>"), "http://localhost").expect("a sender");
    let email = compose(&from, "ada@example.com", "Hello").expect("a message");
    assert_eq!(names(&email), USUAL);
    let lines = headers(&email);
    assert_eq!(lines[..3], ["From: Gazette <no-reply@example.com>", "To: ada@example.com", "Subject: Hello"]);
    assert!(lines[4].ends_with(&format!("<{}@example.com>", email.id)), "{}", lines[4]);
    assert_eq!(lines[5], "Auto-Submitted: auto-generated");
    assert!(lines[7].contains("multipart/alternative"), "{}", lines[7]);
}

#[test]
fn a_line_break_in_a_subject_adds_no_header() {
    let from = sender(None, "http://localhost").expect("a sender");
    for subject in [EVE, "x\nBcc: eve@example.com", "x\rBcc: eve@example.com", "Größe\r\nBcc: eve@example.com", "\0"]
    {
        let email = compose(&from, "ada@example.com", subject).expect("a message");
        assert_eq!(names(&email), USUAL, "{subject:?}");
        assert_eq!(email.message.envelope().to().len(), 1);
    }
}

#[test]
fn a_line_break_in_the_senders_name_is_refused() {
    for from in [format!("{EVE} <a@example.com>"), "Ada\rBcc: x <a@example.com>".into(), "a@example.com\nX: y".into()] {
        assert!(sender(Some(&from), "http://localhost").is_err(), "{from:?}");
    }
}

#[test]
fn an_odd_name_of_a_sender_stays_a_name() {
    for name in ["Müller & Söhne", "a \"b\" \\ c", "Bcc: eve@example.com,", "😀"] {
        let from = sender(Some(&format!("{name} <no-reply@example.com>")), "http://localhost").expect("a sender");
        let email = compose(&from, "ada@example.com", "Hello").expect("a message");
        assert_eq!(names(&email), USUAL, "{name}");
        assert_eq!(email.message.envelope().from().map(ToString::to_string).as_deref(), Some("no-reply@example.com"));
    }
}

#[test]
fn a_line_break_or_a_second_address_in_the_recipient_is_refused() {
    let from = sender(None, "http://localhost").expect("a sender");
    for to in [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "ada@example.com eve@example.com",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "ada@example.com>\r\nDATA\r\n",
        "\r\nada@example.com",
        "ada\0@example.com",
        "ada",
        "",
    ] {
        assert!(!is_address(to), "{to:?}");
        assert!(compose(&from, to, "Hello").is_err(), "{to:?}");
    }
    assert!(is_address("ada.lovelace+books@xn--bcher-kva.example"));
    assert!(!is_address(&format!("ada@{}example.com", "sub.".repeat(70))));
}

#[test]
fn plain_text_stays_readable_and_everything_else_is_encoded() {
    let printed = |text: &str| {
        let body = body(text);
        (body.encoding(), String::from_utf8(body.into_vec()).expect("ASCII"))
    };
    let long = "a".repeat(998);
    assert_eq!(
        printed(&format!("a=b\n.\r\n{long}")),
        (ContentTransferEncoding::SevenBit, format!("a=b\r\n.\r\n{long}"))
    );
    for text in [&format!("{long}a"), "Größe", "a\rb", "a\0b", "\u{7f}"] {
        let (encoding, encoded) = printed(text);
        assert_ne!(encoding, ContentTransferEncoding::SevenBit, "{text:?}");
        assert!(encoded.lines().all(|line| line.len() <= 76 && line.is_ascii()), "{encoded:?}");
    }
}

#[test]
fn the_sender_is_that_of_the_yaml_or_nobody_at_the_applications_host() {
    let at = |from: Option<&str>, url: &str| sender(from, url).map(|mailbox| mailbox.to_string());
    assert_eq!(at(Some("no-reply@example.com"), "").ok().as_deref(), Some("no-reply@example.com"));
    let umlauts = sender(Some("Müller & Söhne <no-reply@example.com>"), "").expect("a sender");
    assert_eq!(umlauts.name.as_deref(), Some("Müller & Söhne"));
    assert_eq!(at(None, "https://shop.example.com/v1").ok().as_deref(), Some("no-reply@shop.example.com"));
    assert_eq!(at(None, "http://127.0.0.1:8000").ok().as_deref(), Some("no-reply@localhost"));
    assert_eq!(at(None, "http://[::1]:8000").ok().as_deref(), Some("no-reply@localhost"));
    assert!(at(Some("Gazette"), "").is_err());
}
