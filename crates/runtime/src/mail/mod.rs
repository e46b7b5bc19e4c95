//! Mail to accounts. A request only writes what is to be sent, in its own transaction; a worker sends it after the commit,
//! again where it must. No secret is stored: a mail names its one-time token, and tells it when it is sent.

mod letter;
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

use crate::app_meta::AppMeta;
use crate::settings::Settings;
use letter::{NotASender, sender};
pub(crate) use mailbox::Mailbox;
pub use mailbox::ReceivedMail;
use mailer::Mailer;
pub(crate) use outbox::enqueue;
pub(crate) use smtp::SmtpServer;
use templates::{InvalidTemplate, Templates};
pub(crate) use worker::Worker;

/// What a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// Confirm the address of a new account, by a link.
    VerifyEmail,
    /// The same, by a code.
    VerifyEmailCode,
    ResetPassword,
    /// Confirm the new address of an account; sent there.
    ConfirmEmail,
    /// Sent to the old address of an account, without a secret.
    EmailChanged,
}

/// How a template tells its token.
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

    /// As its files and its rows are called.
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

/// A mail to be.
pub(crate) struct Mail {
    pub(crate) template: Template,
    pub(crate) to: String,
    /// The row of `gable_tokens` that the mail tells.
    pub(crate) token: Option<Uuid>,
    /// More for the template: `new_email`, `old_email`. `redirect_uri` becomes part of a link that confirms an address, or
    /// the page that a link to set a password leads to.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// Why mail cannot be sent at all; told at start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("mail: {0}")]
    Template(#[from] InvalidTemplate),
    #[error("mail.from: {0}")]
    Sender(#[from] NotASender),
}

/// What requests and the worker share.
pub(crate) struct MailRoom {
    mailer: Mailer,
    templates: Templates,
    from: lettre::message::Mailbox,
    wake: Arc<Notify>,
}

impl MailRoom {
    /// `replaced` are the application's own templates, by file name. Mail goes to `mailbox` where there is one.
    ///
    /// # Errors
    /// A template or the sender cannot be understood; the build step lets neither pass.
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
}
