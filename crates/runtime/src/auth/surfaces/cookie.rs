//! What the cookies of all surfaces have to know of the request.

use actix_web::{HttpMessage, HttpRequest};

use crate::http::Client;

/// Whether the request came over TLS; a cookie is then kept from travelling without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tls,
    Plain,
}

pub(super) fn transport(request: &HttpRequest) -> Transport {
    match request.extensions().get::<Client>() {
        Some(client) if client.tls => Transport::Tls,
        _ => Transport::Plain,
    }
}
