//! What time it is. Everything that expires asks here, so that a test need not wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// The system's clock, and how far a test has put it forward. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    stopped_at: Option<DateTime<Utc>>,
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that stands until it is put forward: however slow the machine is, seconds are as long as a test says.
    pub fn stopped() -> Self {
        Self { stopped_at: Some(Utc::now()), ahead: Arc::default() }
    }

    /// The time, to the millisecond that every database keeps.
    pub fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::milliseconds(self.ahead.load(Ordering::Relaxed));
        (self.stopped_at.unwrap_or_else(Utc::now) + ahead).trunc_subsecs(3)
    }

    /// Puts the clock forward, for everybody who holds it.
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
