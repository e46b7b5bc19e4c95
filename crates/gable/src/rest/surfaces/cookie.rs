//! Determines whether the client uses TLS, and so whether a cookie is set as `Secure`.

use actix_web::{HttpMessage, HttpRequest};

use crate::http::Client;
use crate::settings::Settings;

/// How the client reaches the application. A cookie that is set over TLS is `Secure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tls,
    Plain,
}

/// TLS if the public URL is `https`, whichever proxy terminates it, or if this request used TLS.
pub(super) fn transport(settings: &Settings, request: &HttpRequest) -> Transport {
    let by_tls = || request.extensions().get::<Client>().is_some_and(|client| client.tls);
    if settings.is_public_by_tls() || by_tls() { Transport::Tls } else { Transport::Plain }
}
