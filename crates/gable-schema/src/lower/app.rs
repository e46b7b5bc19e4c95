//! Lowers `app.yaml` and its defaults.

use gable_meta::limits::MAX_BOUND_VALUES;

use crate::diagnostic::{Problem, Sink, Span};
use crate::entries::Entries;
use crate::keys;
use crate::node::{Node, Spanned};
use crate::schema::{App, Auth, AuthMode, FilterMode, MailLinks, QueryLimits, RateLimit, Server};

use super::mounted::Mounted;
use super::route::{self, AuthRouteDraft};
use super::{auth, mail, units, uri};

const MAX_BODY: u64 = 1 << 30;
const MAX_ANSWER: u64 = 512 << 20;
/// Seconds.
const MAX_STATEMENT: u64 = 3_600;

/// The application, with `auth:` kept apart because its meaning depends on the models.
#[derive(Debug)]
pub(crate) struct AppDraft<'n> {
    pub(crate) app: App,
    pub(crate) auth: Option<AuthDraft<'n>>,
}

#[derive(Debug)]
pub(crate) struct AuthDraft<'n> {
    /// Position of `auth:`.
    pub(crate) span: Span,
    pub(crate) mode: Option<Spanned<AuthMode>>,
    pub(crate) default_role: Option<Spanned<String>>,
    pub(crate) allowed_usernames: Option<Spanned<Vec<Spanned<String>>>>,
    pub(crate) mounted: Mounted,
    /// Position of `emailVerification: { required: true }`.
    pub(crate) verification: Option<Span>,
    pub(crate) routes: Vec<AuthRouteDraft<'n>>,
    /// All other settings; `check` fills in mode, role, identifiers and routes.
    pub(crate) auth: Auth,
}

impl Default for AppDraft<'_> {
    fn default() -> Self {
        AppDraft { app: default_app(), auth: None }
    }
}

fn default_app() -> App {
    App {
        name: "API".to_owned(),
        api: "/api".to_owned(),
        server: Server { port: 8000, body_limit: 1 << 20, cors: Vec::new() },
        query: QueryLimits {
            default_limit: 30,
            max_limit: 100,
            max_filters: 20,
            max_depth: 3,
            max_bulk: 1000,
            max_nested: 1000,
            max_in: 100,
            max_included: 10_000,
            max_bytes: 8 << 20,
            statement_seconds: 5,
            filter_mode: FilterMode::And,
        },
        rate_limit: RateLimit { window_ms: 60_000, max: 1000 },
        auth: None,
        mail_from: None,
        mail_links: MailLinks::default(),
    }
}

pub(crate) fn lower_app<'n>(node: &'n Node, sink: &mut Sink) -> AppDraft<'n> {
    let Some(entries) = Entries::open(node, &keys::APP, sink) else {
        return AppDraft::default();
    };
    let app = lower_plain(&entries, sink);
    let auth = entries.entry("auth").and_then(|entry| auth::lower_auth(entry, &app.api, sink));
    AppDraft { app, auth }
}

fn lower_plain(entries: &Entries<'_>, sink: &mut Sink) -> App {
    let defaults = default_app();
    let (mail_from, mail_links) = mail::mail(entries.get("mail"), sink);
    App {
        name: name(entries, sink).unwrap_or(defaults.name),
        api: api(entries, sink).unwrap_or(defaults.api),
        server: server(entries.get("server"), defaults.server, sink),
        query: query(entries.get("query"), defaults.query, sink),
        rate_limit: route::rate_limit(entries.get("rateLimit"), sink).unwrap_or(defaults.rate_limit),
        auth: None,
        mail_from,
        mail_links,
    }
}

fn name(entries: &Entries<'_>, sink: &mut Sink) -> Option<String> {
    let name = entries.text("name", sink)?;
    if name.value.trim().is_empty() || name.value.len() > 100 || name.value.contains(['\n', '\t']) {
        let problem = Problem::new("invalid-name", name.span, "this is not a valid name of an application");
        sink.push(problem.label("must be one line of 1 to 100 bytes"));
        return None;
    }
    Some(name.value)
}

fn api(entries: &Entries<'_>, sink: &mut Sink) -> Option<String> {
    let api = entries.text("api", sink)?;
    if !check_path(&api, sink) {
        return None;
    }
    if clashing(&api.value, &["/health", "/metrics", "/hook"]) {
        sink.push(
            Problem::new("reserved-path", api.span, format!("the API cannot be served at `{}`", api.value))
                .label("the server uses this path itself"),
        );
        return None;
    }
    Some(api.value)
}

/// Returns true if `path` equals another path, or one of the two is below the other.
pub(crate) fn clashing(path: &str, others: &[&str]) -> bool {
    let under = |inner: &str, outer: &str| inner == outer || inner.starts_with(&format!("{outer}/"));
    others.iter().any(|other| under(path, other) || under(other, path))
}

