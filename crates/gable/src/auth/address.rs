//! Changes of the e-mail address of an account. Whoever receives the mail of an account can take it over, so a change
//! of address is announced to the old address, resets the verification, and invalidates all one-time tokens sent
//! before.

use super::event::{Event, record};
use super::recovery::refuse_many;
use super::verification::{self, LinkEnd};
use super::{Auth, one_time};
use crate::access::Via;
use crate::context::Context;
use crate::core::Model;
use crate::db::{Row, Statement};
use crate::http::ApiError;
use crate::mail::{self, Mail, Template};
use crate::resource::{FieldKind, Id, ModelKind, RowValues};

/// The name of the address field, in YAML and JSON.
pub(super) const FIELD: &str = "email";
const VERIFIED: &str = "isEmailVerified";

/// The column of the e-mail address; `None` if the account model has none.
pub(super) fn column(model: &Model) -> Option<&'static str> {
    position(model).map(|field| model.meta.fields[field].column)
}

fn position(model: &Model) -> Option<usize> {
    let field = model.meta.field_index(FIELD)?;
    (model.meta.fields[field].kind == FieldKind::Email).then_some(field)
}

/// The stored address of an account.
pub(super) async fn stored(ctx: &Context<'_>, model: &Model, account: Id) -> Result<Option<String>, ApiError> {
    let Some(column) = column(model) else { return Ok(None) };
    let mut select = Statement::new(ctx.core.db.dialect(), "SELECT ");
    select.identifier(column).push(" FROM ").identifier(model.meta.table).push(" WHERE \"id\" = ").bind(account);
    let Some(result) = ctx.source().one(select).await? else { return Ok(None) };
    Ok(Row::new(&result).next()?)
}

/// A change of an account's address that is about to be written.
pub(crate) struct Moving {
    account: Id,
    old: Option<String>,
}

/// Determines whether an update of an account's row changes its address. If it does, the row is also marked as not
/// verified, unless the update sets that field itself.
///
/// # Errors
/// 429 if the caller has changed their own address too often lately, 500 or 503 for a database error.
pub(crate) async fn moving(
    ctx: &Context<'_>,
    model: &Model,
    account: Id,
    row: &mut RowValues,
) -> Result<Option<Moving>, ApiError> {
    if model.meta.kind != ModelKind::Account || ctx.core.auth.is_none() {
        return Ok(None);
    }
    let Some(new) = position(model).and_then(|field| row.get(field)) else { return Ok(None) };
    // Without the lock, two concurrent changes would both notify the same old address, and the address that the first
    // of them sets would never be notified.
    one_time::lock(ctx, account).await?;
    let old = stored(ctx, model, account).await?;
    let unchanged = match new {
        sea_orm::Value::String(new) => *new == old,
        _ => false,
    };
    if unchanged {
        return Ok(None);
    }
    let mails = ctx.core.auth.as_ref().is_some_and(Auth::sends_mail);
    if mails && ctx.principal.account() == Some(account) {
        refuse_many(ctx, Event::EmailChanged, account).await?;
    }
    if let Some(verified) = model.meta.field_index(VERIFIED).filter(|field| row.get(*field).is_none()) {
        row.set(verified, false);
    }
    Ok(Some(Moving { account, old }))
}

impl Moving {
    /// Invalidates the one-time tokens, notifies the old address and sends a verification to the new one. Must be
    /// called after the row was written, in the same transaction.
    ///
    /// # Errors
    /// 500 or 503 for a database error.
    pub(crate) async fn finish(self, ctx: &mut Context<'_>, model: &Model) -> Result<(), ApiError> {
        let Some(auth) = &ctx.core.auth else { return Ok(()) };
        let account = self.account;
        let new = stored(ctx, model, account).await?;
        one_time::void_all(ctx, account).await?;
        // A caller that an interceptor has identified has no log-in.
        let via = ctx.principal.grant().map_or(Via::Jwt, |grant| grant.via);
        record(ctx, Event::EmailChanged, Some(account), via).await?;
        self.tell_old(ctx, auth, new.as_deref()).await?;
        match new {
            Some(new) if !is_verified(ctx, model, account).await? => {
                let end = ctx.local::<LinkEnd>().map(|end| end.0.clone());
                verification::send(ctx, auth, account, &new, end.as_deref()).await
            }
            _ => Ok(()),
        }
    }

    /// Notifies the old address. Does nothing if the application sends no mail.
    async fn tell_old(self, ctx: &mut Context<'_>, auth: &Auth, new: Option<&str>) -> Result<(), ApiError> {
        let Some(old) = self.old.filter(|_| auth.sends_mail()) else { return Ok(()) };
        let mut variables = vec![("old_email", old.clone())];
        variables.extend(new.map(|new| ("new_email", new.to_owned())));
        mail::enqueue(ctx, Mail { template: Template::EmailChanged, to: old, token: None, variables }).await
    }
}

/// Whether the current address of an account is verified.
pub(super) async fn is_verified(ctx: &Context<'_>, model: &Model, account: Id) -> Result<bool, ApiError> {
    let mut select = Statement::new(ctx.core.db.dialect(), "SELECT \"is_email_verified\" FROM ");
    select.identifier(model.meta.table).push(" WHERE \"id\" = ").bind(account);
    let found = ctx.source().one(select).await?;
    Ok(found.map(|result| Row::new(&result).next()).transpose()?.unwrap_or(false))
}
