//! Signing up: creates an account with the default role. The body cannot set fields that grant rights.

use std::any::Any;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::account_columns::stored_address;
use super::error::AuthError;
use super::event::{Event, record};
use super::issued_credential::{self, IssuedCredential};
use super::one_time::LinkRedirect;
use super::verification::{self};
use super::{Auth, grant};
use crate::access::{AccessChange, LoginMethod, Newcomer, Scope, key_to};
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::crud;
use crate::db::{BoundSql, Row, values};
use crate::error::ApiError;
use crate::meta::{AuthMode, AuthOperation, FieldKind, ModelKind, ModelMeta};
use crate::model::input::{Form, Submitted};
use crate::model::{Draft, Id, RowValues, id_from};
use crate::query::Model;

/// A new account.
pub(crate) struct SignedUp {
    pub(crate) record: Box<dyn Any>,
    /// The credential, if the surface logs in with the sign-up (session) and the address need not be verified first.
    pub(crate) credential: Option<IssuedCredential>,
}

/// Creates an account. `replaced` is the previous log-in of the same browser, which ends if a new one is opened.
///
/// # Errors
/// 400 with every problem of the body, 409 for a value that must be unique and is taken.
pub(crate) async fn sign_up(
    ctx: &mut Context<'_>,
    auth: &Auth,
    body: Submitted,
    via: LoginMethod,
    replaced: Option<(Id, Uuid)>,
) -> Result<SignedUp, AuthError> {
    let model = ctx.core.account_model()?;
    let nests = nests(model, &body);
    if nests {
        ctx.write.newcomer = newcomer(ctx, auth).await?;
    }
    let mut draft = read(ctx, auth, model, body).await?;
    ctx.begin().await?;
    if nests {
        renew_rights(ctx, auth).await?;
    }
    crud::check_own_references(ctx, model, Form::Create, &draft).await?;
    ctx.core.auth_hooks.run(AuthOperation::Signup, HookPhase::Before, ctx, draft.input.as_any()).await?;
    let mut made = crud::create_one(ctx, model, &Scope::own(), draft).await?.record;
    ctx.write.newcomer = None;
    let account = model.resource.id(made.as_ref());
    if let (AuthMode::Dynamic, Some(role)) = (auth.meta.mode, auth.meta.default_role) {
        give_role(ctx, account, role).await?;
    }
    record(ctx, Event::SignedUp, Some(account), via).await?;
    if let Some(to) = stored_address(ctx, model, account).await? {
        let redirect = ctx.local::<LinkRedirect>().map(|redirect| redirect.0.clone());
        verification::send(ctx, auth, account, &to, redirect.as_deref()).await?;
    }
    let credential = first_log_in(ctx, auth, account, via, replaced).await?;
    ctx.core.auth_hooks.run(AuthOperation::Signup, HookPhase::After, ctx, made.as_mut()).await?;
    ctx.commit().await?;
    Ok(SignedUp { record: made, credential })
}

/// Whether the body contains nested writes to related rows.
fn nests(model: &Model, body: &Submitted) -> bool {
    model.meta.relations.iter().any(|relation| body.entries.contains_key(relation.name))
}

/// The identity that authorizes the nested writes of a sign-up. `None` if the account could not log in before its
/// address is verified; its nested writes are then authorized as anonymous.
async fn newcomer(ctx: &Context<'_>, auth: &Auth) -> Result<Option<Newcomer>, ApiError> {
    if auth.meta.email_verification.required {
        return Ok(None);
    }
    let newcomer = auth.access.newcomer(ctx.source(), auth.meta.default_role).await?;
    Ok(Some(newcomer))
}

/// Loads the identity again inside the transaction: the rights of the role may have changed since the body was read.
async fn renew_rights(ctx: &mut Context<'_>, auth: &Auth) -> Result<(), ApiError> {
    let Some(account) = ctx.write.newcomer.as_ref().map(Newcomer::account) else { return Ok(()) };
    ctx.write.newcomer = newcomer(ctx, auth).await?;
    if let (Some(newcomer), Some(account)) = (&mut ctx.write.newcomer, account) {
        // The body that was read refers to this id already.
        newcomer.set_account(account);
    }
    Ok(())
}

async fn first_log_in(
    ctx: &mut Context<'_>,
    auth: &Auth,
    account: Id,
    via: LoginMethod,
    replaced: Option<(Id, Uuid)>,
) -> Result<Option<IssuedCredential>, AuthError> {
    if via != LoginMethod::Session || auth.meta.email_verification.required {
        return Ok(None);
    }
    if let Some((before, grant)) = replaced {
        grant::end(ctx, before, grant).await?;
    }
    let credential = issued_credential::open(ctx, auth, account, 0, via).await?;
    record(ctx, Event::LoggedIn, Some(account), via).await?;
    Ok(Some(credential))
}

/// Reads the body. In static mode, also sets the default role in the account's role field, which a body may not set.
async fn read(ctx: &mut Context<'_>, auth: &Auth, model: &Model, mut body: Submitted) -> Result<Draft, ApiError> {
    let mut writable = model.masks.own(model.meta, &ctx.principal);
    if let Some(field) = set_default_role(auth, model, &mut body.entries) {
        writable.insert(field);
    }
    crud::read_own(ctx, model, Form::Create, writable, body).await
}

/// Sets the default role of static mode in the account's role field, unless the body has that field. Returns the position of
/// the field that was set.
pub(super) fn set_default_role(auth: &Auth, model: &Model, entries: &mut Map<String, Value>) -> Option<usize> {
    let role = auth.meta.default_role.filter(|_| auth.meta.mode == AuthMode::Static)?;
    let position = model.meta.fields.iter().position(|field| matches!(field.name, "role" | "roles"))?;
    let field = &model.meta.fields[position];
    if entries.contains_key(field.name) {
        return None;
    }
    let is_list = matches!(field.kind, FieldKind::EnumList(_));
    entries.insert(field.name.to_owned(), if is_list { vec![role].into() } else { role.into() });
    Some(position)
}

/// Gives an account a role by name, in dynamic mode. If the role has been deleted, the account gets none and a warning
/// is logged.
pub(super) async fn give_role(ctx: &mut Context<'_>, account: Id, role: &str) -> Result<(), ApiError> {
    let core = ctx.core;
    let (Some(roles), Some(assignments)) = (core.model_of(ModelKind::Role), core.model_of(ModelKind::AccountRole))
    else {
        return Ok(());
    };
    let hidden = if roles.meta.soft_delete { "\"deleted_at\" IS NULL AND " } else { "" };
    let text = format!(r#"SELECT "id" FROM "{}" WHERE {hidden}"name" = ?"#, roles.meta.table);
    let find = BoundSql::named(text, values![role]);
    let Some(found) = ctx.source().one(find).await? else {
        tracing::warn!(role, "the default role does not exist; a new account gets no role");
        return Ok(());
    };
    let role = id_from(&mut Row::new(&found), roles.meta.id)?;
    let mut row = RowValues::new(assignments.meta);
    row.set(key_field(assignments.meta, core.account_model()?.meta)?, account);
    row.set(key_field(assignments.meta, roles.meta)?, role);
    crud::insert_as_is(ctx, assignments, row).await?;
    ctx.changes.push(AccessChange::Account(account));
    Ok(())
}

/// The position of the foreign key from one model to another.
fn key_field(from: &'static ModelMeta, target: &ModelMeta) -> Result<usize, ApiError> {
    let column = key_to(from, target);
    let found = from.fields.iter().position(|field| field.column == column);
    found.ok_or_else(|| ApiError::internal(format!("{} has no column {column}", from.name)))
}
