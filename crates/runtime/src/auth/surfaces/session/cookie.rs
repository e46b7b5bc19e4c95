//! The cookie that carries a session.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::app_meta::SessionMeta;
use crate::settings::Switch;

/// `Secure` always, as documented, but where a developer has no TLS.
pub(super) fn carrying(session: String, meta: &SessionMeta, insecure: Switch) -> Cookie<'static> {
    let seconds = i64::try_from(meta.absolute_seconds).unwrap_or(i64::MAX);
    let mut cookie = cookie(session, meta, insecure);
    cookie.set_max_age(Duration::seconds(seconds));
    cookie
}

/// A browser forgets a cookie only when it is told with the same attributes.
pub(super) fn cleared(meta: &SessionMeta, insecure: Switch) -> Cookie<'static> {
    let mut cookie = cookie(String::new(), meta, insecure);
    cookie.make_removal();
    cookie
}

fn cookie(value: String, meta: &SessionMeta, insecure: Switch) -> Cookie<'static> {
    Cookie::build(meta.cookie, value)
        .http_only(true)
        .secure(insecure == Switch::Off)
        .same_site(SameSite::Lax)
        .path("/")
        .finish()
}
