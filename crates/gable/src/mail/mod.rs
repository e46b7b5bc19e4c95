//! Mail to accounts. A request writes its mail to the outbox, in its own transaction. A worker sends it after the
//! commit and tries again after a failure. No secret is stored: the outbox row refers to the one-time token, and the
//! secret is computed when the mail is sent.
//!
//! A mail is not sent again once it is recorded that a mail server accepted it. If a crash or a lost answer prevents
//! this record, the mail is sent again with the same `Message-ID`. A mail whose secret was used or has expired is not
//! sent.

mod email_message;
mod links;
mod mailbox;
mod mailer;
mod outbox;
mod smtp;
mod templates;
#[cfg(test)]
mod test_room;
#[cfg(test)]
mod test_server;
mod worker;

use std::sync::Arc;

use tokio::sync::Notify;
use uuid::Uuid;

use crate::meta::AppMeta;
use crate::settings::Settings;
use email_message::{NotASender, sender};
pub(crate) use mailbox::Mailbox;
pub use mailbox::ReceivedMail;
use mailer::Mailer;
pub(crate) use outbox::enqueue;
use templates::{InvalidTemplate, Templates};
pub(crate) use worker::Worker;

/// The purpose of a mail, which selects its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// Asks to verify the address of an account, by a link.
    VerifyEmail,
    /// Asks to verify the address of an account, by a six-digit code.
    VerifyEmailCode,
    ResetPassword,
    /// Asks to confirm the new address of an account, by a link. Sent to the new address.
    ConfirmEmail,
    /// Informs the old address of an account that the address was changed. Contains no secret.
    EmailChanged,
}

/// The form in which a template contains its one-time token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    Link,
    Code,
    Nothing,
}

impl Template {
    const ALL: [Template; 5] = [
        Template::VerifyEmail,
        Template::VerifyEmailCode,
        Template::ResetPassword,
        Template::ConfirmEmail,
        Template::EmailChanged,
    ];

    /// The name of its files, and its value in the outbox.
    fn name(self) -> &'static str {
        match self {
            Template::VerifyEmail => "verify-email",
            Template::VerifyEmailCode => "verify-email-code",
            Template::ResetPassword => "reset-password",
            Template::ConfirmEmail => "confirm-email",
            Template::EmailChanged => "email-changed",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Template::ALL.into_iter().find(|template| template.name() == name)
    }

    fn tells(self) -> Tells {
        match self {
            Template::VerifyEmail | Template::ResetPassword | Template::ConfirmEmail => Tells::Link,
            Template::VerifyEmailCode => Tells::Code,
            Template::EmailChanged => Tells::Nothing,
        }
    }
}

/// A mail to be written to the outbox.
pub(crate) struct Mail {
    pub(crate) template: Template,
    pub(crate) to: String,
    /// The id of the `gable_tokens` row whose secret the mail contains.
    pub(crate) token: Option<Uuid>,
    /// Further variables of the template: `new_email`, `old_email`. `redirect_uri` becomes a query parameter of a link
    /// that confirms an address, or the target of a link that sets a password.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// A configuration error that prevents all mail. Reported at start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("mail: {0}")]
    Template(#[from] InvalidTemplate),
    #[error("mail.from: {0}")]
    Sender(#[from] NotASender),
}

/// The configuration of mail, which the worker uses.
pub(crate) struct MailRoom {
    mailer: Mailer,
    templates: Templates,
    from: lettre::message::Mailbox,
    wake: Arc<Notify>,
}

impl MailRoom {
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
