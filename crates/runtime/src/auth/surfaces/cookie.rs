//! Whether a cookie may travel without TLS, for the cookies of all surfaces.

use actix_web::{HttpMessage, HttpRequest};

use crate::http::Client;
use crate::settings::Settings;

/// How the client reaches the application. A cookie that is set over TLS is kept from travelling without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tls,
    Plain,
}

/// TLS where the public URL says so, whichever proxy ends it, or where this request came by it.
pub(super) fn transport(settings: &Settings, request: &HttpRequest) -> Transport {
    let by_tls = || request.extensions().get::<Client>().is_some_and(|client| client.tls);
    if settings.is_public_by_tls() || by_tls() { Transport::Tls } else { Transport::Plain }
}
