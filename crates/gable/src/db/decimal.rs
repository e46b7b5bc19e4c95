//! SQLite has no decimal type: what is written there must survive a floating-point number, or be refused.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::Dialect;

/// Whether this dialect gives back exactly what it is given.
pub(super) fn fits(dialect: Dialect, value: &Decimal) -> bool {
    match dialect {
        Dialect::Postgres => true,
        Dialect::Sqlite => {
            let back = value.to_f64().and_then(Decimal::from_f64);
            back.is_some_and(|back| back.round_dp(value.scale()) == *value)
        }
    }
}
