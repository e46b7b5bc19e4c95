//! An upper bound, either reached by some request or not known to be.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    pub most: u64,
    /// True if the schema and its limits alone imply that some request reaches the bound. Otherwise that depends on
    /// the caller, on the stored rows or on the database.
    pub reached: bool,
}

impl Bound {
    pub const ZERO: Bound = Bound::exactly(0);

    pub const fn exactly(most: u64) -> Self {
        Self { most, reached: true }
    }

    /// A bound of zero is always reached.
    pub const fn at_most(most: u64) -> Self {
        Self { most, reached: most == 0 }
    }
}

impl Add for Bound {
    type Output = Bound;

    fn add(self, other: Bound) -> Bound {
        Bound { most: self.most.saturating_add(other.most), reached: self.reached && other.reached }
    }
}

impl Sum for Bound {
    fn sum<I: Iterator<Item = Bound>>(bounds: I) -> Bound {
        bounds.fold(Bound::ZERO, Add::add)
    }
}

/// `12`, or `<= 12`
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.reached { self.most.to_string() } else { format!("<= {}", self.most) };
        f.pad(&text)
    }
}
