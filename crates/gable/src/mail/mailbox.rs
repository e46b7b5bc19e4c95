//! Keeps mail in memory, for tests.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::email_message::EmailMessage;

/// A mail that an application under test has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The address of the recipient.
    pub to: String,
    /// The subject, decoded.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
}

/// Collects the mail of an application under test. Clones share their content.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox(Arc<Received>);

#[derive(Debug, Default)]
struct Received {
    mails: Mutex<Vec<ReceivedMail>>,
    arrived: Condvar,
}

impl Mailbox {
    pub(super) fn put(&self, email: &EmailMessage) {
        let EmailMessage { to, subject, text, html, .. } = email;
        let mail = ReceivedMail { to: to.clone(), subject: subject.clone(), text: text.clone(), html: html.clone() };
        self.lock().push(mail);
        self.0.arrived.notify_all();
    }

    /// All mail that was sent so far, oldest first.
    pub(crate) fn mails(&self) -> Vec<ReceivedMail> {
        self.lock().clone()
    }

    /// Blocks until there are `count` mails or `patience` has passed, then returns all mail so far, oldest first.
    pub(crate) fn wait_for(&self, count: usize, patience: Duration) -> Vec<ReceivedMail> {
        let waiting = self.0.arrived.wait_timeout_while(self.lock(), patience, |mails| mails.len() < count);
        waiting.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ReceivedMail>> {
        self.0.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
