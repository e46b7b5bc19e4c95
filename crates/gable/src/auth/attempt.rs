//! One attempt to enter a password: it is counted, verified and recorded, in the same way whether or not the account
//! exists.

use super::Auth;
use super::event::{self, Event, Reason};
use super::lockout::{self, Count, Counted, Guess};
use crate::access::LoginMethod;
use crate::context::Context;
use crate::error::ApiError;
use crate::model::Id;
use crate::model::input::PlainPassword;
use crate::query::Model;

/// An attempt. Must be made while the locks of the account and of the typed text are held.
pub(super) struct Attempt {
    pub(super) guess: Guess,
    /// The stored hash of the account; `None` for an unknown account, which costs the same hashing work.
    pub(super) hash: Option<String>,
    pub(super) via: LoginMethod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// The password was not verified: the account or the typed text is locked out.
    Locked,
}

impl Attempt {
    /// Verifies the password unless the account or the typed text is locked out. A failure is recorded; a right
    /// password resets the counts.
    ///
    /// # Errors
    /// 503 if too many passwords are waiting to be hashed. The attempt is then not counted.
    pub(super) async fn verify(
        &self,
        ctx: &mut Context<'_>,
        auth: &Auth,
        model: &Model,
        password: PlainPassword,
    ) -> Result<Verdict, ApiError> {
        ctx.begin().await?;
        let count = self.guess.count(ctx, model, auth.meta.lockout).await?;
        ctx.commit().await?;
        let Count::Counted(counted) = count else {
            failed(ctx, Reason::Locked, self.guess.wanted_account(), self.via).await?;
            return Ok(Verdict::Locked);
        };
        match (auth.hasher.verify(ctx.origin(), password, self.hash.clone()).await, self.guess.wanted_account()) {
            (Ok(true), Some(account)) => {
                if may_act(ctx, auth, account).await? {
                    forgive(ctx, auth, model, account).await?;
                    spare_others(ctx, model, &counted, account).await?;
                }
                Ok(Verdict::Right)
            }
            (Ok(_), _) => self.wrong(ctx, counted.closes).await,
            (Err(busy), _) => {
                ctx.begin().await?;
                self.guess.take_back(ctx, model, &counted).await?;
                ctx.commit().await?;
                Err(busy)
            }
        }
    }

    async fn wrong(&self, ctx: &mut Context<'_>, closes: Vec<Id>) -> Result<Verdict, ApiError> {
        let reason = if self.guess.wanted_account().is_some() { Reason::WrongPassword } else { Reason::UnknownAccount };
        ctx.begin().await?;
        event::record(ctx, Event::LoginFailed(reason), self.guess.wanted_account(), self.via).await?;
        for account in closes {
            event::record(ctx, Event::Locked, Some(account), self.via).await?;
        }
        ctx.commit().await?;
        Ok(Verdict::Wrong)
    }
}

/// Whether the account is active. The counts of an inactive account are not reset: it is answered like an unknown one,
/// and a reset count would reveal that the password was right.
async fn may_act(ctx: &Context<'_>, auth: &Auth, account: Id) -> Result<bool, ApiError> {
    let found = auth.access.by_account(ctx.source(), account, ctx.now).await?;
    Ok(found.is_some())
}

async fn forgive(ctx: &mut Context<'_>, auth: &Auth, model: &Model, account: Id) -> Result<(), ApiError> {
    ctx.begin().await?;
    lockout::forgive(ctx, auth, model, account).await?;
    ctx.commit().await
}

/// Takes an attempt back from the counts of the other accounts that have the typed text as an identifier: it was the
/// right password of this account and no guess at theirs. Runs in a transaction of its own, because attempts lock
/// accounts in the order of their ids.
async fn spare_others(ctx: &mut Context<'_>, model: &Model, counted: &Counted, account: Id) -> Result<(), ApiError> {
    let others = counted.others(account);
    if others.is_empty() {
        return Ok(());
    }
    ctx.begin().await?;
    lockout::uncount(ctx, model, &others).await?;
    ctx.commit().await
}

/// Records that a log-in, or a check of the current password, has failed.
pub(super) async fn failed(
    ctx: &mut Context<'_>,
    reason: Reason,
    account: Option<Id>,
    via: LoginMethod,
) -> Result<(), ApiError> {
    ctx.begin().await?;
    event::record(ctx, Event::LoginFailed(reason), account, via).await?;
    ctx.commit().await
}
