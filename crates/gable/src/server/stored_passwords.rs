//! The kinds of password hashes that imported accounts have. Every password check does the work of each kind, so that
//! its duration reveals neither the kind of an account's hash nor whether the account exists.

use crate::auth::password_field;
use crate::context::Core;
use crate::db::{DbError, Row};
use crate::passwords::{FOREIGN_KINDS, hash_prefix};
use crate::query::Model;

/// Searches for a hash of each kind that the server does not create itself. Must run at start and from time to time,
/// because accounts are imported and hashes replaced.
///
/// # Errors
/// The database cannot be reached, or the query fails.
pub(crate) async fn note_stored_hashes(core: &Core) -> Result<(), DbError> {
    let (Some(hasher), Ok(model)) = (&core.hasher, core.account_model()) else { return Ok(()) };
    let Ok(field) = password_field(model) else { return Ok(()) };
    let (mut known, mut hashes) = (vec![hasher.own_prefix()], Vec::new());
    while hashes.len() < FOREIGN_KINDS {
        let Some(hash) = another(core, model, field.column, &known).await? else { break };
        known.push(hash_prefix(&hash).to_owned());
        hashes.push(hash);
    }
    hasher.note_stored(&hashes);
    Ok(())
}

/// Finds a hash of a kind that is not in `known`.
async fn another(core: &Core, model: &Model, column: &str, known: &[String]) -> Result<Option<String>, DbError> {
    let mut select = model.sql.statement("SELECT ");
    select.identifier(column).push(" FROM ").identifier(model.meta.table).push(" WHERE (").identifier(column);
    select.push(" LIKE '$argon2id$%' OR ").identifier(column).push(" LIKE '$2_$%')");
    for prefix in known {
        select.push(" AND ").identifier(column).push(" NOT LIKE ").bind(format!("{prefix}%"));
    }
    select.push(" LIMIT 1");
    let found = core.db.reader().all(select).await?;
    found.first().map(|result| Row::new(result).next()).transpose()
}
