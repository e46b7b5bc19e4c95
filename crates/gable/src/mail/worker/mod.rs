//! Sends the mail in the outbox, one after another. Any number of nodes may run a worker at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::email_message::{EmailMessage, NotAnAddress};
use super::links::Links;
use super::mail_kind::{Secret, Template};
use super::mailer::DeliveryError;
use super::outbox::{DueMail, MAX_ATTEMPTS, Outbox};
use super::service::MailService;
use crate::clock::Clock;
use crate::context::Core;
use crate::db::DbError;
use crate::secrets::Secrets;
use crate::stopping::Stopping;

/// How often the outbox is polled, for mail of other nodes and for mail that is due again.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The worker of this process.
pub(crate) struct Worker {
    stopping: Stopping,
    wake: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts the worker; `port` is the port that the server has bound. Without accounts there is no mail, and the
    /// worker ends at once.
    pub(crate) fn start(core: Arc<Core>, room: MailService, port: u16) -> Self {
        let (stopping, wake) = (Stopping::default(), room.wake.clone());
        let task = actix_web::rt::spawn(keep_working(core, Arc::new(room), port, stopping.clone()));
        Self { stopping, wake, task }
    }

    /// Waits for the mail that is being sent, and sends no other. Mail that is left is sent after the next start.
    pub(crate) async fn stop(self) {
        self.stopping.begin();
        self.wake.notify_one();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "failed to send mail");
        }
    }
}