/// `/api`, `/v1/api`: a leading slash, no trailing one, plain segments.
pub(crate) fn check_path(path: &Spanned<String>, sink: &mut Sink) -> bool {
    let segment = |segment: &str| {
        !segment.is_empty()
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            && !segment.bytes().all(|byte| byte == b'.')
    };
    let valid =
        path.value.len() <= 200 && path.value.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment));
    if !valid {
        sink.push(
            Problem::new("invalid-path", path.span, format!("`{}` is not a valid path", path.value))
                .label("must be a slash followed by letters, digits, `-`, `_` and `.`")
                .help("for example `/api` or `/v1/api`, without a slash at the end"),
        );
    }
    valid
}

fn server(node: Option<&Node>, defaults: Server, sink: &mut Sink) -> Server {
    let Some(entries) = Entries::open_optional(node, &keys::SERVER, sink) else {
        return defaults;
    };
    let port = entries.get("port").and_then(|node| node.integer(0, u16::MAX.into(), sink));
    let limit = entries.get("bodyLimit").and_then(|node| units::bytes(node, 1024, MAX_BODY, sink));
    Server {
        port: port.and_then(|port| u16::try_from(port).ok()).unwrap_or(defaults.port),
        body_limit: limit.unwrap_or(defaults.body_limit),
        cors: entries.get("cors").and_then(|node| cors(node, sink)).unwrap_or(defaults.cors),
    }
}

fn cors(node: &Node, sink: &mut Sink) -> Option<Vec<String>> {
    let origins = node.texts(sink)?;
    let alone = origins.len() == 1;
    for origin in &origins {
        if origin.value == "*" && !alone {
            let message = "`*` allows every origin, so the others have no effect";
            sink.push(Problem::new("invalid-origin", origin.span, message).label("must be the only origin"));
        } else if origin.value != "*" && !uri::is_origin(&origin.value) {
            let message = format!("`{}` is not an origin", origin.value);
            sink.push(
                Problem::new("invalid-origin", origin.span, message)
                    .label("must be `scheme://host` or `scheme://host:port`")
                    .help("for example `https://example.com`, without a path and without a slash at the end"),
            );
        }
    }
    Some(origins.into_iter().map(|origin| origin.value).collect())
}

fn query(node: Option<&Node>, defaults: QueryLimits, sink: &mut Sink) -> QueryLimits {
    let Some(entries) = Entries::open_optional(node, &keys::QUERY, sink) else {
        return defaults;
    };
    let max_limit = entries.u32("maxLimit", 1, 10_000, sink).unwrap_or(defaults.max_limit);
    let written = entries.u32("defaultLimit", 1, 10_000, sink);
    if let (Some(limit), Some(node)) = (written, entries.get("defaultLimit"))
        && limit > max_limit
    {
        let message = format!("`defaultLimit` is greater than `maxLimit`, which is {max_limit}");
        sink.push(Problem::new("invalid-bounds", node.span, message).label("a page cannot have this many rows"));
    }
    // SQLite limits the depth of an expression to 1000, so the number of filters stays well below.
    let max_filters = entries.u32("maxFilters", 1, 500, sink).unwrap_or(defaults.max_filters);
    let max_in = entries.u32("maxIn", 1, 1_000, sink).unwrap_or(defaults.max_in);
    if let Some(node) =
        entries.get("maxIn").or(entries.get("maxFilters")).filter(|_| max_filters * max_in > MAX_BOUND_VALUES)
    {
        let message = format!("{max_filters} filters of {max_in} values each are too many for one statement");
        let label = format!("`maxFilters` times `maxIn` may be at most {MAX_BOUND_VALUES}");
        sink.push(Problem::new("invalid-bounds", node.span, message).label(label));
    }
    let max_bytes = entries.get("maxBytes").and_then(|node| units::bytes(node, 1024, MAX_ANSWER, sink));
    let statement_seconds = entries.get("statementTimeout").and_then(|node| statement_timeout(node, sink));
    QueryLimits {
        default_limit: written.unwrap_or_else(|| defaults.default_limit.min(max_limit)),
        max_limit,
        max_filters,
        max_depth: entries.u32("maxDepth", 1, 10, sink).unwrap_or(defaults.max_depth),
        max_bulk: entries.u32("maxBulk", 1, 10_000, sink).unwrap_or(defaults.max_bulk),
        max_nested: entries.u32("maxNested", 1, 10_000, sink).unwrap_or(defaults.max_nested),
        max_in,
        // The keys of included rows are bound to one statement, and SQLite binds 32766 values at most.
        max_included: entries.u32("maxIncluded", 1, 30_000, sink).unwrap_or(defaults.max_included),
        max_bytes: max_bytes.unwrap_or(defaults.max_bytes),
        statement_seconds: statement_seconds.unwrap_or(defaults.statement_seconds),
        filter_mode: entries
            .word("filterMode", &[("AND", FilterMode::And), ("OR", FilterMode::Or)], sink)
            .unwrap_or(defaults.filter_mode),
    }
}

/// Reads a timeout in whole seconds, at most one hour.
fn statement_timeout(node: &Node, sink: &mut Sink) -> Option<u64> {
    let seconds = units::seconds(node, sink)?;
    if seconds <= MAX_STATEMENT {
        return Some(seconds);
    }
    let message = "a statement may take at most one hour";
    sink.push(Problem::new("out-of-range", node.span, message).label("must be between 1s and 1h"));
    None
}
