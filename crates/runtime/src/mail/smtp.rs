//! What `SMTP_URL` means.
//!
//! - `smtps://user:password@host` speaks TLS from the first byte; port 465 unless named.
//! - `smtp://user:password@host?tls=required` begins in plain text and goes no further without STARTTLS; port 587.
//! - `smtp://host?tls=opportunistic` does without where the server offers none; port 587.
//! - `smtp://host` is plain text; port 25.
//!
//! User and password are percent-encoded. A path is the name that the client greets with: `smtps://…@host/api.example.com`.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use url::Url;

pub(super) type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// For each step of the conversation.
const STEP: Duration = Duration::from_secs(10);

/// A mail server that can be spoken to, as far as its URL tells.
#[derive(Clone)]
pub(crate) struct SmtpUrl {
    builder: AsyncSmtpTransportBuilder,
    encrypted: bool,
    credentials: bool,
}

/// Never repeats the URL, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SmtpUrlError {
    #[error("must look like smtps://user:password@mail.example.com, with user and password percent-encoded")]
    NotAUrl,
    #[error("must begin with smtp:// or smtps://")]
    Scheme,
    #[error("takes one parameter: smtp://…?tls=required or ?tls=opportunistic")]
    Parameter,
    #[error("must name a user and a password, or neither")]
    Credentials,
}

impl SmtpUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text).map_err(|_| SmtpUrlError::NotAUrl)?;
        let encrypted = encrypted(&url)?;
        let credentials = url.password().is_some();
        // The library would take a lone user for nobody.
        if credentials == url.username().is_empty() {
            return Err(SmtpUrlError::Credentials);
        }
        // What follows a `#` would be left out silently.
        if url.fragment().is_some() {
            return Err(SmtpUrlError::NotAUrl);
        }
        let builder = Smtp::from_url(text).map_err(|_| SmtpUrlError::NotAUrl)?.timeout(Some(STEP));
        Ok(Self { builder, encrypted, credentials })
    }

    /// Whether everything that follows the greeting is encrypted, or else not sent.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    pub(crate) fn has_credentials(&self) -> bool {
        self.credentials
    }

    pub(super) fn transport(&self) -> Smtp {
        self.builder.clone().build()
    }
}

fn encrypted(url: &Url) -> Result<bool, SmtpUrlError> {
    match (url.scheme(), url.query()) {
        ("smtps", None) | ("smtp", Some("tls=required")) => Ok(true),
        ("smtp", None | Some("tls=opportunistic")) => Ok(false),
        ("smtp" | "smtps", Some(_)) => Err(SmtpUrlError::Parameter),
        _ => Err(SmtpUrlError::Scheme),
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(bool, bool), SmtpUrlError> {
        SmtpUrl::parse(text).map(|url| (url.is_encrypted(), url.has_credentials()))
    }

    #[test]
    fn only_tls_that_cannot_be_declined_counts_as_encrypted() {
        assert_eq!(read("smtps://ada:secret@mail.example.com"), Ok((true, true)));
        assert_eq!(read("smtp://ada:secret@mail.example.com:587?tls=required"), Ok((true, true)));
        assert_eq!(read("smtp://ada:secret@mail.example.com?tls=opportunistic"), Ok((false, true)));
        assert_eq!(read("smtp://127.0.0.1:2525"), Ok((false, false)));
    }

    #[test]
    fn what_would_be_ignored_is_refused() {
        let host = "mail.example.com";
        assert_eq!(read(&format!("smtp://ada@{host}")), Err(SmtpUrlError::Credentials));
        assert_eq!(read(&format!("smtp://:secret@{host}")), Err(SmtpUrlError::Credentials));
        for query in ["tls=none", "tls=required&tls=none", "ssl=on", "tls=require", ""] {
            assert_eq!(read(&format!("smtp://{host}?{query}")), Err(SmtpUrlError::Parameter), "{query}");
        }
        assert_eq!(read(&format!("smtps://{host}?tls=required")), Err(SmtpUrlError::Parameter));
        assert_eq!(read(&format!("smtps://{host}#secret")), Err(SmtpUrlError::NotAUrl));
    }

    #[test]
    fn a_malformed_url_is_refused() {
        assert_eq!(read("https://mail.example.com"), Err(SmtpUrlError::Scheme));
        for text in ["mail.example.com", "smtp://", "smtp:", "smtp://host:port", "smtps://ada:pa/ss@host", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn debug_output_hides_the_password() {
        let url = SmtpUrl::parse("smtps://ada:hunter2@mail.example.com").expect("a URL");
        assert_eq!(format!("{url:?}"), "[secret]");
    }
}
