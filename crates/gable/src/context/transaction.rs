//! The transaction of a request: begin, check the caller's rights again, commit or roll back.

use std::future::{Future, poll_fn};
use std::task::Poll;

use actix_web::HttpMessage;

use super::Context;
use crate::access::{Authority, IdentityStatus, Principal};
use crate::db::{AdvisoryLock, RowsCheck, Savepoint, Sharing};
use crate::error::ApiError;
use crate::http::Client;
use crate::limit::LimitKey;
use crate::model::Id;
use crate::passwords::Origin;

impl<'r> Context<'r> {
    /// Opens a transaction. Passwords are hashed first, because a quarter of a second of work must not hold the only
    /// writer.
    ///
    /// # Errors
    /// 500 if a transaction is open already, a database error, or an error of `revalidate_principal`.
    pub(crate) async fn begin(&mut self) -> Result<(), ApiError> {
        self.open(None, Sharing::Alone).await?;
        self.revalidate_principal().await
    }

    /// Opens a transaction like `begin`, but the check of the caller's rights is sent with its first statement, or is a
    /// part of it. Before the commit, `confirm_principal` must read the result.
    pub(crate) async fn begin_unconfirmed(&mut self, sharing: Sharing) -> Result<(), ApiError> {
        let check = match (&self.principal, &self.core.access) {
            (Principal::Account(identity), Some(access)) => Some(access.identity_check(identity, self.core.now())),
            _ => None,
        };
        self.open(check, sharing).await
    }

    async fn open(&mut self, check: Option<RowsCheck>, sharing: Sharing) -> Result<(), ApiError> {
        if self.transaction.is_some() {
            return Err(ApiError::internal("a transaction is open already"));
        }
        self.hash_waiting().await?;
        self.transaction = Some(Box::pin(self.core.db.begin_checked(check, sharing)).await?);
        self.holds_rights.set(false);
        Ok(())
    }

    /// Reads the result of the check that `begin_unconfirmed` has started. Does nothing if that has happened.
    ///
    /// # Errors
    /// Those of `revalidate_principal`.
    pub(crate) async fn confirm_principal(&self) -> Result<(), ApiError> {
        // Boxed, so that the futures of interceptors stay small.
        Box::pin(self.read_check()).await
    }

    /// Like `confirm_principal`, but only if the check has run. It runs no later than the first statement.
    pub(crate) async fn confirm_if_checked(&self) -> Result<(), ApiError> {
        match &self.transaction {
            Some(transaction) if !transaction.has_check_to_run().await? => self.confirm_principal().await,
            _ => Ok(()),
        }
    }

    async fn read_check(&self) -> Result<(), ApiError> {
        let Some(transaction) = &self.transaction else { return Ok(()) };
        let Some(rows) = transaction.take_check().await? else { return Ok(()) };
        let (Principal::Account(identity), Some(access)) = (&self.principal, &self.core.access) else { return Ok(()) };
        refuse_unless_same(access.identity_status_of(self.source(), identity, &rows, self.core.now()).await?)
    }

    /// Hashes the passwords that were read and wait.
    pub(crate) async fn hash_waiting(&mut self) -> Result<(), ApiError> {
        let origin = self.origin();
        self.write.passwords.hash_waiting(self.core, origin).await
    }

    /// The client whose share of password hashing this request uses; `None` outside of a request.
    pub(crate) fn origin(&self) -> Origin {
        let extensions = self.request?.extensions();
        extensions.get::<Client>().map(|client| LimitKey::client(client.address))
    }

    /// Checks the caller's log-in and rights again: they may have been revoked while the body was read or the write
    /// lock was awaited.
    ///
    /// # Errors
    /// 401 `InvalidToken` if the log-in is no longer valid, 409 `AccessChanged` if the rights have changed.
    pub(crate) async fn revalidate_principal(&self) -> Result<(), ApiError> {
        let (Principal::Account(identity), Some(access)) = (&self.principal, &self.core.access) else { return Ok(()) };
        refuse_unless_same(access.identity_status(self.source(), identity, self.core.now()).await?)
    }

