//! Notes whether the writes of an operation take long inside their transaction, for example because an interceptor calls
//! another service. Such a write makes others wait if they share its transaction.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::db::Sharing;

/// A write that takes longer is slow.
const SLOW: Duration = Duration::from_millis(20);
/// How much a slow write adds to the score; one that is not slow subtracts one.
const PER_SLOW_WRITE: u8 = 3;
/// From this score on, writes do not share a transaction.
const ALONE_FROM: u8 = 5;
const MAX_SCORE: u8 = 20;

#[derive(Debug, Default)]
pub(super) struct Pace {
    score: Cell<u8>,
}

impl Pace {
    /// Whether the next write may share its transaction.
    pub(super) fn sharing(&self) -> Sharing {
        if self.score.get() < ALONE_FROM { Sharing::Shared } else { Sharing::Alone }
    }

    /// Measures a write until the result is dropped.
    pub(super) fn measure(&self) -> Measuring<'_> {
        Measuring { pace: self, since: Instant::now() }
    }

    fn note(&self, took: Duration) {
        let score = self.score.get();
        self.score.set(match took >= SLOW {
            true => (score + PER_SLOW_WRITE).min(MAX_SCORE),
            false => score.saturating_sub(1),
        });
    }
}

/// A write that is under way, also one whose client hangs up.
pub(super) struct Measuring<'p> {
    pace: &'p Pace,
    since: Instant,
}

impl Drop for Measuring<'_> {
    fn drop(&mut self) {
        self.pace.note(self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_is_often_slow_is_not_shared_until_it_is_fast_again() {
        let pace = Pace::default();
        let (fast, slow) = (Duration::from_micros(60), Duration::from_secs(1));
        pace.note(slow);
        assert_eq!(pace.sharing(), Sharing::Shared, "a single slow write may be chance");
        pace.note(fast);
        pace.note(slow);
        assert_eq!(pace.sharing(), Sharing::Alone);
        (0..100).for_each(|_| pace.note(slow));
        (0..20).for_each(|_| pace.note(fast));
        assert_eq!(pace.sharing(), Sharing::Shared);
    }
}
