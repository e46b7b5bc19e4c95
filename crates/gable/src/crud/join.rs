//! Rows of join tables, which link two models many to many. Linking a linked pair or unlinking an unlinked one is no
//! error.

use super::refusal;
use crate::context::Context;
use crate::error::ApiError;
use crate::meta::{RelationKind, RelationMeta};
use crate::model::Id;
use crate::query::Model;

/// The join table between two models, seen from one of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join {
    pub(super) table: &'static str,
    pub(super) this_column: &'static str,
    pub(super) target_column: &'static str,
}

/// Pairs of ids per statement; SQLite binds at most 32766 values.
const PAIRS: usize = 10_000;

impl Join {
    pub(super) fn of(relation: &RelationMeta) -> Option<Self> {
        match relation.kind {
            RelationKind::ManyToMany { table, this_column, target_column } => {
                Some(Self { table, this_column, target_column })
            }
            _ => None,
        }
    }

    /// Links each pair of a row of this model and a row of the target. The order is the same from either side, so that
    /// requests that link the same rows at the same time wait for each other but do not deadlock.
    pub(super) async fn insert(&self, ctx: &Context<'_>, model: &Model, pairs: &[(Id, Id)]) -> Result<(), ApiError> {
        let mut pairs = pairs.to_vec();
        pairs.sort_by_key(
            |&(this, target)| if self.this_column < self.target_column { (this, target) } else { (target, this) },
        );
        for pairs in pairs.chunks(PAIRS) {
            let mut insert = model.sql.statement("INSERT INTO ");
            insert.identifier(self.table).push(" (").identifier(self.this_column);
            insert.push(", ").identifier(self.target_column).push(") VALUES ");
            insert.join(", ", pairs, |insert, (this, target)| {
                insert.push("(").bind(*this).push(", ").bind(*target).push(")")
            });
            insert.push(" ON CONFLICT DO NOTHING");
            ctx.source().execute(insert).await.map_err(|error| refusal::of_write(model.meta, error))?;
        }
        Ok(())
    }

    /// Unlinks the row from each of the targets.
    pub(super) async fn delete(
        &self,
        ctx: &Context<'_>,
        model: &Model,
        this: Id,
        targets: &[Id],
    ) -> Result<(), ApiError> {
        if targets.is_empty() {
            return Ok(());
        }
        let mut delete = model.sql.statement("DELETE FROM ");
        delete.identifier(self.table).push(" WHERE ").identifier(self.this_column).push(" = ").bind(this);
        delete.push(" AND ").identifier(self.target_column).among(targets.iter().copied());
        ctx.source().execute(delete).await?;
        Ok(())
    }
}
