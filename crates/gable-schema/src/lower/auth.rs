//! `auth:` of app.yaml.

use gable_meta::limits::MAX_BCRYPT_BYTES;

use crate::diagnostic::{Problem, Sink, Span};
use crate::entries::Entries;
use crate::keys;
use crate::node::{Entry, Node, Spanned};
use crate::schema::{
    Auth, AuthMode, EmailVerification, Jwt, Lockout, Login, PasswordPolicy, RateLimit, SameSite, SessionSurface,
    Surface, TokenDelivery, TokenPairSurface, VerificationMethod,
};

use super::app::AuthDraft;
use super::mounted::{self, Mounted};
use super::{route, surfaces, units};

/// Returns the defaults for keys that `auth:` does not set, or for a missing `auth:`.
pub(crate) fn default_auth() -> Auth {
    Auth {
        mode: AuthMode::Dynamic,
        surfaces: vec![Surface::Jwt],
        default_role: None,
        login: Login { identifiers: Vec::new(), send_access_token_through: TokenDelivery::Both },
        jwt: Jwt {
            expires_in_seconds: 30 * 86_400,
            cookie_name: "arkos_access_token".to_owned(),
            same_site: SameSite::Lax,
        },
        password: PasswordPolicy {
            min: 8,
            max: MAX_BCRYPT_BYTES,
            upper: 1,
            lower: 1,
            digit: 1,
            symbol: 0,
            refuse_common: true,
        },
        lockout: Lockout { attempts: 5, for_seconds: 900 },
        email_verification: EmailVerification { required: false, method: VerificationMethod::Link },
        rate_limit: RateLimit { window_ms: 5_000, max: 10 },
        routes: Vec::new(),
        session: SessionSurface {
            prefix: "/auth".to_owned(),
            cookie: "sid".to_owned(),
            idle_seconds: 1_800,
            absolute_seconds: 7 * 86_400,
            max_per_account: 5,
        },
        token_pair: TokenPairSurface {
            prefix: "/authentication".to_owned(),
            access_seconds: 3_600,
            refresh_seconds: 7 * 86_400,
            multiple_sessions: true,
            redirects: Vec::new(),
        },
    }
}

pub(crate) fn lower_auth<'n>(entry: &'n Entry, api: &str, sink: &mut Sink) -> Option<AuthDraft<'n>> {
    if entry.node.is_null() {
        let auth = default_auth();
        let span = entry.key_span;
        return Some(AuthDraft {
            span,
            mode: None,
            default_role: None,
            allowed_usernames: None,
            mounted: Mounted::default(),
            verification: None,
            routes: Vec::new(),
            auth,
        });
    }
    let entries = Entries::open(&entry.node, &keys::AUTH, sink)?;
    let login = Entries::open_optional(entries.get("login"), &keys::LOGIN, sink);
    let mounted = mounted::mounted(entries.get("surfaces"), sink);
    let auth = lower_settings(&entries, &mounted, login.as_ref(), sink);
    mounted::check(&entries, &mounted, &auth, api, sink);
    Some(AuthDraft {
        span: entry.key_span,
        mode: mode(&entries, sink),
        default_role: default_role(&entries, sink),
        allowed_usernames: login.and_then(|login| allowed_usernames(&login, sink)),
        mounted,
        verification: verification_span(&entries, &auth),
        routes: route::lower_auth_routes(entries.get("routes"), sink),
        auth,
    })
}

fn lower_settings(entries: &Entries<'_>, mounted: &Mounted, login: Option<&Entries<'_>>, sink: &mut Sink) -> Auth {
    let defaults = default_auth();
    Auth {
        surfaces: mounted.surfaces().unwrap_or(defaults.surfaces),
        login: Login {
            send_access_token_through: login
                .and_then(|login| login.word("sendAccessTokenThrough", DELIVERIES, sink))
                .unwrap_or(defaults.login.send_access_token_through),
            ..defaults.login
        },
        jwt: surfaces::jwt(entries.get("jwt"), defaults.jwt, sink),
        password: password(entries.get("password"), defaults.password, sink),
        lockout: lockout(entries.get("lockout"), defaults.lockout, sink),
        email_verification: verification(entries.get("emailVerification"), defaults.email_verification, sink),
        rate_limit: route::rate_limit(entries.get("rateLimit"), sink).unwrap_or(defaults.rate_limit),
        routes: defaults.routes,
        session: surfaces::session(entries.get("session"), defaults.session, sink),
        token_pair: surfaces::token_pair(entries.get("tokenPair"), defaults.token_pair, sink),
        mode: defaults.mode,
        default_role: defaults.default_role,
    }
}

