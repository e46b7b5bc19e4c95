//! The cookie that carries a session. The core clears it where it opens nothing, on whatever route.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::app_meta::SessionMeta;
use crate::settings::{Settings, Switch};

/// `Secure`, unless a developer has said that browsers come on plain `http`, and the public URL does not say otherwise.
pub(crate) fn carrying(session: String, meta: &SessionMeta, settings: &Settings) -> Cookie<'static> {
    let seconds = i64::try_from(meta.absolute_seconds).unwrap_or(i64::MAX);
    let mut cookie = cookie(session, meta, settings);
    cookie.set_max_age(Duration::seconds(seconds));
    cookie
}

/// A browser forgets a cookie only when it is told with the same attributes.
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
