//! Savepoints, from which a transaction continues after a failed statement.

use super::{DbError, Transaction};

/// All savepoints have the same name; SQL uses the innermost one.
pub(crate) struct Savepoint(());

impl Savepoint {
    pub(crate) async fn set(transaction: &Transaction) -> Result<Self, DbError> {
        transaction.command("SAVEPOINT gable").await?;
        Ok(Self(()))
    }

    /// Keeps the statements since the savepoint.
    pub(crate) async fn release(self, transaction: &Transaction) -> Result<(), DbError> {
        transaction.command("RELEASE SAVEPOINT gable").await?;
        Ok(())
    }

    /// Undoes the statements since the savepoint.
    pub(crate) async fn roll_back(self, transaction: &Transaction) -> Result<(), DbError> {
        transaction.roll_back_to("gable").await?;
        self.release(transaction).await
    }
}
