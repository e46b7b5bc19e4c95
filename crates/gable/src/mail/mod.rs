//! Mail to accounts. A request writes its mail to the outbox, in its own transaction. A worker sends it after the
//! commit and tries again after a failure. No secret is stored: the outbox row refers to the one-time token, and the
//! secret is computed when the mail is sent.
//!
//! A mail is not sent again once it is recorded that a mail server accepted it. If a crash or a lost answer prevents
//! this record, the mail is sent again with the same `Message-ID`. A mail whose secret was used or has expired is not
//! sent.

mod email_message;
mod links;
mod mail_kind;
mod mailbox;
mod mailer;
mod outbox;
mod service;
mod smtp;
mod templates;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod test_setup;
mod worker;

pub(crate) use mail_kind::{Mail, Template};
pub(crate) use mailbox::Mailbox;
pub use mailbox::ReceivedMail;
pub(crate) use outbox::enqueue;
pub(crate) use service::{MailError, MailService};
pub(crate) use worker::Worker;
