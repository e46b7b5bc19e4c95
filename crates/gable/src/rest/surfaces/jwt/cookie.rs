//! The cookie that holds the token.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite as CookieSameSite};

use crate::meta::{JwtMeta, SameSite};
use crate::rest::surfaces::cookie::Transport;

pub(super) fn carrying(token: String, meta: &JwtMeta, transport: Transport) -> Cookie<'static> {
    let seconds = i64::try_from(meta.expires_in_seconds).unwrap_or(i64::MAX);
    let mut cookie = cookie(token, meta, transport);
    cookie.set_max_age(Duration::seconds(seconds));
    cookie
}

/// The cookie that makes a browser remove the token cookie. Browsers require the same attributes for that.
pub(super) fn cleared(meta: &JwtMeta, transport: Transport) -> Cookie<'static> {
    let mut cookie = cookie(String::new(), meta, transport);
    cookie.make_removal();
    cookie
}

fn cookie(value: String, meta: &JwtMeta, transport: Transport) -> Cookie<'static> {
    Cookie::build(meta.cookie_name, value)
        .http_only(true)
        .path("/")
        .same_site(match meta.same_site {
            SameSite::Lax => CookieSameSite::Lax,
            SameSite::Strict => CookieSameSite::Strict,
            SameSite::None => CookieSameSite::None,
        })
        // Browsers refuse SameSite=None on a cookie that is not Secure.
        .secure(transport == Transport::Tls || meta.same_site == SameSite::None)
        .finish()
}
