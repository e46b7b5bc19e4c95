//! Rate limits per client or account, counted within this process. `RateLimiter` is the interface for a shared store.

mod limiter;
mod memory;
mod store;

use std::collections::HashMap;
use std::sync::Arc;

use crate::meta::RateLimit;

pub(crate) use limiter::{Decision, LimitKey, RateLimiter};
use memory::MemoryLimiter;

/// All limits of the application. Created once and shared by all workers; otherwise each worker would count
/// separately.
pub(crate) struct RateLimits {
    /// `None` if limits are off.
    limiters: Option<Limiters>,
}

struct Limiters {
    global: Arc<dyn RateLimiter>,
    named: HashMap<String, Arc<dyn RateLimiter>>,
}

impl RateLimits {
    pub(crate) fn off() -> Self {
        Self { limiters: None }
    }

    /// Creates limits that this process counts.
    pub(crate) fn in_process(global: RateLimit) -> Self {
        let global = Arc::new(MemoryLimiter::new(global));
        Self { limiters: Some(Limiters { global, named: HashMap::new() }) }
    }

    /// Adds a limit for the routes with this name, such as `posts.createOne`.
    #[must_use]
    pub(crate) fn with(mut self, name: impl Into<String>, rule: RateLimit) -> Self {
        if let Some(limiters) = &mut self.limiters {
            limiters.named.insert(name.into(), Arc::new(MemoryLimiter::new(rule)));
        }
        self
    }

    /// Counts a request towards the global limit; `None` if limits are off.
    pub(crate) async fn check_global(&self, key: &LimitKey) -> Option<Decision> {
        Some(self.limiters.as_ref()?.global.check(key).await)
    }

    /// Returns the limiter with a name, which its route keeps; `None` if limits are off or the name is unknown.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<dyn RateLimiter>> {
        self.limiters.as_ref()?.named.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;

    const ONE_A_MINUTE: RateLimit = RateLimit { window_ms: 60_000, max: 1 };

    fn client(address: &str) -> LimitKey {
        LimitKey::client(address.parse().expect("an address"))
    }

    #[test]
    fn ipv6_clients_of_one_64_share_a_key_and_ipv4_clients_do_not() {
        assert_eq!(client("2001:db8:1:2:3::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
    }

    #[actix_web::test]
    async fn limits_that_are_off_let_everything_pass() {
        let limits = RateLimits::off().with("login", ONE_A_MINUTE);
        assert_eq!(limits.check_global(&client("192.0.2.1")).await, None);
        assert!(limits.named("login").is_none());
    }

    #[actix_web::test]
    async fn a_named_limit_counts_apart_from_the_global_one() {
        let limits = RateLimits::in_process(ONE_A_MINUTE).with("login", ONE_A_MINUTE);
        let key = client("192.0.2.1");
        assert!(limits.check_global(&key).await.expect("on").allowed);
        let login = limits.named("login").expect("a limit");
        assert!(login.check(&key).await.allowed);
        assert!(!login.check(&key).await.allowed);
    }

    #[test]
    fn a_refusal_tells_when_to_come_back_in_the_form_of_draft_7() {
        let decision = Decision {
            allowed: false,
            limit: 10,
            window_seconds: 5,
            remaining: 0,
            reset_seconds: 1,
            retry_after_seconds: 1,
        };
        let error = decision.refusal();
        assert_eq!((error.status(), error.code()), (429, "TooManyRequests"));
        let headers: HashMap<_, _> = error.headers().iter().cloned().collect();
        assert_eq!(headers["Retry-After"], "1");
        assert_eq!(headers["RateLimit"], "limit=10, remaining=0, reset=1");
        assert_eq!(headers["RateLimit-Policy"], "10;w=5");
    }

    #[test]
    fn a_narrower_limit_keeps_its_headers() {
        let decision = |limit| Decision {
            allowed: true,
            limit,
            window_seconds: 60,
            remaining: 1,
            reset_seconds: 1,
            retry_after_seconds: 0,
        };
        let mut headers = HeaderMap::new();
        decision(10).announce(&mut headers);
        decision(300).announce(&mut headers);
        assert_eq!(headers.get("RateLimit-Policy").expect("a policy"), "10;w=60");
    }
}
