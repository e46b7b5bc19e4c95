//! Finding an account by what identifies it, with one statement.

use chrono::{DateTime, Utc};

use super::address;
use super::error::AuthError;
use super::password::password_field;
use crate::access::id_from;
use crate::app_meta::IdentifierMeta;
use crate::context::Context;
use crate::core::{Core, Model};
use crate::db::{Row, Statement};
use crate::query::typed_value;
use crate::resource::{Id, ModelMeta, RelationKind};

/// An account, as far as the core must know it before anybody proved anything.
pub(super) struct Found {
    pub(super) account: Id,
    /// The hash.
    pub(super) password: String,
    /// Which password that is: a token names it, and dies with it.
    pub(super) password_changed_at: i64,
    pub(super) email_verified: bool,
    /// Where mail reaches it.
    pub(super) address: Option<String>,
}

/// The identifier that every account with an e-mail address has, whether or not one may log in with it.
pub(super) fn by_email(model: &Model) -> IdentifierMeta {
    IdentifierMeta {
        path: address::FIELD,
        body_key: address::FIELD,
        model: model.meta.name,
        field: address::FIELD,
        relation: None,
    }
}

/// The first account that fits, in the order of the identifiers.
pub(super) async fn find(
    ctx: &Context<'_>,
    model: &Model,
    identifiers: &[IdentifierMeta],
    typed: &str,
) -> Result<Option<Found>, AuthError> {
    let core = ctx.core;
    let mut matching = Vec::new();
    for identifier in identifiers {
        let Some(holder) = core.model(identifier.model) else { continue };
        let Some(field) = holder.meta.field_index(identifier.field) else { continue };
        // What could never be this identifier is not asked for: an e-mail address is no phone number.
        let Ok(value) = typed_value(holder.meta.fields[field].kind, typed) else { continue };
        matching.push((identifier, holder.meta, field, value));
    }
    if matching.is_empty() {
        return Ok(None);
    }
    let mut statement = select(core, model)?;
    statement.push(" WHERE (");
    statement.join(" OR ", &matching, |statement, (identifier, holder, field, value)| {
        condition(statement, model.meta, identifier, holder, *field, value)
    });
    statement.push(if model.meta.soft_delete {
        ") AND a.\"deleted_at\" IS NULL ORDER BY CASE"
    } else {
        ") ORDER BY CASE"
    });
    for (rank, (identifier, holder, field, value)) in matching.iter().enumerate() {
        statement.push(" WHEN ");
        condition(&mut statement, model.meta, identifier, holder, *field, value);
        statement.push(&format!(" THEN {rank}"));
    }
    statement.push(" END LIMIT 1");
    let Some(result) = ctx.source().one(statement).await? else { return Ok(None) };
    let mut row = Row::new(&result);
    let account = id_from(&mut row, model.meta.id)?;
    let (password, changed): (String, Option<DateTime<Utc>>) = (row.next()?, row.next()?);
    let (email_verified, address) = (row.next()?, row.next()?);
    let password_changed_at = changed.map_or(0, |time| time.timestamp_millis());
    Ok(Some(Found { account, password, password_changed_at, email_verified, address }))
}

fn select(core: &Core, model: &Model) -> Result<Statement, AuthError> {
    let mut statement = Statement::new(core.db.dialect(), "SELECT a.\"id\", a.");
    statement.identifier(password_field(model)?.column);
    statement.push(", a.\"password_changed_at\", a.\"is_email_verified\", ");
    match address::column(model) {
        Some(column) => statement.push("a.").identifier(column),
        None => statement.push("NULL"),
    };
    statement.push(" FROM ").identifier(model.meta.table).push(" a");
    Ok(statement)
}

/// `a."email" = $1`, or for a field of a related model `a."id" IN (SELECT …)`.
fn condition<'s>(
    statement: &'s mut Statement,
    account: &ModelMeta,
    identifier: &IdentifierMeta,
    holder: &ModelMeta,
    field: usize,
    value: &sea_orm::Value,
) -> &'s mut Statement {
    let column = holder.fields[field].column;
    let relation = identifier.relation.and_then(|name| account.relations.iter().find(|relation| relation.name == name));
    let key = match relation.map(|relation| relation.kind) {
        Some(RelationKind::HasOne { field } | RelationKind::HasMany { field }) => holder.field_index(field),
        _ => None,
    };
    match key {
        None => statement.push("a.").identifier(column).push(" = ").bind(value.clone()),
        Some(key) => {
            statement.push("a.\"id\" IN (SELECT ").identifier(holder.fields[key].column).push(" FROM ");
            statement.identifier(holder.table).push(" WHERE ").identifier(column).push(" = ").bind(value.clone());
            statement.push(if holder.soft_delete { " AND \"deleted_at\" IS NULL)" } else { ")" })
        }
    }
}
