//! The session cookie. The core removes an invalid one, on every route.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::meta::SessionMeta;
use crate::settings::{Settings, Switch};

/// The cookie for a session. It is `Secure`, unless the setting for insecure cookies is on and the public URL is not
/// `https`.
pub(crate) fn carrying(session: String, meta: &SessionMeta, settings: &Settings) -> Cookie<'static> {
    let seconds = i64::try_from(meta.absolute_seconds).unwrap_or(i64::MAX);
    let mut cookie = cookie(session, meta, settings);
    cookie.set_max_age(Duration::seconds(seconds));
    cookie
}

/// The cookie that makes a browser remove the session cookie. Browsers require the same attributes for that.
pub(crate) fn cleared(meta: &SessionMeta, settings: &Settings) -> Cookie<'static> {
    let mut cookie = cookie(String::new(), meta, settings);
    cookie.make_removal();
    cookie
}

fn cookie(value: String, meta: &SessionMeta, settings: &Settings) -> Cookie<'static> {
    Cookie::build(meta.cookie, value)
        .http_only(true)
        .secure(settings.insecure_cookies == Switch::Off || settings.is_public_by_tls())
        .same_site(SameSite::Lax)
        .path("/")
        .finish()
}
