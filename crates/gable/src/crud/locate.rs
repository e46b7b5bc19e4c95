//! Finds the rows of another model that a write names.

use std::collections::BTreeSet;

use super::join::Join;
use super::refusal;
use crate::access::{Authority, Scope, decide, within_route};
use crate::context::Context;
use crate::db::{Row, Statement};
use crate::error::ApiError;
use crate::meta::{Operation, limits};
use crate::model::{Id, Key, RowRef, id_from};
use crate::query::Model;

/// How the rows at the other end of a relation are linked to a row at this end.
#[derive(Clone, Copy, Debug)]
pub(super) enum RelationLink {
    /// By a foreign key in the other model: its position among the fields of that model.
    Key(usize),
    Join(Join),
}

/// The scope of an operation on another model, under the authority of the write.
///
/// # Errors
/// 401 or 403 if the operation is permitted on no row.
pub(super) fn scope_of(
    ctx: &Context<'_>,
    model: &Model,
    authority: Authority,
    operation: Operation,
) -> Result<Scope, ApiError> {
    match authority {
        Authority::System => Ok(Scope::system()),
        Authority::Caller | Authority::Own => {
            let scope = decide(model.meta, &model.masks, model.meta.action_of(operation), &ctx.principal)?;
            // The preset conditions of a read route do not apply: they select what an answer shows, not which rows a
            // body may name.
            let looks = matches!(operation, Operation::FindOne | Operation::FindMany);
            Ok(if looks { scope } else { within_route(scope, model.meta, operation, &ctx.principal) })
        }
    }
}

/// Finds the rows that the keys name, in the same order; with a link, only among those that are linked to that row.
///
/// # Errors
/// 400 `InlineRecordNotFound` for each row that does not exist or is not within the scope; the error does not tell
/// which.
pub(super) async fn locate(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    link: Option<(RelationLink, Id)>,
    row_refs: &[RowRef],
) -> Result<Vec<Id>, ApiError> {
    let found = locate_each(ctx, model, scope, link, row_refs.iter().map(|row_ref| &row_ref.key).collect()).await?;
    let missing = row_refs.iter().zip(&found).filter(|(_, found)| found.is_none());
    match missing.map(|(row_ref, _)| row_ref.place.as_str()).collect::<Vec<_>>() {
        none if none.is_empty() => Ok(found.into_iter().flatten().collect()),
        places => Err(refusal::no_such_records(&places)),
    }
}

/// Like `locate`, but yields `None` for a key that matches no row.
pub(super) async fn locate_each(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    link: Option<(RelationLink, Id)>,
    keys: Vec<&Key>,
) -> Result<Vec<Option<Id>>, ApiError> {
    let search = Search { ctx, model, scope, link };
    let mut found: Vec<Option<Id>> = vec![None; keys.len()];
    search.by_id(&keys, &mut found).await?;
    for index in 0..model.meta.uniques.len() {
        search.by_values(index, &keys, &mut found).await?;
    }
    search.linked(&keys, &mut found).await?;
    Ok(found)
}

struct Search<'a, 'r> {
    ctx: &'a Context<'r>,
    model: &'a Model,
    scope: &'a Scope,
    link: Option<(RelationLink, Id)>,
}

impl Search<'_, '_> {
    async fn by_id(&self, keys: &[&Key], found: &mut [Option<Id>]) -> Result<(), ApiError> {
        let id = |key: &Key| if let Key::Id(id) = key { Some(*id) } else { None };
        let ids: BTreeSet<Id> = keys.iter().copied().filter_map(id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let statement = self.restricted(self.model.sql.ids_among(self.scope, &ids));
        let rows = self.ctx.source().all(statement).await?;
        let mut there = BTreeSet::new();
        for row in &rows {
            there.insert(id_from(&mut Row::new(row), self.model.meta.id)?);
        }
        for (key, found) in keys.iter().zip(found) {
            *found = found.or(id(key).filter(|id| there.contains(id)));
        }
        Ok(())
    }

    /// Finds rows by the values of one unique index.
    async fn by_values(&self, index: usize, keys: &[&Key], found: &mut [Option<Id>]) -> Result<(), ApiError> {
        let fields = self.model.meta.uniques[index].fields;
        let fields: Vec<usize> = fields.iter().filter_map(|name| self.model.meta.field_index(name)).collect();
        let unique_keys = keys.iter().enumerate().filter_map(|(position, key)| match *key {
            Key::Unique { index: of, values } if *of == index => Some((position, values.as_slice())),
            _ => None,
        });
        let unique_keys: Vec<(usize, &[sea_orm::Value])> = unique_keys.collect();
        for unique_keys in unique_keys.chunks(limits::MAX_KEYS_PER_STATEMENT as usize) {
            let values: Vec<&[sea_orm::Value]> = unique_keys.iter().map(|(_, values)| *values).collect();
            let statement = self.restricted(self.model.sql.ids_by(self.scope, &fields, &values));
            for result in self.ctx.source().all(statement).await? {
                let mut row = Row::new(&result);
                let id = id_from(&mut row, self.model.meta.id)?;
                let nth: i64 = row.next()?;
                let values = usize::try_from(nth).ok().and_then(|nth| values.get(nth));
                for (position, _) in unique_keys.iter().filter(|(_, other)| Some(other) == values) {
                    found[*position] = Some(id);
                }
            }
        }
        Ok(())
    }

    /// Finds the one linked row, for a key that does not name it.
    async fn linked(&self, keys: &[&Key], found: &mut [Option<Id>]) -> Result<(), ApiError> {
        let Some(position) = keys.iter().position(|key| **key == Key::Linked).filter(|_| self.link.is_some()) else {
            return Ok(());
        };
        let statement = self.restricted(self.model.sql.ids(self.scope));
        if let Some(row) = self.ctx.source().one(statement).await? {
            found[position] = Some(id_from(&mut Row::new(&row), self.model.meta.id)?);
        }
        Ok(())
    }

    fn restricted(&self, mut statement: Statement) -> Statement {
        match self.link {
            None => {}
            Some((RelationLink::Key(field), to)) => {
                let column = self.model.meta.fields[field].column;
                statement.push(" AND ").identifier(column).push(" = ").bind(to);
                // Locked, because the row must still be linked when it is written; always in the same order, to avoid
                // deadlocks.
                statement.push(" ORDER BY \"id\"").push_for_update();
            }
            Some((RelationLink::Join(join), to)) => {
                statement.push(" AND \"id\" IN (SELECT ").identifier(join.target_column).push(" FROM ");
                statement.identifier(join.table).push(" WHERE ").identifier(join.this_column).push(" = ").bind(to);
                statement.push(")");
            }
        }
        statement
    }
}
