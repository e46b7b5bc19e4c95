//! Rows of a result, decoded by position.

use rust_decimal::Decimal;

use super::DbError;
use super::column::{Column, FromColumn};
use super::raw_row::RawRow;

/// Hands out the columns of a row from left to right, as the SQL text of the same model lists them.
#[derive(Debug)]
pub struct Row<'a> {
    raw: &'a RawRow,
    next: usize,
}

impl<'a> Row<'a> {
    pub(crate) fn new(raw: &'a RawRow) -> Self {
        Self { raw, next: 0 }
    }

    /// Starts behind the first `columns` columns.
    pub(crate) fn skipping(raw: &'a RawRow, columns: usize) -> Self {
        Self { raw, next: columns }
    }

    /// The next column.
    ///
    /// # Errors
    /// The column does not hold the type, or holds null where the type has none: the table is not what the migrations
    /// made.
    #[expect(clippy::should_implement_trait, reason = "columns have a type each, which an Iterator cannot say")]
    pub fn next<T: FromColumn>(&mut self) -> Result<T, DbError> {
        let position = self.next;
        self.next += 1;
        T::from_column(Column::new(self.raw, position))
    }

    /// The next column as a decimal with this many digits after the point. SQLite keeps decimals as floating-point
    /// numbers, so the scale is not in the row.
    pub fn decimal<T: DecimalColumn>(&mut self, scale: u32) -> Result<T, DbError> {
        Ok(self.next::<T>()?.rescale(scale))
    }
}

/// `Decimal` or `Option<Decimal>`.
pub trait DecimalColumn: FromColumn {
    /// Sets the number of digits after the point.
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
