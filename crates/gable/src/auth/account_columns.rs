//! The columns of the account model that log-ins need: the e-mail address and the password.

use crate::context::Context;
use crate::db::{BoundSql, Row, values};
use crate::error::ApiError;
use crate::meta::{FieldKind, FieldMeta};
use crate::model::Id;
use crate::query::Model;

/// The name of the address field, in YAML and JSON.
pub(super) const ADDRESS_FIELD: &str = "email";

/// The column of the e-mail address; `None` if the account model has none.
pub(super) fn address_column(model: &Model) -> Option<&'static str> {
    address_position(model).map(|field| model.meta.fields[field].column)
}

pub(super) fn address_position(model: &Model) -> Option<usize> {
    let field = model.meta.field_index(ADDRESS_FIELD)?;
    (model.meta.fields[field].kind == FieldKind::Email).then_some(field)
}

/// The stored address of an account.
pub(super) async fn stored_address(ctx: &Context<'_>, model: &Model, account: Id) -> Result<Option<String>, ApiError> {
    let Some(column) = address_column(model) else { return Ok(None) };
    let text = format!(r#"SELECT "{column}" FROM "{}" WHERE "id" = ?"#, model.meta.table);
    let select = BoundSql::named(text, values![account]);
    let Some(result) = ctx.source().one(select).await? else { return Ok(None) };
    Ok(Row::new(&result).next()?)
}

/// Whether the current address of an account is verified.
pub(super) async fn is_verified(ctx: &Context<'_>, model: &Model, account: Id) -> Result<bool, ApiError> {
    let text = format!(r#"SELECT "is_email_verified" FROM "{}" WHERE "id" = ?"#, model.meta.table);
    let select = BoundSql::named(text, values![account]);
    let found = ctx.source().one(select).await?;
    Ok(found.map(|result| Row::new(&result).next()).transpose()?.unwrap_or(false))
}

/// The field of the account model that holds the hash.
///
/// # Errors
/// 500 if there is none. The schema checker refuses such a model.
pub(crate) fn password_field(model: &Model) -> Result<&'static FieldMeta, ApiError> {
    let field = model.meta.fields.iter().find(|field| field.kind == FieldKind::Password);
    field.ok_or_else(|| ApiError::internal("the account model has no password"))
}
