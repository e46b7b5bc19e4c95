//! The SMTP server that `SMTP_URL` configures.
//!
//! | URL | encryption | default port |
//! |---|---|---|
//! | `smtps://user:password@host` | TLS from the first byte | 465 |
//! | `smtp://user:password@host?tls=required` | STARTTLS; fails if the server does not offer it | 587 |
//! | `smtp://host?tls=opportunistic` | STARTTLS if the server offers it, else none | 587 |
//! | `smtp://host` | none | 25 |
//!
//! User and password are percent-encoded. The path, if any, is the host name that the client sends in its greeting:
//! `smtps://…@host/api.example.com`.

use std::fmt;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

#[derive(Clone)]
pub(crate) struct SmtpServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) hello: ClientId,
}

/// Why a URL is refused. Never contains the URL, which may hold a password.
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

impl SmtpServer {
    pub(crate) fn parse(text: &str) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text).map_err(|_| SmtpUrlError::NotAUrl)?;
        let (port, tls): (u16, fn(TlsParameters) -> Tls) = match (url.scheme(), url.query()) {
            ("smtps", None) => (465, Tls::Wrapper),
            ("smtp", Some("tls=required")) => (587, Tls::Required),
            ("smtp", Some("tls=opportunistic")) => (587, Tls::Opportunistic),
            ("smtp", None) => (25, |_| Tls::None),
            ("smtp" | "smtps", Some(_)) => return Err(SmtpUrlError::Parameter),
            _ => return Err(SmtpUrlError::Scheme),
        };
        // A fragment would be ignored silently: an unencoded `#` in a password cuts the URL off.
        if url.fragment().is_some() {
            return Err(SmtpUrlError::NotAUrl);
        }
        let host = host(&url)?;
        Ok(Self {
            tls: tls(TlsParameters::new(host.clone()).map_err(|_| SmtpUrlError::NotAUrl)?),
            port: url.port().unwrap_or(port),
            credentials: credentials(&url)?,
            hello: match url.path().trim_matches('/') {
                "" => ClientId::default(),
                name => ClientId::Domain(name.to_owned()),
            },
            host,
        })
    }

    /// Whether TLS is mandatory: no mail and no password is sent unencrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self.tls, Tls::Wrapper(_) | Tls::Required(_))
    }

    pub(crate) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Replaces the TLS parameters, so that a test can trust its own root certificate.
    #[cfg(test)]
    pub(crate) fn trusting(self, parameters: TlsParameters) -> Self {
        let tls = match self.tls {
            Tls::Wrapper(_) => Tls::Wrapper(parameters),
            _ => Tls::Required(parameters),
        };
        Self { tls, ..self }
    }
}

fn host(url: &Url) -> Result<String, SmtpUrlError> {
    match url.host().ok_or(SmtpUrlError::NotAUrl)? {
        Host::Ipv6(address) => Ok(address.to_string()),
        host => {
            let host = host.to_string();
            let fits = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
            if fits { Ok(host) } else { Err(SmtpUrlError::NotAUrl) }
        }
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpUrlError> {
    let decoded = |text| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| SmtpUrlError::NotAUrl);
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(SmtpUrlError::Credentials),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(bool, bool), SmtpUrlError> {
        SmtpServer::parse(text).map(|url| (url.is_encrypted(), url.has_credentials()))
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
        for text in [
            "smtp://a b",
            "smtp://%41",
            "smtp://\u{1F600}",
            "smtp://ada:%ff@host",
            "mail.example.com",
            "smtp://",
            "smtp:",
            "smtp://host:port",
            "smtps://ada:pa/ss@host",
            "",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ports_names_and_passwords_are_read() {
        let read = |text: &str| {
            let server = SmtpServer::parse(text).expect("a server");
            (server.host, server.port, server.credentials, server.hello)
        };
        let ada = Credentials::new("ada@example.com".to_owned(), "a/b:c%".to_owned());
        let hello = ClientId::Domain("api.example.com".to_owned());
        let url = "smtps://ada%40example.com:a%2Fb%3Ac%25@mail.example.com/api.example.com";
        assert_eq!(read(url), ("mail.example.com".to_owned(), 465, Some(ada), hello));
        let ports = ["smtp://[::1]:26", "smtp://h", "smtp://h?tls=required", "smtp://h?tls=opportunistic"];
        assert_eq!(ports.map(|url| read(url).1), [26, 25, 587, 587]);
        assert_eq!(read("smtp://[::1]:26").0, "::1");
    }

    #[test]
    fn debug_output_hides_the_password() {
        let url = SmtpServer::parse("smtps://ada:hunter2@mail.example.com").expect("a URL");
        assert_eq!(format!("{url:?}"), "[secret]");
    }
}
