//! A number that is known, or that nothing exceeds.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    pub most: u64,
    /// Whether the schema and its budgets alone say that some request takes as many. Otherwise that depends on who
    /// asks, on the rows that there are or on the database.
    pub reached: bool,
}

impl Bound {
    pub const NOTHING: Bound = Bound::exactly(0);

    pub const fn exactly(most: u64) -> Self {
        Self { most, reached: true }
    }

    /// Of nothing, there is never more.
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
        bounds.fold(Bound::NOTHING, Add::add)
    }
}

/// `12`, or `<= 12`
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.reached { self.most.to_string() } else { format!("<= {}", self.most) };
        f.pad(&text)
    }
}
