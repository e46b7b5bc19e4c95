//! Limits counted in this process by the generic cell rate algorithm: up to `max` requests at once, and the quota
//! refills evenly over the window.

use std::future::{Future, ready};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::Quota;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;

use super::limiter::{Decision, LimitKey, RateLimiter};
use super::store::BoundedStore;
use crate::meta::RateLimit;

/// Maximum number of clients per limit, which takes about 10 MB.
const MOST_KEYS: usize = 100_000;

/// Number of checks between two sweeps that forget clients with a full quota. An idle server sweeps nothing.
const CHECKS_PER_SWEEP: u32 = 4096;

const LONGEST_WINDOW: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(crate) struct MemoryLimiter<C: Clock = MonotonicClock> {
    cells: governor::RateLimiter<LimitKey, BoundedStore, C, StateInformationMiddleware>,
    max: NonZeroU32,
    window: Duration,
    checks: AtomicU32,
}

impl MemoryLimiter {
    pub(crate) fn new(rule: RateLimit) -> Self {
        Self::with_clock(rule, MOST_KEYS, MonotonicClock)
    }
}

impl<C: Clock> MemoryLimiter<C> {
    fn with_clock(rule: RateLimit, most_keys: usize, clock: C) -> Self {
        // The checked schema has neither zero nor endless limits; these bounds only prevent a panic.
        let max = NonZeroU32::new(rule.max).unwrap_or(NonZeroU32::MIN);
        let window = Duration::from_millis(rule.window_ms).clamp(Duration::from_millis(1), LONGEST_WINDOW);
        let interval = (window / max.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(interval).expect("the interval is at least a nanosecond").allow_burst(max);
        let cells = governor::RateLimiter::new(quota, BoundedStore::new(most_keys), clock);
        Self { cells, max, window, checks: AtomicU32::new(0) }
    }

    fn decide(&self, key: &LimitKey) -> Decision {
        self.sweep_now_and_then();
        match self.cells.check_key(key) {
            Ok(state) => self.allowed(state.remaining_burst_capacity()),
            Err(refused) => self.refused(refused.wait_time_from(self.cells.clock().now())),
        }
    }

    fn allowed(&self, remaining: u32) -> Decision {
        let used = self.max.get().saturating_sub(remaining);
        let reset = self.window.mul_f64(f64::from(used) / f64::from(self.max.get()));
        Decision {
            allowed: true,
            limit: self.max.get(),
            window_seconds: whole_seconds(self.window),
            remaining,
            reset_seconds: whole_seconds(reset),
            retry_after_seconds: 0,
        }
    }

    fn refused(&self, wait: Duration) -> Decision {
        let seconds = whole_seconds(wait).max(1);
        Decision {
            allowed: false,
            limit: self.max.get(),
            window_seconds: whole_seconds(self.window),
            remaining: 0,
            reset_seconds: seconds,
            retry_after_seconds: seconds,
        }
    }

    fn sweep_now_and_then(&self) {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_PER_SWEEP == CHECKS_PER_SWEEP - 1 {
            self.cells.retain_recent();
        }
    }
}

impl<C: Clock + Send + Sync> RateLimiter for MemoryLimiter<C>
where
    C::Instant: Send + Sync,
{
    fn check<'a>(&'a self, key: &'a LimitKey) -> Pin<Box<dyn Future<Output = Decision> + 'a>> {
        Box::pin(ready(self.decide(key)))
    }
}

/// Rounds up: a client that returns after fewer seconds would be refused again.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1000) as u64
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const TEN_IN_FIVE_SECONDS: RateLimit = RateLimit { window_ms: 5000, max: 10 };

    fn limiter(rule: RateLimit, most_keys: usize) -> (MemoryLimiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (MemoryLimiter::with_clock(rule, most_keys, clock.clone()), clock)
    }

    fn client(number: u32) -> LimitKey {
        LimitKey::Address(std::net::Ipv4Addr::from_bits(number).into())
    }

    #[test]
    fn the_first_max_requests_pass_and_the_next_is_refused() {
        let (limiter, _) = limiter(TEN_IN_FIVE_SECONDS, 100);
        let remaining: Vec<u32> = (0..10).map(|_| limiter.decide(&client(1)).remaining).collect();
        assert_eq!(remaining, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        let refused = limiter.decide(&client(1));
        assert_eq!((refused.allowed, refused.remaining, refused.retry_after_seconds), (false, 0, 1));
        assert_eq!((refused.limit, refused.window_seconds), (10, 5));
    }

    #[test]
    fn waiting_as_told_lets_the_next_request_pass() {
        let (limiter, clock) = limiter(RateLimit { window_ms: 60_000, max: 2 }, 100);
        limiter.decide(&client(1));
        assert_eq!(limiter.decide(&client(1)).reset_seconds, 60);
        let refused = limiter.decide(&client(1));
        assert_eq!(refused.retry_after_seconds, 30);
        clock.advance(Duration::from_secs(29));
        assert!(!limiter.decide(&client(1)).allowed);
        clock.advance(Duration::from_secs(1));
        assert!(limiter.decide(&client(1)).allowed);
    }

    #[test]
    fn one_client_does_not_spend_the_quota_of_another() {
        let (limiter, _) = limiter(RateLimit { window_ms: 1000, max: 1 }, 100);
        assert!(limiter.decide(&client(1)).allowed);
        assert!(!limiter.decide(&client(1)).allowed);
        assert!(limiter.decide(&client(2)).allowed);
    }

    #[test]
    fn many_addresses_do_not_grow_the_memory_nor_open_the_limit() {
        let (limiter, _) = limiter(RateLimit { window_ms: 60_000, max: 1 }, 160);
        let passed = (0..10_000).filter(|number| limiter.decide(&client(*number)).allowed).count();
        assert!(limiter.cells.len() <= 160);
        assert!(passed <= 160 + 16, "{passed}");
    }

    #[test]
    fn a_client_that_is_known_keeps_its_own_quota_in_a_crowd() {
        let (limiter, _) = limiter(RateLimit { window_ms: 60_000, max: 2 }, 160);
        assert!(limiter.decide(&client(0)).allowed);
        for number in 1..10_000 {
            limiter.decide(&client(number));
        }
        assert!(limiter.decide(&client(0)).allowed);
    }

    #[test]
    fn clients_whose_quota_is_whole_again_are_forgotten() {
        let (limiter, clock) = limiter(RateLimit { window_ms: 1000, max: 1 }, 10_000);
        for number in 0..1000 {
            limiter.decide(&client(number));
        }
        clock.advance(Duration::from_secs(10));
        for _ in 0..CHECKS_PER_SWEEP {
            limiter.decide(&client(0));
        }
        assert_eq!(limiter.cells.len(), 1);
    }

    #[test]
    fn absurd_limits_do_not_panic() {
        for rule in [(0, 0), (1, u32::MAX), (u64::MAX, 1), (u64::MAX, u32::MAX)] {
            let (limiter, _) = limiter(RateLimit { window_ms: rule.0, max: rule.1 }, 1);
            assert!(limiter.decide(&client(1)).allowed);
        }
    }
}
