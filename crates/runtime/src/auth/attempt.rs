//! One attempt at an account's password, however it came in: counted, looked at, recorded.

use super::Auth;
use super::event::{self, Event, Reason};
use super::lockout::{self, Count};
use crate::access::Via;
use crate::context::Context;
use crate::core::Model;
use crate::http::ApiError;
use crate::input::PlainPassword;
use crate::resource::Id;

/// To be made while the account's turn is held.
pub(super) struct Attempt {
    pub(super) account: Id,
    pub(super) hash: String,
    pub(super) via: Via,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// Nobody looked: the account is closed for a while.
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
        let count = lockout::count(ctx, model, auth.meta.lockout, self.account).await?;
        ctx.commit().await?;
        if count == Count::Locked {
            failed(ctx, Reason::Locked, Some(self.account), self.via).await?;
            return Ok(Verdict::Locked);
        }
        match auth.hasher.verify(password, Some(self.hash.clone())).await {
            Ok(true) => self.right(ctx, model).await,
            Ok(false) => self.wrong(ctx, count).await,
            Err(busy) => {
                ctx.begin().await?;
                lockout::take_back(ctx, model, self.account).await?;
                ctx.commit().await?;
                Err(busy)
            }
        }
    }

    async fn right(&self, ctx: &mut Context<'_>, model: &Model) -> Result<Verdict, ApiError> {
        ctx.begin().await?;
        lockout::forgive(ctx, model, self.account).await?;
        ctx.commit().await?;
        Ok(Verdict::Right)
    }

    async fn wrong(&self, ctx: &mut Context<'_>, count: Count) -> Result<Verdict, ApiError> {
        failed(ctx, Reason::WrongPassword, Some(self.account), self.via).await?;
        if count == Count::Last {
            ctx.begin().await?;
            event::record(ctx, Event::Locked, Some(self.account), self.via).await?;
            ctx.commit().await?;
        }
        Ok(Verdict::Wrong)
    }
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
