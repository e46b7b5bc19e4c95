//! The interface of a limiter: the key of a client, and the decision about a request.

use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{ApiError, ErrorKind};
use crate::model::Id;

/// The key that requests are counted under. It never comes from a body, whose sender could use up another client's
/// quota or avoid its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LimitKey {
    Address(IpAddr),
    Account(Id),
}

/// A limit that counts the requests of each key.
pub(crate) trait RateLimiter: Send + Sync {
    /// Counts one request and decides whether it is allowed.
    fn check<'a>(&'a self, key: &'a LimitKey) -> Pin<Box<dyn Future<Output = Decision> + 'a>>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    pub(crate) limit: u32,
    pub(crate) window_seconds: u64,
    pub(crate) remaining: u32,
    /// Seconds until the whole quota is available; after a refusal, until one request is.
    pub(crate) reset_seconds: u64,
    /// 0 if allowed.
    pub(crate) retry_after_seconds: u64,
}

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

impl LimitKey {
    /// Returns the key of an address. An IPv6 customer usually has a /64, so all its addresses count as one client.
    pub(crate) fn client(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
            address => address,
        })
    }
}

impl Decision {
    /// Sets `RateLimit` and `RateLimit-Policy`, in the format of draft-ietf-httpapi-ratelimit-headers-07, unless a
    /// narrower limit has set them.
    pub(crate) fn announce(&self, headers: &mut HeaderMap) {
        if headers.contains_key(RATE_LIMIT) {
            return;
        }
        for (name, text) in [(RATE_LIMIT, self.state()), (RATE_LIMIT_POLICY, self.policy())] {
            let value = HeaderValue::try_from(text).expect("numbers and punctuation are a header value");
            headers.insert(name, value);
        }
    }

    /// Returns the 429 with its headers.
    pub(crate) fn refusal(&self) -> ApiError {
        let refusal =
            ApiError::of(ErrorKind::TooManyRequests, "TooManyRequests", "Too many requests, please try again later");
        self.announce_on(refusal.with_header("Retry-After", self.retry_after_seconds.to_string()))
    }

    /// Adds the two headers to an error, unless the limit that refused has set them.
    pub(crate) fn announce_on(&self, error: ApiError) -> ApiError {
        if error.headers().iter().any(|(name, _)| *name == "RateLimit") {
            return error;
        }
        error.with_header("RateLimit", self.state()).with_header("RateLimit-Policy", self.policy())
    }

    fn state(&self) -> String {
        format!("limit={}, remaining={}, reset={}", self.limit, self.remaining, self.reset_seconds)
    }

    fn policy(&self) -> String {
        format!("{};w={}", self.limit, self.window_seconds)
    }
}
