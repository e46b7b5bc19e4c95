//! The limit of one route, in addition to the global limit.

use std::net::Ipv4Addr;
use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::Client;
use crate::error::ApiError;
use crate::limit::{Decision, LimitKey, RateLimiter};
use crate::model::Id;

/// Kept by its route; does nothing if the route has no limit.
#[derive(Clone, Default)]
pub(crate) struct RouteLimit(Option<Arc<dyn RateLimiter>>);

impl RouteLimit {
    pub(crate) fn new(limiter: Option<Arc<dyn RateLimiter>>) -> Self {
        Self(limiter)
    }

    /// Counts one request of an account, from any address.
    ///
    /// # Errors
    /// 429, with headers that tell when to try again.
    pub(crate) async fn pass_account(&self, account: Id) -> Result<(), ApiError> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        let decision = limiter.check(&LimitKey::Account(account)).await;
        if decision.allowed { Ok(()) } else { Err(decision.refusal()) }
    }

    /// Counts one request of the client's address.
    ///
    /// # Errors
    /// 429, with headers that tell when to try again.
    pub(crate) async fn pass(&self, request: &HttpRequest) -> Result<Passed, ApiError> {
        let Some(limiter) = &self.0 else { return Ok(Passed(None)) };
        let address = request.extensions().get::<Client>().map(|client| client.address);
        let key = LimitKey::client(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()));
        let decision = limiter.check(&key).await;
        if decision.allowed { Ok(Passed(Some(decision))) } else { Err(decision.refusal()) }
    }
}

/// The remaining quota of an allowed request, for the headers of its answer.
#[derive(Debug)]
pub(crate) struct Passed(Option<Decision>);

impl Passed {
    /// Adds the headers to the answer, even to an error: after a failed log-in, the client sees this limit and not a
    /// wider one.
    pub(crate) fn announce(&self, answer: Result<HttpResponse, ApiError>) -> Result<HttpResponse, ApiError> {
        let Some(decision) = &self.0 else { return answer };
        match answer {
            Ok(mut response) => {
                decision.announce(response.headers_mut());
                Ok(response)
            }
            Err(error) => Err(decision.announce_on(error)),
        }
    }
}
