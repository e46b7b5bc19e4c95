//! SQLite has no decimal type. It stores floating-point numbers, so a decimal that a floating-point number does not
//! keep exactly is refused.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::Dialect;

/// Whether the database returns the value exactly as it was written.
pub(super) fn fits(dialect: Dialect, value: &Decimal) -> bool {
    match dialect {
        Dialect::Postgres => true,
        Dialect::Sqlite => {
            let back = value.to_f64().and_then(Decimal::from_f64);
            back.is_some_and(|back| back.round_dp(value.scale()) == *value)
        }
    }
}
