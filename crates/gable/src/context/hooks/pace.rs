//! Notes when the interceptors of an operation took long, for example because they called another service.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An interceptor that takes longer makes other writes wait if they share its transaction.
const SLOW: Duration = Duration::from_millis(5);
/// How long interceptors are taken to be slow after they were.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);

/// When interceptors were slow the last time, in milliseconds of `now`; zero if never.
#[derive(Default)]
pub(super) struct Pace(AtomicU64);

impl Pace {
    /// Notes how long an interceptor took.
    pub(super) fn note(&self, took: Duration) {
        if took >= SLOW {
            self.0.store(now().max(1), Ordering::Relaxed);
        }
    }

    pub(super) fn was_slow(&self) -> bool {
        let noted = self.0.load(Ordering::Relaxed);
        noted > 0 && u128::from(now() - noted.min(now())) < REMEMBERED_FOR.as_millis()
    }
}

/// Milliseconds since the first call.
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis().try_into().unwrap_or(u64::MAX)
}