/// Restarts the worker after a panic, so that one mail cannot keep the others from being sent. The attempt was counted
/// before, so the mail that caused the panic is not due again at once.
async fn keep_working(core: Arc<Core>, room: Arc<MailService>, port: u16, stopping: Stopping) {
    while let Err(error) = actix_web::rt::spawn(work(core.clone(), room.clone(), port, stopping.clone())).await {
        tracing::error!(%error, "the mail worker panicked and is restarted");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

async fn work(core: Arc<Core>, room: Arc<MailService>, port: u16, stopping: Stopping) {
    let Some(auth) = &core.app.auth else { return };
    let public_url = core.settings.public_url(port);
    let sender = MailSender {
        room: &room,
        outbox: Outbox { db: &core.db },
        clock: &core.clock,
        secrets: &core.secrets,
        app_name: core.app.name,
        links: Links::new(auth, core.app.mail_links, &public_url),
        public_url,
    };
    while !stopping.has_begun() {
        sender.send_due(&stopping).await;
        tokio::select! {
            () = room.wake.notified() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}

/// Everything that is needed to send mail.
struct MailSender<'a> {
    room: &'a MailService,
    outbox: Outbox<'a>,
    clock: &'a Clock,
    secrets: &'a Secrets,
    app_name: &'a str,
    links: Links,
    public_url: String,
}

/// Why an attempt to send a mail failed. The messages contain neither the recipient nor a secret.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    #[error("the template cannot be printed: {kind}, in line {line}")]
    Template { kind: minijinja::ErrorKind, line: usize },
    #[error(transparent)]
    Address(#[from] NotAnAddress),
    #[error("this version of the application does not understand the mail")]
    NotUnderstood,
}

/// Leaves out the details of the error, which may contain the value of a variable.
impl From<minijinja::Error> for SendError {
    fn from(error: minijinja::Error) -> Self {
        SendError::Template { kind: error.kind(), line: error.line().unwrap_or_default() }
    }
}

/// Whether to send the next mail at once or to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    Wait,
}

impl MailSender<'_> {
    async fn send_due(&self, stopping: &Stopping) {
        while !stopping.has_begun() {
            match self.send_next().await {
                Ok(Next::GoOn) => {}
                Ok(Next::Wait) => return,
                Err(error) => {
                    tracing::warn!(%error, "failed to look for mail to send");
                    return;
                }
            }
        }
    }

    async fn send_next(&self) -> Result<Next, DbError> {
        let now = self.clock.now();
        let Some(mail) = self.outbox.next_due(now).await? else { return Ok(Next::Wait) };
        if !self.outbox.claim(&mail, now).await? {
            return Ok(Next::GoOn);
        }
        // The worker that made the last attempt has died before it could give the mail up.
        if mail.attempts >= MAX_ATTEMPTS {
            return self.give_up(&mail).await;
        }
        // The token may have been used, or have expired, while the mail waited.
        if !mail.is_still_valid(now) {
            self.outbox.remove(&mail).await?;
            return Ok(Next::GoOn);
        }
        match self.send(&mail, now).await {
            Ok(()) => self.outbox.remove(&mail).await.map(|()| Next::GoOn),
            Err(error) => self.failed(&mail, &error).await,
        }
    }

    async fn send(&self, mail: &DueMail, now: DateTime<Utc>) -> Result<(), SendError> {
        let email = self.compose(mail, now)?;
        Ok(self.room.mailer.deliver(&email).await?)
    }

    async fn failed(&self, mail: &DueMail, error: &SendError) -> Result<Next, DbError> {
        let attempt = mail.attempts + 1;
        tracing::warn!(id = %mail.id, template = mail.template, attempt, %error, "a mail was not sent");
        if attempt >= MAX_ATTEMPTS {
            self.give_up(mail).await?;
        }
        let all = matches!(error, SendError::Delivery(error) if error.concerns_all());
        Ok(if all { Next::Wait } else { Next::GoOn })
    }

    async fn give_up(&self, mail: &DueMail) -> Result<Next, DbError> {
        tracing::error!(id = %mail.id, template = mail.template, "a mail was given up after {MAX_ATTEMPTS} attempts");
        self.outbox.remove(mail).await.map(|()| Next::GoOn)
    }

    fn compose(&self, mail: &DueMail, now: DateTime<Utc>) -> Result<EmailMessage, SendError> {
        let template = Template::of_name(&mail.template).ok_or(SendError::NotUnderstood)?;
        let variables = self.variables(mail, template, now).ok_or(SendError::NotUnderstood)?;
        let rendered = self.room.templates.render(template, &variables)?;
        Ok(EmailMessage::new(mail.id, &self.room.from, &mail.recipient, now, rendered)?)
    }

    /// The variables of the template. The secret is computed from the id of its token row, so it is the same for every
    /// attempt.
    fn variables(&self, mail: &DueMail, template: Template, now: DateTime<Utc>) -> Option<BTreeMap<String, String>> {
        let mut variables: BTreeMap<String, String> = serde_json::from_str(&mail.variables).ok()?;
        let redirect_uri = variables.remove("redirect_uri");
        let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
        set("app_name", self.app_name.to_owned());
        set("public_url", self.public_url.clone());
        set("email", mail.recipient.clone());
        if let Some(token) = mail.token {
            set("expires_in", duration((token.expires_at - now).num_seconds()));
        }
        match (template.secret(), mail.token) {
            (Secret::Nothing, _) => {}
            (Secret::Code, Some(token)) => drop(set("code", self.secrets.code(token.id))),
            (Secret::Link, Some(token)) => {
                let token = self.secrets.token(token.id);
                set("link", self.link(template, &token, redirect_uri.as_deref()));
                set("token", token);
            }
            (Secret::Code | Secret::Link, None) => return None,
        }
        Some(variables)
    }

    fn link(&self, template: Template, token: &str, redirect_uri: Option<&str>) -> String {
        match template {
            Template::ResetPassword => self.links.reset_password(token, redirect_uri),
            _ => self.links.verify_email(token, redirect_uri),
        }
    }
}

/// A duration as text, such as `1 hour`, `90 minutes` or `3 days`: in minutes below two hours, in whole hours below two
/// days, else in whole days.
fn duration(seconds: i64) -> String {
    // Rounded to the nearest minute: the mail is written a moment after the token, so a little less than an hour
    // remains.
    let minutes = ((seconds + 30) / 60).max(1);
    let (number, unit) = match minutes {
        60 => (1, "hour"),
        ..120 => (minutes, "minute"),
        120..2880 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests;
