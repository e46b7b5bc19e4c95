//! Which rows of another model a write means.

use std::collections::BTreeSet;

use super::join::Join;
use super::refusal;
use crate::access::{Authority, Scope, decide, id_from, within_route};
use crate::context::Context;
use crate::core::Model;
use crate::db::{Row, Statement};
use crate::http::ApiError;
use crate::resource::{Id, Key, Named, Operation};

/// How the rows at the other end of a relation are tied to those at this one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tie {
    /// They have a key: its position among the fields of the other model.
    Key(usize),
    Join(Join),
}

/// Unique values in one statement. SQLite nests conditions a thousand deep at most.
const VALUES: usize = 200;

/// What whoever writes may do to rows of another model.
///
/// # Errors
/// 401 or 403 where they may do it to none.
pub(super) fn scope_of(
    ctx: &Context<'_>,
    model: &Model,
    authority: Authority,
    operation: Operation,
) -> Result<Scope, ApiError> {
    match authority {
        Authority::System => Ok(Scope::system()),
        Authority::Caller | Authority::Own => {
            let scope = decide(model.meta, &model.masks, operation.action(model.meta), &ctx.principal)?;
            // Which rows a body may name does not follow from what a list shows of them.
            let looks = matches!(operation, Operation::FindOne | Operation::FindMany);
            Ok(if looks { scope } else { within_route(scope, model.meta, operation, &ctx.principal) })
        }
    }
}

/// The rows that the keys name, in their order; with a tie, only rows that are tied to that one.
///
/// # Errors
/// 400 `InlineRecordNotFound` for each that is not there or not within the scope: which of these is not told.
pub(super) async fn locate(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    tie: Option<(Tie, Id)>,
    named: &[Named],
) -> Result<Vec<Id>, ApiError> {
    let found = locate_each(ctx, model, scope, tie, named.iter().map(|named| &named.key).collect()).await?;
    let missing = named.iter().zip(&found).filter(|(_, found)| found.is_none());
    match missing.map(|(named, _)| named.place.as_str()).collect::<Vec<_>>() {
        none if none.is_empty() => Ok(found.into_iter().flatten().collect()),
        places => Err(refusal::no_such_records(&places)),
    }
}

/// The same, with nothing in the place of what is not there.
pub(super) async fn locate_each(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    tie: Option<(Tie, Id)>,
    keys: Vec<&Key>,
) -> Result<Vec<Option<Id>>, ApiError> {
    let search = Search { ctx, model, scope, tie };
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
    tie: Option<(Tie, Id)>,
}

impl Search<'_, '_> {
    async fn by_id(&self, keys: &[&Key], found: &mut [Option<Id>]) -> Result<(), ApiError> {
        let id = |key: &Key| if let Key::Id(id) = key { Some(*id) } else { None };
        let ids: BTreeSet<Id> = keys.iter().copied().filter_map(id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let statement = self.tied(self.model.sql.ids_among(self.scope, &ids));
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

    /// Rows by the values of one unique index.
    async fn by_values(&self, index: usize, keys: &[&Key], found: &mut [Option<Id>]) -> Result<(), ApiError> {
        let fields = self.model.meta.uniques[index].fields;
        let fields: Vec<usize> = fields.iter().filter_map(|name| self.model.meta.field_index(name)).collect();
        let named = keys.iter().enumerate().filter_map(|(position, key)| match *key {
            Key::Unique { index: of, values } if *of == index => Some((position, values.as_slice())),
            _ => None,
        });
        let named: Vec<(usize, &[sea_orm::Value])> = named.collect();
        for named in named.chunks(VALUES) {
            let values: Vec<&[sea_orm::Value]> = named.iter().map(|(_, values)| *values).collect();
            let statement = self.tied(self.model.sql.ids_by(self.scope, &fields, &values));
            for result in self.ctx.source().all(statement).await? {
                let mut row = Row::new(&result);
                let id = id_from(&mut row, self.model.meta.id)?;
                let nth: i64 = row.next()?;
                let values = usize::try_from(nth).ok().and_then(|nth| values.get(nth));
                for (position, _) in named.iter().filter(|(_, other)| Some(other) == values) {
                    found[*position] = Some(id);
                }
            }
        }
        Ok(())
    }

    /// The one row that is linked.
    async fn linked(&self, keys: &[&Key], found: &mut [Option<Id>]) -> Result<(), ApiError> {
        let Some(position) = keys.iter().position(|key| **key == Key::Linked).filter(|_| self.tie.is_some()) else {
            return Ok(());
        };
        let statement = self.tied(self.model.sql.ids(self.scope));
        if let Some(row) = self.ctx.source().one(statement).await? {
            found[position] = Some(id_from(&mut Row::new(&row), self.model.meta.id)?);
        }
        Ok(())
    }

    fn tied(&self, mut statement: Statement) -> Statement {
        match self.tie {
            None => {}
            Some((Tie::Key(field), to)) => {
                let column = self.model.meta.fields[field].column;
                statement.push(" AND ").identifier(column).push(" = ").bind(to);
                // It must still be tied when it is written. Everybody locks rows in the same order.
                statement.push(" ORDER BY \"id\"");
                statement.push(self.ctx.core.db.dialect().lock());
            }
            Some((Tie::Join(join), to)) => {
                statement.push(" AND \"id\" IN (SELECT ").identifier(join.target_column).push(" FROM ");
                statement.identifier(join.table).push(" WHERE ").identifier(join.this_column).push(" = ").bind(to);
                statement.push(")");
            }
        }
        statement
    }
}
