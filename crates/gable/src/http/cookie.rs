//! Cookies that contain a credential.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite as CookieSameSite};

use crate::meta::SameSite;

/// The attributes of a cookie that contains a credential. It is sent to every path, and scripts cannot read it.
pub(crate) struct CredentialCookie {
    pub(crate) name: &'static str,
    pub(crate) max_age_seconds: u64,
    pub(crate) same_site: SameSite,
    pub(crate) secure: bool,
}

impl CredentialCookie {
    /// The cookie with a credential.
    pub(crate) fn holding(&self, credential: String) -> Cookie<'static> {
        let mut cookie = self.build(credential);
        cookie.set_max_age(Duration::seconds(i64::try_from(self.max_age_seconds).unwrap_or(i64::MAX)));
        cookie
    }

    /// The cookie that makes a browser remove the one with the credential. Browsers require the same attributes for
    /// that.
    pub(crate) fn removal(&self) -> Cookie<'static> {
        let mut cookie = self.build(String::new());
        cookie.make_removal();
        cookie
    }

    fn build(&self, value: String) -> Cookie<'static> {
        Cookie::build(self.name, value)
            .http_only(true)
            .path("/")
            .same_site(match self.same_site {
                SameSite::Lax => CookieSameSite::Lax,
                SameSite::Strict => CookieSameSite::Strict,
                SameSite::None => CookieSameSite::None,
            })
            .secure(self.secure)
            .finish()
    }
}
