//! Detects requests that another site makes a browser send: their cookies do not prove that the account's owner
//! wanted them.

use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::{HttpMessage, HttpRequest};

use super::client_address::Client;

/// Fetch Metadata, <https://www.w3.org/TR/fetch-metadata/>
const FETCH_SITE: &str = "Sec-Fetch-Site";

/// Returns true if a browser reports that a page of another origin made the request, and that origin is neither the
/// application's `public` one nor in `trusted`. Clients other than browsers send neither header and pass: no other
/// site can make them send an account's cookie.
pub(crate) fn is_cross_site<'t>(
    request: &HttpRequest,
    public: Option<&str>,
    trusted: impl IntoIterator<Item = &'t str>,
) -> bool {
    let headers = request.headers();
    let Some(origin) = headers.get(ORIGIN) else { return text(headers, FETCH_SITE) == Some("cross-site") };
    // An origin that is not text, or that the browser withholds (`null`), counts as another site.
    let Ok(origin) = origin.to_str() else { return true };
    let is_it = |known: &str| known.eq_ignore_ascii_case(origin);
    !public.is_some_and(is_it) && !trusted.into_iter().any(is_it) && !is_own(request, public, origin)
}

/// Returns true if a page of this host made the request. A page loaded without TLS could have been modified on its
/// way, so it is refused if the application is reached by TLS. An unknown proxy may terminate TLS without saying so,
/// so an `https` origin is always accepted.
fn is_own(request: &HttpRequest, public: Option<&str>, origin: &str) -> bool {
    let own = request.uri().authority().map(|authority| authority.as_str());
    let own = own.or_else(|| text(request.headers(), HOST.as_str()));
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    let by_tls = request.extensions().get::<Client>().is_some_and(|client| client.tls)
        || public.is_some_and(|public| public.starts_with("https://"));
    let scheme_fits = scheme == "https" || (scheme == "http" && !by_tls);
    scheme_fits && own.is_some_and(|own| host.eq_ignore_ascii_case(own))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const TRUSTED: [&str; 1] = ["https://shop.example.com"];

    /// How clients reach the application.
    struct Reached {
        public: Option<&'static str>,
        tls: bool,
    }

    const PLAIN: Reached = Reached { public: None, tls: false };

    impl Reached {
        #[track_caller]
        fn check(&self, headers: &[(&str, &str)], expected: bool) {
            let mut request = TestRequest::post().uri("/auth/login").insert_header(("Host", "api.example.com"));
            for header in headers {
                request = request.insert_header(*header);
            }
            let request = request.to_http_request();
            let address = std::net::Ipv4Addr::LOCALHOST.into();
            request.extensions_mut().insert(Client { address, tls: self.tls });
            assert_eq!(is_cross_site(&request, self.public, TRUSTED), expected, "{headers:?}");
        }
    }

    #[track_caller]
    fn check(headers: &[(&str, &str)], expected: bool) {
        PLAIN.check(headers, expected);
    }

    #[test]
    fn a_page_without_tls_is_another_site_where_the_application_is_reached_by_tls() {
        let (http, https) = ([("Origin", "http://api.example.com")], [("Origin", "https://api.example.com")]);
        PLAIN.check(&http, false);
        let public = Some("https://www.example.com");
        for by_tls in [Reached { tls: true, ..PLAIN }, Reached { public, ..PLAIN }, Reached { public, tls: true }] {
            by_tls.check(&http, true);
            by_tls.check(&https, false);
        }
        let http_only = Reached { public: Some("http://api.example.com"), tls: false };
        http_only.check(&http, false);
    }

    #[test]
    fn a_proxy_that_ends_tls_unnamed_keeps_no_page_of_the_application_out() {
        PLAIN.check(&[("Origin", "https://api.example.com")], false);
        let named = Reached { public: Some("https://www.example.com"), ..PLAIN };
        named.check(&[("Origin", "https://www.example.com")], false);
        named.check(&[("Origin", "http://www.example.com")], true);
    }

    #[test]
    fn no_other_scheme_is_the_applications_own() {
        for scheme in ["ftp", "file", "chrome-extension", "HTTP", ""] {
            check(&[("Origin", &format!("{scheme}://api.example.com"))], true);
        }
    }

    #[test]
    fn a_client_that_is_no_browser_passes() {
        check(&[], false);
    }

    #[test]
    fn the_own_origin_and_trusted_ones_pass() {
        check(&[("Origin", "https://api.example.com")], false);
        check(&[("Origin", "https://API.example.com"), ("Sec-Fetch-Site", "same-origin")], false);
        check(&[("Origin", "https://shop.example.com"), ("Sec-Fetch-Site", "cross-site")], false);
        check(&[("Sec-Fetch-Site", "none")], false);
    }

    #[test]
    fn every_other_origin_is_another_site() {
        let others = ["https://evil.example", "https://evil.example.com", "null", "", "https://api.example.com:8443"];
        for other in others {
            check(&[("Origin", other)], true);
        }
        check(&[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")], true);
        check(&[("Sec-Fetch-Site", "cross-site")], true);
    }
}
