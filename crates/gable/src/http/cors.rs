//! CORS: the web pages that may call the API from a browser.

use actix_cors::Cors;
use actix_web::http::Method;

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::PUT, Method::DELETE, Method::OPTIONS];

/// Response headers that scripts may read.
const EXPOSED: [&str; 7] =
    ["ETag", "Idempotent-Replayed", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"];

/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: usize = 3600;

/// Allows listed origins to send cookies, but never `*`: any page could then act for a logged-in account.
pub(crate) fn cors(origins: &[&str]) -> Cors {
    let cors = Cors::default().allowed_methods(METHODS).allow_any_header().expose_headers(EXPOSED).max_age(MAX_AGE);
    if origins.contains(&"*") {
        return cors.allow_any_origin().send_wildcard();
    }
    origins.iter().fold(cors.supports_credentials(), |cors, origin| cors.allowed_origin(origin))
}
