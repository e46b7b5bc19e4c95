//! Synchronizes the grants under `access:` with the role tables. A new database is filled from the YAML. After that the
//! tables decide, and the difference can be shown and applied.

mod apply;
mod difference;
mod grant;
mod tables;

use crate::access::{AccessChange, AccessModels, DynamicModels};
use crate::context::Core;
use crate::db::{AdvisoryLock, DbError, Source};
use crate::meta::AuthMode;

pub(crate) use difference::Difference;
pub(crate) use grant::Prune;
use tables::Tables;

/// Writes the grants of the YAML into the tables if there are no roles and no permissions yet.
pub(crate) async fn seed(core: &Core, models: &AccessModels) -> Result<(), DbError> {
    let Some(dynamic) = dynamic(models) else { return Ok(()) };
    // A cheap check without a transaction: every start but the first one returns here.
    if !tables::are_empty(core.db.reader(), dynamic).await? {
        return Ok(());
    }
    let transaction = core.db.begin().await?;
    let source = Source::Transaction(&transaction);
    // Nodes that start at once must not both find the tables empty.
    core.db.lock(source, AdvisoryLock::RoleTables).await?;
    if tables::are_empty(source, dynamic).await? {
        let difference = Difference::new(core, &Tables::default());
        Tables::default().apply(core, source, dynamic, &difference, Prune::No).await?;
        tracing::info!(permissions = core.catalogue.len(), "wrote the initial grants");
    }
    transaction.commit().await?;
    Ok(())
}

/// Compares the YAML with the tables.
pub(crate) async fn compare(core: &Core, models: &DynamicModels) -> Result<Difference, DbError> {
    let tables = Tables::load(core.db.reader(), models).await?;
    Ok(Difference::new(core, &tables))
}

/// Adds the roles, permissions and grants to the tables that only the YAML has. With `Prune::Yes` also removes the
/// grants and unknown permissions that only the tables have. Returns the difference from before.
pub(crate) async fn synchronize(core: &Core, models: &DynamicModels, prune: Prune) -> Result<Difference, DbError> {
    let transaction = core.db.begin().await?;
    let source = Source::Transaction(&transaction);
    // Nodes that start at once must not both find the tables empty.
    core.db.lock(source, AdvisoryLock::RoleTables).await?;
    let tables = Tables::load(source, models).await?;
    let difference = Difference::new(core, &tables);
    tables.apply(core, source, models, &difference, prune).await?;
    let changed = if difference.is_empty() { Vec::new() } else { vec![AccessChange::Everything] };
    core.commit(transaction, &changed).await?;
    Ok(difference)
}

fn dynamic(models: &AccessModels) -> Option<&DynamicModels> {
    models.dynamic.as_ref().filter(|_| models.mode == AuthMode::Dynamic)
}
