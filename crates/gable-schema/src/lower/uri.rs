//! URI checks (RFC 3986), strict enough to catch typing errors and dangerous schemes.

use std::net::Ipv6Addr;

const LONGEST: usize = 2_000;

/// Schemes that run code or read data in the browser instead of opening another site.
const LOCAL_SCHEMES: &[&str] =
    &["about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source"];

/// Accepts the form that browsers send in `Origin`: `scheme://host[:port]`, in lower case.
pub(super) fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let (host, port) = rest.rsplit_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    let host_ok = is_name(host) && !host.contains(|c: char| c.is_ascii_uppercase());
    scheme_ok && host_ok && port.is_none_or(is_port)
}

/// Accepts an absolute http or https URL without user information: `user@` before the host can disguise the real
/// host.
pub(super) fn is_web(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    is_web_scheme(scheme) && is_authority(authority) && is_tail(tail) && text.len() <= LONGEST
}

/// Accepts a redirect target: a web URL, or a custom scheme of an application (RFC 8252, section 7.1). A fragment is
/// refused because query parameters are appended to the target.
pub(super) fn is_redirect(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    if text.contains('#') {
        return false;
    }
    let foreign = is_scheme(scheme) && !is_web_scheme(scheme) && !is_local(scheme);
    is_web(text) || (foreign && !rest.is_empty() && is_tail(rest) && text.len() <= LONGEST)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_web_scheme(scheme: &str) -> bool {
    ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
}

fn is_local(scheme: &str) -> bool {
    LOCAL_SCHEMES.iter().any(|local| scheme.eq_ignore_ascii_case(local))
}

/// Accepts `host[:port]`, where the host is a name, an IPv4 address, or an IPv6 address in brackets.
fn is_authority(authority: &str) -> bool {
    if let Some((address, port)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = port.strip_prefix(':');
        let ends = authority.ends_with(']');
        return address.parse::<Ipv6Addr>().is_ok() && (ends || port.is_some_and(is_port));
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    is_name(host) && port.is_none_or(is_port)
}

fn is_name(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Accepts path, query and fragment: characters that RFC 3986 allows there and complete percent escapes.
fn is_tail(tail: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    let mut escapes = tail.split('%').skip(1);
    let whole = escapes.all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()));
    tail.bytes().all(plain) && whole && tail.matches('#').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::{is_origin, is_redirect, is_web};

    #[test]
    fn a_redirect_leads_elsewhere() {
        for place in [
            "https://example.com/verified",
            "http://localhost:3000",
            "HTTPS://Example.com/?a=%2F",
            "myapp://verified",
            "com.example.app:///verified",
        ] {
            assert!(is_redirect(place), "{place}");
        }
    }

    #[test]
    fn a_redirect_is_neither_a_program_nor_another_host_in_disguise() {
        for trap in [
            "javascript://example.com/%0aalert(1)",
            "JavaScript://x",
            "data://text/html,x",
            "vbscript://x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://example.com@evil.example/",
            "https://example.com\\@evil.example/",
            "https://example.com:80@evil.example/",
            "//evil.example",
            "/verified",
            "https:///verified",
            "https://",
            "myapp://",
            "1app://x",
            "://x",
            "https://example.com/#verified",
            "https://example.com/\r\nSet-Cookie: a=b",
            "https://example.com/ä",
            "https://example.com/%2",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://[::g]/",
            "https://[::1]x/",
        ] {
            assert!(!is_redirect(trap), "{trap}");
        }
    }

    #[test]
    fn an_address_in_brackets_is_a_host() {
        assert!(is_web("http://[::1]:8000/x#y"));
        assert!(!is_web("http://[::1]8000/"));
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(is_origin("http://localhost:5173"));
        for wrong in ["http://localhost:5173/", "localhost", "http://LOCALHOST", "http://:80", "http://a:0"] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }
}
