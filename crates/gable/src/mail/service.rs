//! `MailService`: the sender, the templates and the transport of mail.

use std::sync::Arc;

use tokio::sync::Notify;

use super::email_message::{NotASender, sender};
use super::mailbox::Mailbox;
use super::mailer::Mailer;
use super::templates::{InvalidTemplate, Templates};
use crate::meta::AppMeta;
use crate::settings::Settings;

/// A configuration error that prevents all mail. Reported at start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("mail: {0}")]
    Template(#[from] InvalidTemplate),
    #[error("mail.from: {0}")]
    Sender(#[from] NotASender),
}

/// The configuration of mail, which the worker uses.
pub(crate) struct MailService {
    pub(super) mailer: Mailer,
    pub(super) templates: Templates,
    pub(super) from: lettre::message::Mailbox,
    pub(super) wake: Arc<Notify>,
}

impl MailService {
    /// `replaced` are the application's own templates as (file name, source). Mail goes to `mailbox` if there is one,
    /// else to the SMTP server of the settings, else to files.
    ///
    /// # Errors
    /// A template or the sender is invalid. The build step refuses both.
    pub(crate) fn new(
        app: &AppMeta,
        settings: &Settings,
        replaced: &[(&'static str, &'static str)],
        mailbox: Option<Mailbox>,
    ) -> Result<Self, MailError> {
        let mailer = match (mailbox, &settings.smtp_url) {
            (Some(mailbox), _) => Mailer::Memory(mailbox),
            (None, Some(server)) => Mailer::Smtp(server.clone()),
            (None, None) => Mailer::Files(settings.mail_directory.clone()),
        };
        let from = sender(app.mail_from, &settings.public_url(settings.port))?;
        Ok(Self { mailer, templates: Templates::new(replaced)?, from, wake: Arc::default() })
    }

    /// Returns the signal that wakes the worker when mail was written to the outbox.
    pub(crate) fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }
}
