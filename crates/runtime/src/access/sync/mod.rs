//! Grants as code: what `access:` says beside what the role tables say. A new database is filled from the YAML; from
//! then on the tables decide, and the difference can be seen and applied.

mod difference;
mod tables;

use crate::core::Core;
use crate::db::{AdvisoryLock, DbError, Source};

use super::load::DynamicModels;
use super::{AccessChange, AccessModels};
use crate::app_meta::AuthMode;
pub(crate) use difference::{Difference, Prune};
use tables::Tables;

/// Writes the initial grants where there are no roles and no permissions yet.
pub(crate) async fn seed(core: &Core, models: &AccessModels) -> Result<(), DbError> {
    let Some(dynamic) = dynamic(models) else { return Ok(()) };
    // The cheap question first: every start but the first one ends here.
    if !tables::are_empty(core, core.db.reader(), dynamic).await? {
        return Ok(());
    }
    let transaction = core.db.begin().await?;
    let source = Source::Transaction(&transaction);
    // Nodes that start at once must not both find the tables empty.
    core.db.lock(source, AdvisoryLock::RoleTables).await?;
    if tables::are_empty(core, source, dynamic).await? {
        let difference = Difference::new(core, &Tables::default());
        Tables::default().apply(core, source, dynamic, &difference, Prune::No).await?;
        tracing::info!(permissions = core.catalogue.len(), "wrote the initial grants");
    }
    transaction.commit().await?;
    Ok(())
}

/// How YAML and tables differ.
pub(crate) async fn compare(core: &Core, models: &DynamicModels) -> Result<Difference, DbError> {
    let tables = Tables::load(core, core.db.reader(), models).await?;
    Ok(Difference::new(core, &tables))
}

/// Adds to the tables what only the YAML says; with `Prune::Yes` also takes away what only the tables say. Answers with
/// the difference that there was.
pub(crate) async fn synchronize(core: &Core, models: &DynamicModels, prune: Prune) -> Result<Difference, DbError> {
    let transaction = core.db.begin().await?;
    let source = Source::Transaction(&transaction);
    // Nodes that start at once must not both find the tables empty.
    core.db.lock(source, AdvisoryLock::RoleTables).await?;
    let tables = Tables::load(core, source, models).await?;
    let difference = Difference::new(core, &tables);
    tables.apply(core, source, models, &difference, prune).await?;
    let changed = if difference.is_empty() { Vec::new() } else { vec![AccessChange::Everything] };
    core.commit(transaction, &changed).await?;
    Ok(difference)
}

fn dynamic(models: &AccessModels) -> Option<&DynamicModels> {
    models.dynamic.as_ref().filter(|_| models.mode == AuthMode::Dynamic)
}
