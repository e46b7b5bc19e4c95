//! The current time. Everything that expires uses this clock, so that tests do not have to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// The system's clock, plus an offset that tests can advance. Clones share the offset.
///
/// ```
/// use std::time::Duration;
///
/// use gable::Clock;
///
/// let clock = Clock::stopped();
/// let before = clock.now();
/// clock.clone().advance(Duration::from_secs(60));
/// assert_eq!((clock.now() - before).num_seconds(), 60);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock {
    stopped_at: Option<DateTime<Utc>>,
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Creates a clock that only moves when it is advanced, so that the speed of the machine does not affect a test.
    pub fn stopped() -> Self {
        Self { stopped_at: Some(Utc::now()), ahead: Arc::default() }
    }

    /// Returns the current time, truncated to milliseconds, the precision that every database stores.
    pub fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::milliseconds(self.ahead.load(Ordering::Relaxed));
        (self.stopped_at.unwrap_or_else(Utc::now) + ahead).trunc_subsecs(3)
    }

    /// Advances this clock and all its clones.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(by, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_by_what_it_is_put_forward_and_by_nothing_else() {
        let clock = Clock::stopped();
        let (before, same) = (clock.now(), clock.clone());
        clock.advance(Duration::from_millis(10_001));
        assert_eq!(same.now() - before, TimeDelta::milliseconds(10_001));
        assert_eq!(same.now(), clock.now());
    }
}
