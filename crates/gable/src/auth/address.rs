//! Changes of the e-mail address of an account. A person who receives the mail of an account can take it over, so a
//! change of address is announced to the old address, resets the verification, and invalidates all one-time tokens sent
//! before.

use std::sync::Arc;

use async_trait::async_trait;

use super::account_columns::{address_position, is_verified, stored_address};
use super::event::{Event, record};
use super::mail_throttle::limit_address_changes;
use super::one_time::LinkRedirect;
use super::{Auth, one_time, verification};
use crate::access::LoginMethod;
use crate::context::{AfterUpdate, Context};
use crate::error::ApiError;
use crate::mail;
use crate::mail::{Mail, Template};
use crate::meta::ModelKind;
use crate::model::{Id, RowValues};
use crate::query::Model;

const VERIFIED: &str = "isEmailVerified";

/// A change of an account's address that is about to be written.
struct AddressChange {
    auth: Arc<Auth>,
    account: Id,
    old: Option<String>,
}

/// Determines whether an update of an account's row changes its address. If it does, the row is also marked as not
/// verified, unless the update sets that field itself.
///
/// # Errors
/// 429 if the caller has changed their own address too often lately, 500 or 503 for a database error.
pub(super) async fn before_change(
    ctx: &Context<'_>,
    auth: &Arc<Auth>,
    model: &Model,
    account: Id,
    row: &mut RowValues,
) -> Result<Option<Box<dyn AfterUpdate>>, ApiError> {
    if model.meta.kind != ModelKind::Account {
        return Ok(None);
    }
    let Some(new) = address_position(model).and_then(|field| row.get(field)) else { return Ok(None) };
    // Without the lock, two concurrent changes would both notify the same old address, and the address that the first
    // of them sets would never be notified.
    one_time::lock(ctx, account).await?;
    let old = stored_address(ctx, model, account).await?;
    let unchanged = match new {
        sea_orm::Value::String(new) => *new == old,
        _ => false,
    };
    if unchanged {
        return Ok(None);
    }
    if auth.sends_mail() && ctx.principal.account() == Some(account) {
        limit_address_changes(ctx, Event::EmailChanged, account).await?;
    }
    if let Some(verified) = model.meta.field_index(VERIFIED).filter(|field| row.get(*field).is_none()) {
        row.set(verified, false);
    }
    Ok(Some(Box::new(AddressChange { auth: auth.clone(), account, old })))
}

#[async_trait(?Send)]
impl AfterUpdate for AddressChange {
    /// Invalidates the one-time tokens, notifies the old address and sends a verification to the new one. Must be
    /// called after the row was written, in the same transaction.
    ///
    /// # Errors
    /// 500 or 503 for a database error.
    async fn finish(self: Box<Self>, ctx: &mut Context<'_>, model: &Model) -> Result<(), ApiError> {
        let auth = self.auth.clone();
        let account = self.account;
        let new = stored_address(ctx, model, account).await?;
        one_time::void_all(ctx, account).await?;
        // A caller that an interceptor has identified has no log-in.
        let via = ctx.principal.grant().map_or(LoginMethod::Jwt, |grant| grant.via);
        record(ctx, Event::EmailChanged, Some(account), via).await?;
        self.notify_old_address(ctx, new.as_deref()).await?;
        match new {
            Some(new) if !is_verified(ctx, model, account).await? => {
                let redirect = ctx.local::<LinkRedirect>().map(|redirect| redirect.0.clone());
                verification::send(ctx, &auth, account, &new, redirect.as_deref()).await
            }
            _ => Ok(()),
        }
    }
}

impl AddressChange {
    /// Notifies the old address. Does nothing if the application sends no mail.
    async fn notify_old_address(&self, ctx: &mut Context<'_>, new: Option<&str>) -> Result<(), ApiError> {
        let Some(old) = self.old.clone().filter(|_| self.auth.sends_mail()) else { return Ok(()) };
        let mut variables = vec![("old_email", old.clone())];
        variables.extend(new.map(|new| ("new_email", new.to_owned())));
        mail::enqueue(ctx, Mail { template: Template::EmailChanged, to: old, token: None, variables }).await
    }
}
