//! Settings of each surface: its path prefix, the lifetimes of its log-ins, and its cookies.

use crate::diagnostic::{Problem, Sink};
use crate::entries::Entries;
use crate::keys;
use crate::names;
use crate::node::Node;
use crate::schema::{Jwt, SameSite, SessionSurface, TokenPairSurface};

use super::app::check_path;
use super::{units, uri};

pub(super) fn jwt(node: Option<&Node>, defaults: Jwt, sink: &mut Sink) -> Jwt {
    let Some(entries) = Entries::open_optional(node, &keys::JWT, sink) else {
        return defaults;
    };
    let expires = entries.get("expiresIn").and_then(|node| units::seconds(node, sink));
    let cookie = Entries::open_optional(entries.get("cookie"), &keys::JWT_COOKIE, sink);
    let same_sites = [("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)];
    let same_site = cookie.as_ref().and_then(|cookie| cookie.word("sameSite", &same_sites, sink));
    Jwt {
        expires_in_seconds: expires.unwrap_or(defaults.expires_in_seconds),
        cookie_name: cookie.and_then(|cookie| cookie_name(&cookie, "name", sink)).unwrap_or(defaults.cookie_name),
        same_site: same_site.unwrap_or(defaults.same_site),
    }
}

pub(super) fn session(node: Option<&Node>, defaults: SessionSurface, sink: &mut Sink) -> SessionSurface {
    let Some(entries) = Entries::open_optional(node, &keys::SESSION, sink) else {
        return defaults;
    };
    let idle = entries.get("idle").and_then(|node| units::seconds(node, sink));
    let absolute = entries.get("absolute").and_then(|node| units::seconds(node, sink));
    let session = SessionSurface {
        prefix: prefix(&entries, sink).unwrap_or(defaults.prefix),
        cookie: cookie_name(&entries, "cookie", sink).unwrap_or(defaults.cookie),
        idle_seconds: idle.unwrap_or(defaults.idle_seconds),
        absolute_seconds: absolute.unwrap_or(defaults.absolute_seconds),
        max_per_account: entries.u32("maxPerAccount", 1, 10_000, sink).unwrap_or(defaults.max_per_account),
    };
    if session.idle_seconds > session.absolute_seconds {
        let problem = Problem::new("invalid-bounds", entries.span, "`idle` is longer than `absolute`");
        sink.push(problem.label("a session always ends after `absolute`"));
    }
    session
}

pub(super) fn token_pair(node: Option<&Node>, defaults: TokenPairSurface, sink: &mut Sink) -> TokenPairSurface {
    let Some(entries) = Entries::open_optional(node, &keys::TOKEN_PAIR, sink) else {
        return defaults;
    };
    let access = entries.get("access").and_then(|node| units::seconds(node, sink));
    let refresh = entries.get("refresh").and_then(|node| units::seconds(node, sink));
    let pair = TokenPairSurface {
        prefix: prefix(&entries, sink).unwrap_or(defaults.prefix),
        access_seconds: access.unwrap_or(defaults.access_seconds),
        refresh_seconds: refresh.unwrap_or(defaults.refresh_seconds),
        multiple_sessions: entries.boolean("multipleSessions", sink).unwrap_or(defaults.multiple_sessions),
        redirects: entries.get("redirects").and_then(|node| redirects(node, sink)).unwrap_or(defaults.redirects),
    };
    if pair.access_seconds > pair.refresh_seconds {
        let problem = Problem::new("invalid-bounds", entries.span, "`access` is longer than `refresh`");
        sink.push(problem.label("an access token would outlive its refresh token"));
    }
    pair
}

/// Reads the redirect targets of links in e-mails. Each one must be listed in full, so that a link cannot redirect to
/// an arbitrary site.
fn redirects(node: &Node, sink: &mut Sink) -> Option<Vec<String>> {
    let mut redirects: Vec<String> = Vec::new();
    for uri in node.texts(sink)? {
        if !uri::is_redirect(&uri.value) {
            sink.push(
                Problem::new("invalid-redirect", uri.span, format!("`{}` is not a valid redirect target", uri.value))
                    .label("must be an absolute URI without `#`, of a web page or of an application")
                    .help("for example `https://example.com/verified` or `myapp://verified`"),
            );
        } else if redirects.contains(&uri.value) {
            let problem = Problem::new("duplicate-value", uri.span, "the redirect is listed twice");
            sink.push(problem.label("already listed"));
        } else {
            redirects.push(uri.value);
        }
    }
    Some(redirects)
}

fn prefix(entries: &Entries<'_>, sink: &mut Sink) -> Option<String> {
    let prefix = entries.text("prefix", sink)?;
    check_path(&prefix, sink).then_some(prefix.value)
}

fn cookie_name(entries: &Entries<'_>, key: &str, sink: &mut Sink) -> Option<String> {
    let name = entries.text(key, sink)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.value.is_empty() && name.value.len() <= names::MAX_IDENTIFIER && name.value.bytes().all(plain) {
        return Some(name.value);
    }
    let problem = Problem::new("invalid-name", name.span, format!("`{}` is not a valid cookie name", name.value));
    sink.push(problem.label("must be letters, digits, `-` and `_`, at most 63 characters"));
    None
}
