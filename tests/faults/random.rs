//! Random numbers without a dependency.

use std::hash::{BuildHasher, RandomState};

/// A random number below `bound`.
pub(crate) fn below(bound: u64) -> u64 {
    RandomState::new().hash_one(bound) % bound
}
