//! Builds the links in mails: to the pages that `app.yaml` configures, or else to the routes of the surfaces.

use crate::meta::{AuthMeta, MailLinks, Surface};

/// The placeholder for the one-time token in a link of `app.yaml`.
const TOKEN: &str = "{token}";

/// Links that contain the placeholder `{token}`.
#[derive(Debug)]
pub(super) struct Links {
    verify_email: String,
    reset_password: String,
}

impl Links {
    pub(super) fn new(auth: &AuthMeta, own: MailLinks, public_url: &str) -> Self {
        let own_or = |own: Option<&str>, default: String| own.map_or(default, str::to_owned);
        Self {
            verify_email: own_or(own.verify_email, verify_email(auth, public_url)),
            reset_password: own_or(own.reset_password, format!("{public_url}/reset-password?token={TOKEN}")),
        }
    }

    /// The link that confirms an address. `redirect_uri` is the page that the browser is redirected to after that.
    pub(super) fn verify_email(&self, token: &str, redirect_uri: Option<&str>) -> String {
        let link = self.verify_email.replace(TOKEN, token);
        let Some(uri) = redirect_uri else { return link };
        let separator = if link.contains('?') { '&' } else { '?' };
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("redirectUri", uri).finish();
        format!("{link}{separator}{query}")
    }

    /// The link to the page that sets a new password: `redirect_uri` if the request named one, else the configured
    /// page.
    pub(super) fn reset_password(&self, token: &str, redirect_uri: Option<&str>) -> String {
        let Some(uri) = redirect_uri else { return self.reset_password.replace(TOKEN, token) };
        let separator = if uri.contains('?') { '&' } else { '?' };
        format!("{uri}{separator}reset_token={token}")
    }
}

/// The default link that verifies an address: the route of the tokenPair surface if it is mounted, which can redirect
/// the browser to a page, else the route of the session surface, which answers with JSON.
fn verify_email(auth: &AuthMeta, public_url: &str) -> String {
    if auth.surfaces.contains(&Surface::TokenPair) {
        format!("{public_url}/hook{}/verify-email/{TOKEN}", auth.token_pair.prefix)
    } else {
        format!("{public_url}{}/verify-email?token={TOKEN}", auth.session.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::AUTH;

    const NONE: MailLinks = MailLinks { verify_email: None, reset_password: None };
    const PUBLIC: &str = "https://shop.example.com/v1";

    fn links(surfaces: &'static [Surface], own: MailLinks) -> Links {
        Links::new(&AuthMeta { surfaces, ..AUTH }, own, PUBLIC)
    }

    #[test]
    fn a_link_leads_to_the_surface_that_is_mounted() {
        let pair = links(&[Surface::Jwt, Surface::Session, Surface::TokenPair], NONE);
        assert_eq!(pair.verify_email("T", None), "https://shop.example.com/v1/hook/pair/verify-email/T");
        let session = links(&[Surface::Session], NONE);
        assert_eq!(session.verify_email("T", None), "https://shop.example.com/v1/session/verify-email?token=T");
        assert_eq!(session.reset_password("T", None), "https://shop.example.com/v1/reset-password?token=T");
    }

    #[test]
    fn the_teams_own_pages_come_first() {
        let own = MailLinks {
            verify_email: Some("https://app.example.com/welcome/{token}"),
            reset_password: Some("https://app.example.com/#/reset?t={token}"),
        };
        let links = links(&[Surface::TokenPair], own);
        assert_eq!(links.verify_email("T", None), "https://app.example.com/welcome/T");
        assert_eq!(links.reset_password("T", None), "https://app.example.com/#/reset?t=T");
    }

    #[test]
    fn a_page_that_was_named_is_given_the_reset_token() {
        let links = links(&[Surface::TokenPair], NONE);
        for (uri, link) in [
            ("https://app.example.com/reset", "https://app.example.com/reset?reset_token=T"),
            ("https://app.example.com/reset?a=b", "https://app.example.com/reset?a=b&reset_token=T"),
            ("gazette://reset", "gazette://reset?reset_token=T"),
        ] {
            assert_eq!(links.reset_password("T", Some(uri)), link);
        }
    }

    #[test]
    fn a_redirect_cannot_leave_its_parameter() {
        let uri = "https://a.example/?x=1&redirectUri=evil#\r\nBcc: eve";
        let encoded = "redirectUri=https%3A%2F%2Fa.example%2F%3Fx%3D1%26redirectUri%3Devil%23%0D%0ABcc%3A+eve";
        let pair = links(&[Surface::TokenPair], NONE);
        assert_eq!(
            pair.verify_email("T", Some(uri)),
            format!("https://shop.example.com/v1/hook/pair/verify-email/T?{encoded}")
        );
        let session = links(&[Surface::Session], NONE);
        assert!(session.verify_email("T", Some(uri)).ends_with(&format!("?token=T&{encoded}")));
    }
}
