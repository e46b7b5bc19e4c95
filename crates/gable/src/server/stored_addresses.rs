//! E-mail addresses stored before domains were normalized. They are rewritten at start; otherwise neither a log-in
//! nor a filter would find them, and the same mailbox could sign up twice.

use crate::context::Core;
use crate::db::{BoundSql, DbError, Row, Source, values};
use crate::meta::{FieldKind, FieldMeta};
use crate::model::input::normal_address;
use crate::model::{Id, id_from};
use crate::query::Model;

const BATCH: i64 = 500;

/// Rewrites every stored address that is not in normal form. If another row already has the normalized address, both
/// rows stay unchanged and the log names the row: only a person can decide which account keeps the mailbox.
///
/// # Errors
/// The database cannot be reached, or a statement fails.
pub(crate) async fn normalize_stored_addresses(core: &Core) -> Result<(), DbError> {
    for model in core.models.iter() {
        for field in model.meta.fields.iter().filter(|field| field.kind == FieldKind::Email) {
            let mut after = None;
            while let Some(last) = normalize_batch(core, model, field, after).await? {
                after = Some(last);
            }
        }
    }
    Ok(())
}

/// Rewrites one batch of addresses; returns the id of the last row read, or `None` if there was none.
async fn normalize_batch(
    core: &Core,
    model: &Model,
    field: &FieldMeta,
    after: Option<Id>,
) -> Result<Option<Id>, DbError> {
    let mut select = model.sql.statement("SELECT \"id\", ");
    select.identifier(field.column).push(" FROM ").identifier(model.meta.table).push(" WHERE ");
    // Only addresses with characters beyond ASCII could be stored in several forms.
    select.push_beyond_ascii(field.column);
    if let Some(after) = after {
        select.push(" AND \"id\" > ").bind(after);
    }
    select.push(" ORDER BY \"id\" LIMIT ").bind(BATCH);
    let mut last = None;
    for result in core.db.reader().all(select).await? {
        let mut row = Row::new(&result);
        let (id, stored): (Id, String) = (id_from(&mut row, model.meta.id)?, row.next()?);
        let normal = normal_address(&stored);
        if normal != stored {
            rewrite(core, model, field, id, (stored, normal)).await?;
        }
        last = Some(id);
    }
    Ok(last)
}

async fn rewrite(
    core: &Core,
    model: &Model,
    field: &FieldMeta,
    id: Id,
    (stored, normal): (String, String),
) -> Result<(), DbError> {
    let (table, column) = (model.meta.table, field.column);
    let text = format!(r#"UPDATE "{table}" SET "{column}" = ? WHERE "id" = ? AND "{column}" = ?"#);
    let update = BoundSql::named(text, values![normal, id, stored]);
    let transaction = core.db.begin().await?;
    match Source::Transaction(&transaction).execute(update).await {
        Ok(_) => transaction.commit().await,
        Err(DbError::Unique(_)) => {
            tracing::warn!(table, column, %id, "an e-mail address is that of another row in another spelling; both are kept");
            transaction.roll_back().await
        }
        Err(error) => Err(error),
    }
}
