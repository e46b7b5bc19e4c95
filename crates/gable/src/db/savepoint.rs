//! Where a transaction goes on after a statement that failed.

use super::{DbError, Transaction};

/// One name will do: the innermost savepoint is meant.
pub(crate) struct Savepoint(());

impl Savepoint {
    pub(crate) async fn set(transaction: &Transaction) -> Result<Self, DbError> {
        transaction.command("SAVEPOINT gable").await?;
        Ok(Self(()))
    }

    /// Keeps what was done since.
    pub(crate) async fn release(self, transaction: &Transaction) -> Result<(), DbError> {
        transaction.command("RELEASE SAVEPOINT gable").await?;
        Ok(())
    }

    /// Undoes what was done since.
    pub(crate) async fn roll_back(self, transaction: &Transaction) -> Result<(), DbError> {
        transaction.roll_back_to("gable").await?;
        self.release(transaction).await
    }
}