const DELIVERIES: &[(&str, TokenDelivery)] = &[
    ("both", TokenDelivery::Both),
    ("cookie-only", TokenDelivery::CookieOnly),
    ("response-only", TokenDelivery::ResponseOnly),
];

fn mode(entries: &Entries<'_>, sink: &mut Sink) -> Option<Spanned<AuthMode>> {
    let span = entries.get("mode")?.span;
    let value = entries.word("mode", &[("dynamic", AuthMode::Dynamic), ("static", AuthMode::Static)], sink)?;
    Some(Spanned { value, span })
}

fn default_role(entries: &Entries<'_>, sink: &mut Sink) -> Option<Spanned<String>> {
    let role = entries.text("defaultRole", sink)?;
    super::access::check_roles(std::slice::from_ref(&role), sink).then_some(role)
}

fn allowed_usernames(login: &Entries<'_>, sink: &mut Sink) -> Option<Spanned<Vec<Spanned<String>>>> {
    let node = login.get("allowedUsernames")?;
    let value = node.texts(sink)?;
    if node.list(sink)?.is_empty() {
        let problem = Problem::new("wrong-shape", node.span, "the list of identifiers is empty");
        sink.push(
            problem
                .label("nobody could log in")
                .help("remove the key to allow every unique `string` or `email` of the account"),
        );
        return None;
    }
    Some(Spanned { value, span: node.span })
}

fn password(node: Option<&Node>, defaults: PasswordPolicy, sink: &mut Sink) -> PasswordPolicy {
    let Some(entries) = Entries::open_optional(node, &keys::PASSWORD, sink) else {
        return defaults;
    };
    let mut count =
        |key: &str, least: u32, default: u32| entries.u32(key, least, MAX_BCRYPT_BYTES, sink).unwrap_or(default);
    let policy = PasswordPolicy {
        min: count("min", 1, defaults.min),
        max: count("max", 1, defaults.max),
        upper: count("upper", 0, defaults.upper),
        lower: count("lower", 0, defaults.lower),
        digit: count("digit", 0, defaults.digit),
        symbol: count("symbol", 0, defaults.symbol),
        refuse_common: entries.boolean("refuseCommon", sink).unwrap_or(defaults.refuse_common),
    };
    let classes = policy.upper + policy.lower + policy.digit + policy.symbol;
    if policy.min > policy.max || classes > policy.max {
        let problem = Problem::new("invalid-bounds", entries.span, "no password can meet these requirements");
        sink.push(problem.label(format!("a password has at most {} bytes, but more are required", policy.max)));
    }
    policy
}

fn lockout(node: Option<&Node>, defaults: Lockout, sink: &mut Sink) -> Lockout {
    let Some(entries) = Entries::open_optional(node, &keys::LOCKOUT, sink) else {
        return defaults;
    };
    let seconds = entries.get("for").and_then(|node| units::seconds(node, sink));
    Lockout {
        attempts: entries.u32("attempts", 1, 1_000, sink).unwrap_or(defaults.attempts),
        for_seconds: seconds.unwrap_or(defaults.for_seconds),
    }
}

fn verification(node: Option<&Node>, defaults: EmailVerification, sink: &mut Sink) -> EmailVerification {
    let Some(entries) = Entries::open_optional(node, &keys::EMAIL_VERIFICATION, sink) else {
        return defaults;
    };
    let methods = [("link", VerificationMethod::Link), ("code", VerificationMethod::Code)];
    EmailVerification {
        required: entries.boolean("required", sink).unwrap_or(defaults.required),
        method: entries.word("method", &methods, sink).unwrap_or(defaults.method),
    }
}

fn verification_span(entries: &Entries<'_>, auth: &Auth) -> Option<Span> {
    entries.entry("emailVerification").filter(|_| auth.email_verification.required).map(|entry| entry.key_span)
}
