//! Whether another site makes a browser send this request: then a cookie that comes along proves nothing about what its
//! owner wanted.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};

/// Fetch Metadata, <https://www.w3.org/TR/fetch-metadata/>
const FETCH_SITE: &str = "Sec-Fetch-Site";

/// True when a browser says that the request was made by a page of another origin, and that origin is not in `trusted`.
/// Clients that are no browsers send neither header and pass: nobody can make them carry another's cookie.
pub(crate) fn is_cross_site<'t>(request: &HttpRequest, trusted: impl IntoIterator<Item = &'t str>) -> bool {
    let headers = request.headers();
    let Some(origin) = headers.get(ORIGIN) else { return text(headers, FETCH_SITE) == Some("cross-site") };
    // An origin that is no text, or that the browser keeps to itself (`null`), is somebody else's.
    let Ok(origin) = origin.to_str() else { return true };
    let own = request.uri().authority().map(|authority| authority.as_str()).or_else(|| text(headers, HOST.as_str()));
    let is_own =
        origin.split_once("://").is_some_and(|(_, host)| own.is_some_and(|own| host.eq_ignore_ascii_case(own)));
    !is_own && !trusted.into_iter().any(|trusted| trusted.eq_ignore_ascii_case(origin))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const TRUSTED: [&str; 1] = ["https://shop.example.com"];

    #[track_caller]
    fn asked(headers: &[(&str, &str)], expected: bool) {
        let mut request = TestRequest::post().uri("/auth/login").insert_header(("Host", "api.example.com"));
        for header in headers {
            request = request.insert_header(*header);
        }
        assert_eq!(is_cross_site(&request.to_http_request(), TRUSTED), expected, "{headers:?}");
    }

    #[test]
    fn a_client_that_is_no_browser_passes() {
        asked(&[], false);
    }

    #[test]
    fn the_own_origin_and_trusted_ones_pass() {
        asked(&[("Origin", "https://api.example.com")], false);
        asked(&[("Origin", "https://API.example.com"), ("Sec-Fetch-Site", "same-origin")], false);
        asked(&[("Origin", "https://shop.example.com"), ("Sec-Fetch-Site", "cross-site")], false);
        asked(&[("Sec-Fetch-Site", "none")], false);
    }

    #[test]
    fn every_other_origin_is_another_site() {
        let others = ["https://evil.example", "https://evil.example.com", "null", "", "https://api.example.com:8443"];
        for other in others {
            asked(&[("Origin", other)], true);
        }
        asked(&[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")], true);
        asked(&[("Sec-Fetch-Site", "cross-site")], true);
    }
}
