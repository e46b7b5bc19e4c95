//! Delivers mail to an SMTP server, to files, or to a mailbox in memory for tests.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lettre::transport::smtp;
use lettre::transport::smtp::response::Code;
use uuid::Uuid;

use super::email_message::EmailMessage;
use super::mailbox::Mailbox;
use crate::private_file;
use crate::settings::SmtpServer;

/// Timeout of one delivery. Shorter than the shortest pause between two attempts (30 s), so that no other node starts a
/// second attempt while the first one runs.
pub(super) const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) enum Mailer {
    Smtp(SmtpServer),
    /// Writes one file per mail into this directory.
    Files(PathBuf),
    Memory(Mailbox),
}

/// Why a delivery failed. Contains the status code of the server but not its text, which may name the recipient.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryError {
    #[error("the mail server refused with {0}")]
    Refused(Code),
    #[error("the connection to the mail server failed: {0}")]
    Connection(smtp::Error),
    #[error("the mail server does not speak SMTP as expected")]
    Protocol,
    #[error("the mail cannot be sent through this server: {0}")]
    Unsuitable(smtp::Error),
    #[error("the mail server took longer than {} s", DELIVERY_TIMEOUT.as_secs())]
    Late,
    #[error("writing a file: {0}")]
    File(#[from] io::Error),
}

impl DeliveryError {
    /// Whether the error concerns the server or the directory, so that every other mail would fail as well.
    pub(super) fn concerns_all(&self) -> bool {
        !matches!(self, DeliveryError::Refused(_) | DeliveryError::Unsuitable(_))
    }
}

impl Mailer {
    pub(super) async fn deliver(&self, email: &EmailMessage) -> Result<(), DeliveryError> {
        match self {
            Mailer::Smtp(server) => send_by_smtp(server, email).await,
            Mailer::Files(directory) => {
                let (directory, id, bytes) = (directory.clone(), email.id, email.message.formatted());
                let written = tokio::task::spawn_blocking(move || write(&directory, id, &bytes)).await;
                Ok(written.map_err(io::Error::other)??)
            }
            Mailer::Memory(mailbox) => {
                mailbox.put(email);
                Ok(())
            }
        }
    }
}

async fn send_by_smtp(server: &SmtpServer, email: &EmailMessage) -> Result<(), DeliveryError> {
    let bytes = email.message.formatted();
    let sending = server.take(email.message.envelope(), &bytes);
    let answer = tokio::time::timeout(DELIVERY_TIMEOUT, sending).await.map_err(|_| DeliveryError::Late)?;
    answer.map_err(delivery_error)?.quit().await;
    Ok(())
}

fn delivery_error(error: smtp::Error) -> DeliveryError {
    match error.status() {
        Some(code) => DeliveryError::Refused(code),
        None if error.is_response() => DeliveryError::Protocol,
        None if error.is_client() => DeliveryError::Unsuitable(error),
        None => DeliveryError::Connection(error),
    }
}

/// Writes the mail to `<id>.eml`, through a temporary file, so that no reader sees a part of it. A second attempt
/// replaces the file of the first.
fn write(directory: &Path, id: Uuid, bytes: &[u8]) -> io::Result<()> {
    private_file::make_directory(directory)?;
    let draft = directory.join(format!(".{id}.{}.tmp", Uuid::new_v4()));
    let written = private_file::write_new(&draft, bytes)
        .and_then(|()| date(&draft))
        .and_then(|()| std::fs::rename(&draft, directory.join(format!("{id}.eml"))));
    if written.is_err() {
        // Only the first error is reported.
        let _ = std::fs::remove_file(&draft);
    }
    written
}

/// Sets the modification time from the system clock. The timestamps of file systems are some milliseconds coarse: a
/// mail would seem older than the request that caused it, and two mails could have the same time.
fn date(file: &Path) -> io::Result<()> {
    std::fs::File::options().write(true).open(file)?.set_modified(SystemTime::now())
}
