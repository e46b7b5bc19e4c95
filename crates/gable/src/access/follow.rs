//! Receives notices of changes that other nodes make. While it is not certain that notices arrive, cached identities
//! are not used.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::AccessControl;
use super::notices::{CHANNEL, Notice, send_mark};
use crate::db::{Database, DbError, Listener};

/// How often a node sends itself a mark to check that notices arrive, and how long it waits for that mark.
const MARK_INTERVAL: Duration = Duration::from_secs(2);
/// The pause between two attempts to listen.
const LISTEN_RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Why listening ended.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the connection has ended")]
    Ended,
    #[error("a notification did not arrive in time")]
    Silent,
    #[error(transparent)]
    Database(#[from] DbError),
}

impl AccessControl {
    /// Listens for notices and applies them. Returns only if the database cannot notify; otherwise it runs forever.
    pub(crate) async fn follow(&self, db: &Database) {
        loop {
            let interrupted = match db.listen(CHANNEL).await {
                Ok(Some(listener)) => self.follow_by(db, listener).await,
                Ok(None) => return self.explain_absence(db),
                Err(error) => Err(error.into()),
            };
            let Err(reason) = interrupted;
            if self.distrust() {
                tracing::warn!(%reason, "notifications of other nodes are not received; each request loads the caller's rights from the database");
            }
            sleep(LISTEN_RETRY_PAUSE).await;
        }
    }

    fn explain_absence(&self, db: &Database) {
        if db.has_notifications() {
            tracing::warn!(
                "notifications do not pass a pooler: each request asks the database who is asking, unless DATABASE_LISTEN_URL \
                 names the server itself"
            );
        }
    }

    async fn follow_by(&self, db: &Database, mut listener: Listener) -> Result<std::convert::Infallible, Interrupted> {
        let mut number = 0;
        loop {
            number += 1;
            let sent = Instant::now();
            // Sent through another connection: behind a pooler, the listening connection could receive its own
            // notifications and still miss those of other nodes.
            send_mark(db.reader(), self.node, number).await?;
            self.hear_until_mark(db, &mut listener, number, sent + MARK_INTERVAL).await?;
            if number == 1 {
                // From here on no notice is missed, so the cache may be used.
                self.reload(db).await?;
                self.trust();
            }
            self.hear_until(db, &mut listener, sent + MARK_INTERVAL).await?;
        }
    }

    async fn hear_until_mark(
        &self,
        db: &Database,
        listener: &mut Listener,
        number: u64,
        until: Instant,
    ) -> Result<(), Interrupted> {
        loop {
            let payload = timeout_at(until, listener.next()).await.map_err(|_| Interrupted::Silent)?;
            if self.hear(db, &payload.ok_or(Interrupted::Ended)?).await? == Notice::Mark(number) {
                return Ok(());
            }
        }
    }

    async fn hear_until(&self, db: &Database, listener: &mut Listener, until: Instant) -> Result<(), Interrupted> {
        while let Ok(payload) = timeout_at(until, listener.next()).await {
            self.hear(db, &payload.ok_or(Interrupted::Ended)?).await?;
        }
        Ok(())
    }

    async fn hear(&self, db: &Database, payload: &str) -> Result<Notice, DbError> {
        let notice = Notice::read(payload, self.node, self.models.account.id);
        if let Notice::Changed(change) = &notice {
            self.apply(db, &[*change]).await?;
        }
        Ok(notice)
    }
}
