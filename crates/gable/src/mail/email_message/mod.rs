//! Builds a mail with a text and an HTML part. No value from outside can add a header.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use uuid::Uuid;

use super::templates::Rendered;
use crate::meta::limits;

pub(super) struct EmailMessage {
    pub(super) id: Uuid,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    pub(super) message: Message,
}

/// Contains neither the address nor the reason, since the reason may repeat the address.
#[derive(Debug, thiserror::Error)]
#[error("the recipient is no address that mail can be sent to")]
pub(super) struct NotAnAddress;

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a sender such as `Gazette <no-reply@example.com>`")]
pub(crate) struct NotASender(String);

impl EmailMessage {
    /// Builds the mail. `id` is the id of the outbox row: a second attempt has the same `Message-ID`, so that a
    /// recipient of both can recognize the duplicate.
    pub(super) fn new(
        id: Uuid,
        from: &Mailbox,
        to: &str,
        now: DateTime<Utc>,
        rendered: Rendered,
    ) -> Result<Self, NotAnAddress> {
        let Rendered { subject, text, html } = rendered;
        let address: Address = to.parse().map_err(|_| NotAnAddress)?;
        let parts = MultiPart::alternative()
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body(&text)))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(body(&html)));
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, address))
            .subject(subject.clone())
            .date(SystemTime::from(now))
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .header(AutoSubmitted)
            .multipart(parts)
            .map_err(|_| NotAnAddress)?;
        Ok(Self { id, to: to.to_owned(), subject, text, html, message })
    }
}

/// Encodes a part. Printable ASCII stays as it is, so that a link can be copied from a file: the library would encode
/// lines of more than 76 characters as quoted-printable. RFC 5322 allows 998 characters.
fn body(text: &str) -> Body {
    let lines: Vec<&str> = text.lines().collect();
    let readable = lines.iter().all(|line| {
        line.len() <= 998 && line.bytes().all(|byte| byte == b'\t' || byte == b' ' || byte.is_ascii_graphic())
    });
    if !readable {
        let encoded = Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable);
        return encoded.expect("every text can be quoted-printable");
    }
    Body::dangerous_pre_encoded(lines.join("\r\n").into_bytes(), ContentTransferEncoding::SevenBit)
}

/// Whether the text is a valid e-mail address of at most `MAX_EMAIL_LENGTH` characters, the size of the outbox column.
pub(super) fn is_address(text: &str) -> bool {
    text.chars().count() <= limits::MAX_EMAIL_LENGTH as usize && text.parse::<Address>().is_ok()
}

/// Parses a sender such as `Gazette <no-reply@example.com>` or a bare address. Without one, the sender is `no-reply` at
/// the host of `public_url`.
pub(super) fn sender(from: Option<&str>, public_url: &str) -> Result<Mailbox, NotASender> {
    let Some(from) = from else { return Ok(no_reply(public_url)) };
    // A header cannot hold control characters, and the library panics on them.
    if from.contains(char::is_control) {
        return Err(NotASender(from.escape_debug().to_string()));
    }
    let (name, address) = match from.split_once('<') {
        Some((name, address)) => (Some(name.trim()), address.trim_end().trim_end_matches('>')),
        None => (None, from.trim()),
    };
    let address = address.parse().map_err(|_| NotASender(from.to_owned()))?;
    let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(Mailbox::new(name, address))
}

fn no_reply(public_url: &str) -> Mailbox {
    let host = url::Url::parse(public_url).ok().and_then(|url| url.domain().map(str::to_owned));
    let at = |host: &str| Address::new("no-reply", host).ok();
    let address = host.and_then(|host| at(&host)).or_else(|| at("localhost"));
    Mailbox::new(None, address.expect("no-reply@localhost is an address"))
}

/// `Auto-Submitted: auto-generated` (RFC 3834, section 5), which suppresses out-of-office replies.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests;
