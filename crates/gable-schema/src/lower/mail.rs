//! `mail:` of app.yaml.

use crate::diagnostic::{Problem, Sink};
use crate::entries::Entries;
use crate::keys;
use crate::node::Node;
use crate::schema::MailLinks;

use super::{uri, value};

/// The placeholder in a link that is replaced by the one-time token.
const TOKEN: &str = "{token}";

/// The sender, and the pages that links lead to.
pub(super) fn mail(node: Option<&Node>, sink: &mut Sink) -> (Option<String>, MailLinks) {
    let Some(entries) = Entries::open_optional(node, &keys::MAIL, sink) else {
        return (None, MailLinks::default());
    };
    (from(&entries, sink), links(entries.get("links"), sink))
}

fn from(entries: &Entries<'_>, sink: &mut Sink) -> Option<String> {
    let from = entries.text("from", sink)?;
    if is_mailbox(&from.value) {
        return Some(from.value);
    }
    sink.push(
        Problem::new("invalid-mailbox", from.span, format!("`{}` is not a valid sender", from.value))
            .label("must be an address, or a name and an address")
            .help("for example `Gazette <no-reply@example.com>`"),
    );
    None
}

/// Refuses line breaks: they would end the mail header that contains the sender.
fn is_mailbox(text: &str) -> bool {
    if text.contains(char::is_control) {
        return false;
    }
    let Some((name, address)) = text.split_once('<') else {
        return value::is_email(text);
    };
    let address = address.strip_suffix('>');
    !name.contains(['>', '"', '@', ',']) && address.is_some_and(value::is_email)
}

fn links(node: Option<&Node>, sink: &mut Sink) -> MailLinks {
    let Some(entries) = Entries::open_optional(node, &keys::MAIL_LINKS, sink) else {
        return MailLinks::default();
    };
    MailLinks {
        verify_email: link(&entries, "verifyEmail", sink),
        reset_password: link(&entries, "resetPassword", sink),
    }
}

fn link(entries: &Entries<'_>, key: &str, sink: &mut Sink) -> Option<String> {
    let link = entries.text(key, sink)?;
    if is_link(&link.value) {
        return Some(link.value);
    }
    sink.push(
        Problem::new("invalid-link", link.span, format!("`{}` is not a valid link", link.value))
            .label("must be an http or https URL that contains `{token}` once, after the host")
            .help("for example `https://example.com/verify?token={token}`"),
    );
    None
}

fn is_link(text: &str) -> bool {
    let Some((before, after)) = text.split_once(TOKEN) else {
        return false;
    };
    // A token in the host name would be sent to DNS servers.
    let after_host = before.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']));
    after_host && uri::is_web(&format!("{before}t{after}"))
}

#[cfg(test)]
mod tests {
    use super::{is_link, is_mailbox};

    #[test]
    fn a_link_is_a_url_with_one_token_after_its_host() {
        for link in [
            "https://example.com/verify/{token}",
            "http://localhost:5173/?token={token}&from=mail",
            "https://[::1]:8443/#/verify?token={token}",
        ] {
            assert!(is_link(link), "{link}");
        }
        for wrong in [
            "https://example.com/verify",
            "https://example.com/{token}/{token}",
            "https://example.com/{tokn}",
            "https://{token}.example.com/",
            "https://example.com{token}",
            "/verify?token={token}",
            "//example.com/{token}",
            "javascript://example.com/{token}",
            "myapp://verify/{token}",
            "https://user@example.com/{token}",
            "https://example.com/{token} \r\nBcc: x",
            "{token}",
        ] {
            assert!(!is_link(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_sender_is_one_line() {
        assert!(is_mailbox("no-reply@example.com"));
        assert!(is_mailbox("Gazette <no-reply@example.com>"));
        for wrong in ["Gazette\r\nBcc: all <a@example.com>", "Gaz\u{0}ette <a@example.com>", "Gazette", "Gazette <>"] {
            assert!(!is_mailbox(wrong), "{wrong:?}");
        }
    }
}
