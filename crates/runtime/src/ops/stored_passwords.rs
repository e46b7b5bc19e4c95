//! Hashes that accounts brought along. How long one takes is measured at start, so that the first guess at such an account
//! takes no other time than one at a name that nobody has.

use std::time::{Duration, Instant};

use crate::auth::{hash_prefix, password_field};
use crate::core::{Core, Model};
use crate::db::{DbError, Row};

/// Kinds of hashes that are looked for: a system that accounts come from has one, or a few.
const KINDS: usize = 8;
/// No kind is begun with after this time: the others are measured at their first log-in.
const PATIENCE: Duration = Duration::from_secs(5);

/// Measures one hash of each kind that is stored and that the server would not make itself.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn measure_stored_hashes(core: &Core) -> Result<(), DbError> {
    let (Some(auth), Ok(model)) = (&core.auth, core.account_model()) else { return Ok(()) };
    let Ok(field) = password_field(model) else { return Ok(()) };
    let mut known = vec![auth.hasher.own_prefix()];
    let begun = Instant::now();
    while known.len() <= KINDS && begun.elapsed() < PATIENCE {
        let Some(hash) = another(core, model, field.column, &known).await? else { break };
        known.push(hash_prefix(&hash).to_owned());
        auth.hasher.measure(hash).await;
    }
    Ok(())
}

/// A hash of another kind than these.
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
