//! The keys of `app.yaml`.

use super::{AUTH_ROUTES, RATE_LIMIT, Shape, Table, key};

pub(crate) const APP: Table = Table {
    name: "app",
    noun: "key",
    keys: &[
        key("name", Shape::Text, "Name of the application."),
        key("api", Shape::Text, "Path prefix of the API (default /api)."),
        key("server", Shape::Map(&SERVER), "The HTTP server."),
        key("query", Shape::Map(&QUERY), "Limits of queries, and the default operator that joins filters."),
        key(
            "rateLimit",
            Shape::Map(&RATE_LIMIT),
            "Rate limit of all routes together (default 1000 requests in a minute).",
        ),
        key("auth", Shape::Map(&AUTH), "Accounts, log-in and roles."),
        key("mail", Shape::Map(&MAIL), "Outgoing mail."),
    ],
};

pub(crate) const SERVER: Table = Table {
    name: "server",
    noun: "key",
    keys: &[
        key("port", Shape::Integer, "Port to listen on (default 8000); the environment variable PORT overrides it."),
        key("bodyLimit", Shape::Size, "Maximum size of a request body (default 1mb)."),
        key("cors", Shape::Texts, "Origins of the web pages that may call the API."),
    ],
};

pub(crate) const QUERY: Table = Table {
    name: "query",
    noun: "key",
    keys: &[
        key("defaultLimit", Shape::Integer, "Rows of a page whose request has no `limit` (default 30)."),
        key("maxLimit", Shape::Integer, "Maximum rows of a page (default 100)."),
        key(
            "filterMode",
            Shape::Word(&["AND", "OR"]),
            "Operator that joins the filters of a list whose request has no `filterMode` (default AND).",
        ),
        key("maxFilters", Shape::Integer, "Maximum comparisons in one query (default 20)."),
        key("maxDepth", Shape::Integer, "Maximum relations in one path (default 3)."),
        key("maxBulk", Shape::Integer, "Maximum rows of one bulk operation (default 1000)."),
        key("maxNested", Shape::Integer, "Maximum rows that one body may name through relations (default 1000)."),
        key("maxIn", Shape::Integer, "Maximum values in one list of a filter (default 100)."),
        key("maxIncluded", Shape::Integer, "Maximum included rows in one answer (default 10000)."),
        key("maxBytes", Shape::Size, "Maximum size of one answer (default 8mb)."),
        key("statementTimeout", Shape::Duration, "Maximum duration of one statement (default 5s)."),
    ],
};

pub(crate) const MAIL: Table = Table {
    name: "mail",
    noun: "key",
    keys: &[
        key("from", Shape::Text, "Sender: `Name <address>`."),
        key("links", Shape::Map(&MAIL_LINKS), "Your own pages that links in mails open."),
    ],
};

pub(crate) const MAIL_LINKS: Table = Table {
    name: "mailLinks",
    noun: "key",
    keys: &[
        key(
            "verifyEmail",
            Shape::Text,
            "URL of the page that verifies an address; `{token}` is replaced by the token.",
        ),
        key(
            "resetPassword",
            Shape::Text,
            "URL of the page that asks for a new password; `{token}` is replaced by the token.",
        ),
    ],
};

pub(crate) const AUTH: Table = Table {
    name: "auth",
    noun: "key",
    keys: &[
        key(
            "mode",
            Shape::Word(&["dynamic", "static"]),
            "Whether tables (dynamic) or the YAML (static) define the permissions of roles.",
        ),
        key(
            "surfaces",
            Shape::Words(&["jwt", "session", "tokenPair"]),
            "Surfaces (wire formats of authentication) that are mounted.",
        ),
        key("defaultRole", Shape::Text, "Role of an account that signs up."),
        key("login", Shape::Map(&LOGIN), "Settings of log-ins."),
        key("jwt", Shape::Map(&JWT), "Settings of the jwt surface."),
        key("password", Shape::Map(&PASSWORD), "Requirements for passwords."),
        key("lockout", Shape::Map(&LOCKOUT), "Locking an account after failed log-ins."),
        key("emailVerification", Shape::Map(&EMAIL_VERIFICATION), "Verification of e-mail addresses."),
        key("rateLimit", Shape::Map(&RATE_LIMIT), "Rate limit of each auth operation (default 10 requests in 5 s)."),
        key("routes", Shape::Map(&AUTH_ROUTES), "Settings of each auth operation."),
        key("session", Shape::Map(&SESSION), "Settings of the session surface."),
        key("tokenPair", Shape::Map(&TOKEN_PAIR), "Settings of the tokenPair surface."),
    ],
};

