//! One row of a result, decoded by position.

use rust_decimal::Decimal;
use sea_orm::{QueryResult, TryGetable};

use super::DbError;

/// Hands out columns from left to right, as the SQL text of the same model lists them.
#[derive(Debug)]
pub struct Row<'a> {
    result: &'a QueryResult,
    next: usize,
}

impl<'a> Row<'a> {
    pub(crate) fn new(result: &'a QueryResult) -> Self {
        Self { result, next: 0 }
    }

    /// Starts further to the right.
    pub(crate) fn skipping(result: &'a QueryResult, columns: usize) -> Self {
        Self { result, next: columns }
    }

    /// The next column.
    ///
    /// # Errors
    /// The column does not hold the type, or holds null where the type has none: the table is not what the migrations made.
    #[expect(clippy::should_implement_trait, reason = "columns have a type each, which an Iterator cannot say")]
    pub fn next<T: TryGetable>(&mut self) -> Result<T, DbError> {
        let column = self.next;
        self.next += 1;
        self.result.try_get_by_index(column).map_err(DbError::Other)
    }

    /// The next column as a decimal with this many digits after the point. SQLite keeps decimals as floating-point
    /// numbers, so the scale is not in the row.
    pub fn decimal<T: DecimalColumn>(&mut self, scale: u32) -> Result<T, DbError> {
        Ok(self.next::<T>()?.rescale(scale))
    }
}

/// `Decimal` or `Option<Decimal>`.
pub trait DecimalColumn: TryGetable {
    fn rescale(self, scale: u32) -> Self;
}

impl DecimalColumn for Decimal {
    fn rescale(mut self, scale: u32) -> Self {
        Decimal::rescale(&mut self, scale);
        self
    }
}

impl DecimalColumn for Option<Decimal> {
    fn rescale(self, scale: u32) -> Self {
        self.map(|value| DecimalColumn::rescale(value, scale))
    }
}
