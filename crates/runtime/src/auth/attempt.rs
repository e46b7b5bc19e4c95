//! One attempt at a password, however it came in and whether or not there is such an account: counted, looked at, recorded.

use super::Auth;
use super::event::{self, Event, Reason};
use super::lockout::{self, Count, Counted, Guess};
use crate::access::Via;
use crate::context::Context;
use crate::core::Model;
use crate::http::ApiError;
use crate::input::PlainPassword;
use crate::resource::Id;

/// To be made while the turn of what it counts against is held.
pub(super) struct Attempt {
    pub(super) guess: Guess,
    /// The hash of the account that is meant. Without one, the same work is done for nothing.
    pub(super) hash: Option<String>,
    pub(super) via: Via,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// Nobody looked: the account, or what was typed, is closed for a while.
    Locked,
}

impl Attempt {
    /// Never looks more often than the lockout allows. What is wrong is recorded; what is right makes up for it.
    ///
    /// # Errors
    /// 503 when too many passwords wait already; the attempt then did not take place.
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
            failed(ctx, Reason::Locked, self.guess.meant(), self.via).await?;
            return Ok(Verdict::Locked);
        };
        match (auth.hasher.verify(ctx.origin(), password, self.hash.clone()).await, self.guess.meant()) {
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
        let reason = if self.guess.meant().is_some() { Reason::WrongPassword } else { Reason::UnknownAccount };
        ctx.begin().await?;
        event::record(ctx, Event::LoginFailed(reason), self.guess.meant(), self.via).await?;
        for account in closes {
            event::record(ctx, Event::Locked, Some(account), self.via).await?;
        }
        ctx.commit().await?;
        Ok(Verdict::Wrong)
    }
}

/// An account that may not act is answered like an unknown one. A count that began anew would tell that the password was
/// right.
async fn may_act(ctx: &Context<'_>, auth: &Auth, account: Id) -> Result<bool, ApiError> {
    let found = auth.access.by_account(ctx.source(), ctx.core.db.dialect(), account, ctx.now).await?;
    Ok(found.is_some())
}

async fn forgive(ctx: &mut Context<'_>, auth: &Auth, model: &Model, account: Id) -> Result<(), ApiError> {
    ctx.begin().await?;
    lockout::forgive(ctx, auth, model, account).await?;
    ctx.commit().await
}

/// Uncounts an attempt at the other accounts that the typed text leads to: it was the right password of this one, no
/// guess at theirs. In a transaction of its own, as attempts lock accounts in the order of their ids.
async fn spare_others(ctx: &mut Context<'_>, model: &Model, counted: &Counted, account: Id) -> Result<(), ApiError> {
    let others = counted.others(account);
    if others.is_empty() {
        return Ok(());
    }
    ctx.begin().await?;
    lockout::uncount(ctx, model, &others).await?;
    ctx.commit().await
}

/// Records that a log-in, or a look at the current password, did not succeed.
pub(super) async fn failed(
    ctx: &mut Context<'_>,
    reason: Reason,
    account: Option<Id>,
    via: Via,
) -> Result<(), ApiError> {
    ctx.begin().await?;
    event::record(ctx, Event::LoginFailed(reason), account, via).await?;
    ctx.commit().await
}
