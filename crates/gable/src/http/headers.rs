//! Security headers, which every answer has, including errors.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Defaults that a page of the application, such as its documentation, may override.
const UNLESS_SET: [(HeaderName, &str); 4] = [
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
];

/// One year. Without `includeSubDomains`, because an API cannot decide for other hosts of its domain.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Sets the security headers. `tls` is true if the client's own connection is encrypted; browsers ignore HSTS over
/// plain HTTP.
pub(crate) fn secure(headers: &mut HeaderMap, tls: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in UNLESS_SET {
        set_unless_set(headers, name, HeaderValue::from_static(value));
    }
    if is_json(headers) {
        set_unless_set(headers, CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if tls {
        set_unless_set(headers, STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

fn set_unless_set(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let essence =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence == "application/json" || essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secured(given: &[(HeaderName, &'static str)], tls: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        secure(&mut headers, tls);
        headers
    }

    #[test]
    fn an_answer_without_headers_gets_all_of_them() {
        let headers = secured(&[], false);
        assert_eq!(headers.get(X_CONTENT_TYPE_OPTIONS).expect("set"), "nosniff");
        assert!(UNLESS_SET.iter().all(|(name, value)| headers.get(name).is_some_and(|set| set == value)));
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_page_keeps_the_policy_it_set_for_itself() {
        let headers = secured(&[(CONTENT_SECURITY_POLICY, "default-src 'self'")], false);
        assert_eq!(headers.get(CONTENT_SECURITY_POLICY).expect("set"), "default-src 'self'");
    }

    #[test]
    fn json_is_not_cached_unless_it_says_so() {
        assert_eq!(secured(&[(CONTENT_TYPE, "application/json")], false).get(CACHE_CONTROL).expect("set"), "no-store");
        let set = secured(&[(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "max-age=60")], false);
        assert_eq!(set.get(CACHE_CONTROL).expect("set"), "max-age=60");
        assert!(!secured(&[(CONTENT_TYPE, "text/html")], false).contains_key(CACHE_CONTROL));
    }

    #[test]
    fn only_an_encrypted_connection_is_told_to_stay_encrypted() {
        assert_eq!(secured(&[], true).get(STRICT_TRANSPORT_SECURITY).expect("set"), HSTS);
    }
}
