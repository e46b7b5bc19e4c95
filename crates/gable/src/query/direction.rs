//! The direction of a sort.

/// The direction of a sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the lowest value to the highest.
    Ascending,
    /// From the highest value to the lowest.
    Descending,
}
