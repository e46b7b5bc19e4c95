//! Connecting rows of a many-to-many relation, and taking them apart.

use std::collections::BTreeSet;

use sea_orm::Value;

use super::refusal;
use crate::access::{Authority, RowRule, Scope, decide};
use crate::context::Context;
use crate::core::Model;
use crate::db::Row;
use crate::http::ApiError;
use crate::resource::{Id, Link, Links, ModelKind, Operation, RelationKind, RowValues};

/// Writes the join rows of `id`. A link that is already there, or already gone, is no error.
///
/// # Errors
/// 400 `ReferencedRecordNotFound` for a row that is not there, or that the caller may not see.
pub(super) async fn connect(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
    links: Vec<Links>,
) -> Result<(), ApiError> {
    for Links { relation, links } in links {
        let relation = &model.meta.relations[relation];
        let RelationKind::ManyToMany { table, this_column, target_column } = relation.kind else { continue };
        if scope.authority == Authority::Caller {
            check_visible(ctx, relation.target, &links).await?;
        }
        let join = Join { table, this_column, target_column };
        let (out, into): (Vec<Link>, Vec<Link>) = links.into_iter().partition(|link| link.disconnect);
        join.insert(ctx, model, id, &into).await?;
        join.delete(ctx, model, id, &out).await?;
    }
    Ok(())
}

/// What the caller may not see, they cannot point at.
async fn check_visible(ctx: &Context<'_>, target: &str, links: &[Link]) -> Result<(), ApiError> {
    let Some(target) = ctx.core.model(target).filter(|_| !links.is_empty()) else { return Ok(()) };
    let view = decide(target.meta, &target.masks, Operation::FindMany.action(target.meta), &ctx.principal)?;
    all_visible(ctx, target, &view, &links.iter().map(|link| link.id).collect()).await
}

/// The same of the keys that rows are given: what is hidden is answered like what is not there. Where every row may be
/// seen, the database's own word is enough, and so it is where nobody may look at all.
///
/// # Errors
/// 400 `ReferencedRecordNotFound`.
pub(super) async fn check_references(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    rows: &[RowValues],
) -> Result<(), ApiError> {
    if scope.authority != Authority::Caller {
        return Ok(());
    }
    for relation in model.meta.relations {
        let RelationKind::BelongsTo { field } = relation.kind else { continue };
        let (Some(field), Some(target)) = (model.meta.field_index(field), ctx.core.model(relation.target)) else {
            continue;
        };
        let own = ctx.principal.account().filter(|_| target.meta.kind == ModelKind::Account);
        let named = rows.iter().filter_map(|row| row.get(field)).filter_map(id_in);
        let ids: BTreeSet<Id> = named.filter(|id| Some(*id) != own).collect();
        // Most changes set no key: then nobody need be asked who sees what.
        if ids.is_empty() {
            continue;
        }
        let viewing = Operation::FindMany.action(target.meta);
        let Ok(view) = decide(target.meta, &target.masks, viewing, &ctx.principal) else { continue };
        if view.rows != RowRule::Every || target.meta.soft_delete {
            all_visible(ctx, target, &view, &ids).await?;
        }
    }
    Ok(())
}

/// The id that a key holds, if any.
fn id_in(value: &Value) -> Option<Id> {
    match value {
        Value::Uuid(id) => id.map(Id::Uuid),
        Value::BigInt(id) => id.map(Id::Integer),
        _ => None,
    }
}

async fn all_visible(ctx: &Context<'_>, target: &Model, view: &Scope, ids: &BTreeSet<Id>) -> Result<(), ApiError> {
    let counted = ctx.source().one(target.sql.visible_among(view, ids)).await?;
    let visible: i64 = counted.as_ref().map_or(Ok(0), |result| Row::new(result).next())?;
    if visible.unsigned_abs() == ids.len() as u64 { Ok(()) } else { Err(refusal::no_such_reference()) }
}

struct Join {
    table: &'static str,
    this_column: &'static str,
    target_column: &'static str,
}

impl Join {
    async fn insert(&self, ctx: &Context<'_>, model: &Model, id: Id, links: &[Link]) -> Result<(), ApiError> {
        if links.is_empty() {
            return Ok(());
        }
        let mut insert = model.sql.statement("INSERT INTO ");
        insert.identifier(self.table).push(" (").identifier(self.this_column).push(", ").identifier(self.target_column);
        insert
            .push(") VALUES ")
            .join(", ", links, |insert, link| insert.push("(").bind(id).push(", ").bind(link.id).push(")"));
        insert.push(" ON CONFLICT DO NOTHING");
        ctx.source().execute(insert).await.map_err(|error| refusal::of_write(model.meta, error))?;
        Ok(())
    }

    async fn delete(&self, ctx: &Context<'_>, model: &Model, id: Id, links: &[Link]) -> Result<(), ApiError> {
        if links.is_empty() {
            return Ok(());
        }
        let mut delete = model.sql.statement("DELETE FROM ");
        delete.identifier(self.table).push(" WHERE ").identifier(self.this_column).push(" = ").bind(id);
        delete.push(" AND ").identifier(self.target_column).push(" IN (");
        delete.join(", ", links, |delete, link| delete.bind(link.id)).push(")");
        ctx.source().execute(delete).await?;
        Ok(())
    }
}
