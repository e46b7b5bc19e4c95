//! Hands mail over to an SMTP server.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls};
use tokio::time::timeout;

use crate::settings::SmtpServer;

/// Timeout of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of the answer to `QUIT`, which comes after the mail was accepted.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

impl SmtpServer {
    /// Connects, logs in and hands a mail over. If the future is dropped before it completes, the server may or may not
    /// have accepted the mail.
    pub(super) async fn take(&self, envelope: &Envelope, bytes: &[u8]) -> Result<Taken, Error> {
        let mut connection = self.connect().await?;
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        connection.send(envelope, bytes).await?;
        Ok(Taken(connection))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let wrapper = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_TIMEOUT), &self.hello, wrapper, None).await?;
        match &self.tls {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), &self.hello).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            _ => {}
        }
        Ok(connection)
    }
}

/// A connection whose mail the server has accepted.
pub(super) struct Taken(AsyncSmtpConnection);

impl Taken {
    /// Ends the connection. A missing answer is ignored: the mail is accepted already and must not be sent again.
    pub(super) async fn quit(mut self) {
        let _ = timeout(QUIT_TIMEOUT, self.0.quit()).await;
    }
}