pub(crate) const LOGIN: Table = Table {
    name: "login",
    noun: "key",
    keys: &[
        key("allowedUsernames", Shape::Texts, "Unique fields by which an account can log in."),
        key(
            "sendAccessTokenThrough",
            Shape::Word(&["both", "cookie-only", "response-only"]),
            "Whether a log-in returns the token as a cookie, in the response, or both (default both).",
        ),
    ],
};

pub(crate) const JWT: Table = Table {
    name: "jwt",
    noun: "key",
    keys: &[
        key("expiresIn", Shape::Duration, "Lifetime of a token (default 30d)."),
        key("cookie", Shape::Map(&JWT_COOKIE), "The cookie that contains the token."),
    ],
};

pub(crate) const JWT_COOKIE: Table = Table {
    name: "jwtCookie",
    noun: "key",
    keys: &[
        key("name", Shape::Text, "Name of the cookie (default arkos_access_token)."),
        key("sameSite", Shape::Word(&["lax", "strict", "none"]), "SameSite attribute (default lax)."),
    ],
};

pub(crate) const PASSWORD: Table = Table {
    name: "password",
    noun: "key",
    keys: &[
        key("min", Shape::Integer, "Minimum number of characters (default 8)."),
        key("max", Shape::Integer, "Maximum number of bytes (default and at most 72)."),
        key("upper", Shape::Integer, "Minimum number of upper-case letters (default 1)."),
        key("lower", Shape::Integer, "Minimum number of lower-case letters (default 1)."),
        key("digit", Shape::Integer, "Minimum number of digits (default 1)."),
        key("symbol", Shape::Integer, "Minimum number of other characters (default 0)."),
        key("refuseCommon", Shape::Boolean, "Whether well-known passwords are refused (default true)."),
    ],
};

pub(crate) const LOCKOUT: Table = Table {
    name: "lockout",
    noun: "key",
    keys: &[
        key("attempts", Shape::Integer, "Failed log-ins after which an account is locked (default 5)."),
        key("for", Shape::Duration, "Duration of the lock (default 15m)."),
    ],
};

pub(crate) const EMAIL_VERIFICATION: Table = Table {
    name: "emailVerification",
    noun: "key",
    keys: &[
        key(
            "required",
            Shape::Boolean,
            "Whether an account can log in only after its address is verified (default false).",
        ),
        key("method", Shape::Word(&["link", "code"]), "Whether the mail contains a link or a code (default link)."),
    ],
};

pub(crate) const SESSION: Table = Table {
    name: "session",
    noun: "key",
    keys: &[
        key("prefix", Shape::Text, "Path prefix of the surface (default /auth)."),
        key("cookie", Shape::Text, "Name of the cookie (default sid)."),
        key("idle", Shape::Duration, "Lifetime of a session without use (default 30m)."),
        key("absolute", Shape::Duration, "Maximum lifetime of a session (default 7d)."),
        key("maxPerAccount", Shape::Integer, "Maximum sessions of one account (default 5)."),
    ],
};

pub(crate) const TOKEN_PAIR: Table = Table {
    name: "tokenPair",
    noun: "key",
    keys: &[
        key("prefix", Shape::Text, "Path prefix of the surface (default /authentication)."),
        key("access", Shape::Duration, "Lifetime of an access token (default 1h)."),
        key("refresh", Shape::Duration, "Lifetime of a refresh token (default 7d)."),
        key("multipleSessions", Shape::Boolean, "Whether earlier log-ins stay valid after a new one (default true)."),
        key(
            "redirects",
            Shape::Texts,
            "Pages that links in mails may redirect to; the first is the default after verification.",
        ),
    ],
};