    /// Locks the caller's rights before a write to accounts, roles or permissions. Waits for uncommitted changes of
    /// these rights by other transactions, then checks the caller again; no other change begins before this transaction
    /// ends. Writes under the caller's authority are serialized by an advisory lock; those under the application's
    /// authority lock only the caller's account. Does nothing on SQLite, which has a single writer.
    pub(crate) async fn hold_rights(&self, authority: Authority) -> Result<(), ApiError> {
        let (Some(caller), false) = (self.principal.account(), self.holds_rights.get()) else { return Ok(()) };
        if self.core.access.is_none() || self.core.db.has_single_writer() {
            return Ok(());
        }
        // Before anything is written, so that the check does not see it.
        self.confirm_principal().await?;
        if authority == Authority::Caller {
            self.core.db.lock(self.source(), AdvisoryLock::Rights).await?;
        }
        self.lock_account(caller).await?;
        self.revalidate_principal().await?;
        self.holds_rights.set(true);
        Ok(())
    }

    /// Locks an account's row until the transaction ends. Does nothing on SQLite, which has a single writer.
    pub(crate) async fn lock_account(&self, account: Id) -> Result<(), ApiError> {
        if self.core.db.has_single_writer() {
            return Ok(());
        }
        let model = self.core.account_model()?;
        let mut select = model.sql.statement(format!("SELECT 1 FROM \"{}\" WHERE \"id\" = ", model.meta.table));
        select.bind(account).push_for_update();
        self.source().one(select).await?;
        Ok(())
    }

    /// Commits, then applies the changes of access rights, then runs the work of `after_commit`. All that has to wait is
    /// done in a task of its own: a client that hangs up must not keep a revocation from taking effect. A commit begins
    /// here, because other transactions may wait for its end.
    pub(crate) async fn commit(&mut self) -> Result<(), ApiError> {
        let Some(transaction) = self.transaction.take() else { return Ok(()) };
        let (changes, work) = (std::mem::take(&mut self.changes), std::mem::take(&mut self.after_commit));
        let (core, nothing_left) = (self.shared.clone(), changes.is_empty() && work.is_empty());
        let mut commit = Box::pin(async move {
            let committed = core.commit(transaction, &changes).await;
            (core, changes, committed)
        });
        let begun = poll_fn(|context| Poll::Ready(commit.as_mut().poll(context))).await;
        let is_done = begun.is_ready() && nothing_left;
        let rest = async move {
            let (core, changes, committed) = match begun {
                Poll::Ready(ended) => ended,
                Poll::Pending => commit.await,
            };
            // Also after an error: the database may have committed before the connection was lost.
            core.access_changed(&changes).await;
            committed?;
            for work in work {
                work.await;
            }
            Ok(())
        };
        if is_done { rest.await } else { actix_web::rt::spawn(rest).await.map_err(ApiError::internal)? }
    }

    /// Runs work on other rows, then restores the target row and the filter of the operation.
    pub(crate) async fn with_other_target<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Context<'r>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let (target, query) = (self.target.take(), self.query.take());
        let done = work(self).await;
        (self.target, self.query) = (target, query);
        done
    }

    /// Works on related rows with the rights of the account that signs up, if there is one; otherwise with the
    /// caller's.
    pub(crate) async fn as_newcomer<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Context<'r>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let Some(newcomer) = self.write.newcomer.take() else { return work(self).await };
        let caller = std::mem::replace(&mut self.principal, newcomer.principal());
        let done = work(self).await;
        self.principal = caller;
        self.write.newcomer = Some(newcomer);
        done
    }

    /// Does work that is rolled back as a whole when it fails, without rolling back the rest of the transaction.
    pub(crate) async fn nested<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Context<'r>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let point = Savepoint::set(self.open_transaction()?).await?;
        let (changes, waiting) = (self.changes.len(), self.after_commit.len());
        let held = self.holds_rights.get();
        let done = self.with_other_target(work).await;
        if done.is_err() {
            self.changes.truncate(changes);
            self.after_commit.truncate(waiting);
            // PostgreSQL releases the locks that were taken since the savepoint.
            self.holds_rights.set(held);
            point.roll_back(self.open_transaction()?).await?;
        } else {
            point.release(self.open_transaction()?).await?;
        }
        done
    }

    /// Rolls back everything since `begin`.
    pub(crate) async fn roll_back(&mut self) {
        self.after_commit.clear();
        self.changes.clear();
        let Some(transaction) = self.transaction.take() else { return };
        if let Err(error) = transaction.roll_back().await {
            tracing::warn!(%error, "failed to roll back a transaction");
        }
    }
}

fn refuse_unless_same(status: IdentityStatus) -> Result<(), ApiError> {
    match status {
        IdentityStatus::Same => Ok(()),
        IdentityStatus::Gone => Err(ApiError::unauthorized("InvalidToken", "Invalid token. Please log in again!")),
        IdentityStatus::Changed => {
            Err(ApiError::conflict("AccessChanged", "What you may do changed meanwhile. Please try again."))
        }
    }
}
