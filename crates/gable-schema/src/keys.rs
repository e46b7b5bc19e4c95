//! All keys of the schema language. The reader refuses keys that are not in these tables, and the JSON Schema for
//! editors is printed from them, so the two cannot differ.

/// The keys of one map of the language.
#[derive(Debug)]
pub(crate) struct Table {
    /// Name of the definition in the JSON Schema.
    pub(crate) name: &'static str,
    /// The noun for a key in messages: `key`, `operation`.
    pub(crate) noun: &'static str,
    pub(crate) keys: &'static [Key],
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) about: &'static str,
    pub(crate) required: bool,
}

/// The kind of value that a key takes.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    Boolean,
    Integer,
    Number,
    /// `15m`
    Duration,
    /// `1mb` or bytes
    Size,
    Any,
    Texts,
    TextLists,
    Word(&'static [&'static str]),
    Words(&'static [&'static str]),
    Map(&'static Table),
    /// JSON name to field
    Fields,
    /// JSON name to relation
    Relations,
    /// action to rule or rules
    Actions,
    /// key of a body to its rule
    BodyRules,
    /// `public`, `authenticated`, or a list of roles
    Who,
    /// a list of names, or one text with commas
    Names,
}

const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, about, required: false }
}

const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, about, required: true }
}

pub(crate) const TYPES: &[&str] = &[
    "string", "text", "email", "url", "password", "integer", "bigint", "float", "decimal", "boolean", "date", "time",
    "datetime", "uuid", "json", "enum", "enum[]",
];

pub(crate) const MODEL: Table = Table {
    name: "model",
    noun: "key",
    keys: &[
        required("model", Shape::Text, "Name in PascalCase, from which table, path and resource are derived."),
        key("description", Shape::Text, "Description of the model."),
        key(
            "id",
            Shape::Word(&["uuid", "integer"]),
            "Type of the id: a UUID v7 (the default), or an integer from a sequence.",
        ),
        key("timestamps", Shape::Boolean, "Whether rows have createdAt and updatedAt (default true)."),
        key(
            "softDelete",
            Shape::Boolean,
            "Whether deleted rows are hidden instead of removed; adds deletedAt and the action Restore.",
        ),
        key("account", Shape::Boolean, "Whether people log in as rows of this model; only one model can have this."),
        key("fields", Shape::Fields, "The fields, by their JSON names."),
        key("relations", Shape::Relations, "The relations, by their JSON names."),
        key("indexes", Shape::TextLists, "Indexes over several fields."),
        key("unique", Shape::TextLists, "Combinations of fields whose values no two rows may share."),
        key(
            "access",
            Shape::Actions,
            "Access rules by action; without a rule, only super users may perform an action.",
        ),
        key("routes", Shape::Map(&MODEL_ROUTES), "Settings of each route, by operation."),
    ],
};

pub(crate) const FIELD: Table = Table {
    name: "field",
    noun: "attribute",
    keys: &[
        required("type", Shape::Word(TYPES), "The type; a `?` after it makes the field optional."),
        key("optional", Shape::Boolean, "Whether the field may be null; the long form of `?`."),
        key(
            "default",
            Shape::Any,
            "Value of the field if a body does not contain it; the server generates `now` and `uuid`.",
        ),
        key("unique", Shape::Boolean, "Whether no two rows may have the same value."),
        key("index", Shape::Boolean, "Whether the field has an index."),
        key("description", Shape::Text, "Description of the field."),
        key("example", Shape::Any, "An example for the documentation of the API."),
        key("private", Shape::Boolean, "Whether the field is hidden: no request can read, set or filter by it."),
        key("readOnly", Shape::Boolean, "Whether only the server and interceptors can set the field."),
        key("immutable", Shape::Boolean, "Whether the field can be set only when a row is created."),
        key("access", Shape::Map(&FIELD_ACCESS), "Roles that may read or write this field."),
        key("renamedFrom", Shape::Text, "The former name of the field; has no effect yet."),
        key("min", Shape::Number, "Minimum value, or minimum number of characters."),
        key(
            "max",
            Shape::Number,
            "Maximum value, or maximum number of characters (default 255 for `string`, 65536 for `text`).",
        ),
        key("pattern", Shape::Text, "A regular expression, in the syntax of the Rust crate `regex`."),
        key(
            "caseInsensitive",
            Shape::Boolean,
            "Whether uniqueness, filters, sorting and log-in ignore the case of ASCII letters; the text is kept as written.",
        ),
        key("precision", Shape::Integer, "Total number of digits of a decimal (default 15, at most 28)."),
        key("scale", Shape::Integer, "Number of digits after the decimal point (default 2)."),
        key("maxBytes", Shape::Size, "Maximum size of a JSON value (default 65536 bytes)."),
        key("values", Shape::Texts, "The values of an enum."),
    ],
};

pub(crate) const FIELD_ACCESS: Table = Table {
    name: "fieldAccess",
    noun: "key",
    keys: &[
        key("read", Shape::Texts, "Roles that may read the field."),
        key("write", Shape::Texts, "Roles that may write the field."),
    ],
};

pub(crate) const BELONGS_TO: Table = Table {
    name: "belongsTo",
    noun: "attribute",
    keys: &[
        required("belongsTo", Shape::Text, "The model that rows refer to; adds the foreign key `<name>Id`."),
        key("optional", Shape::Boolean, "Whether the key may be null."),
        key("unique", Shape::Boolean, "Whether no two rows may refer to the same row (one-to-one)."),
        key(
            "onDelete",
            Shape::Word(&["cascade", "restrict", "setNull"]),
            "What happens when the other row is deleted.",
        ),
        key("default", Shape::Word(&["$me"]), "`$me`: the account of the caller."),
        key("index", Shape::Boolean, "Has no effect: foreign keys always have an index."),
        key("description", Shape::Text, "Description of the relation."),
        key("private", Shape::Boolean, "Whether the key is hidden: no request can read, set or filter by it."),
        key("readOnly", Shape::Boolean, "Whether only the server and interceptors can set the key."),
        key("immutable", Shape::Boolean, "Whether the key can be set only when a row is created."),
        key("access", Shape::Map(&FIELD_ACCESS), "Roles that may read or write this key."),
        key("renamedFrom", Shape::Text, "The former name of the relation; has no effect yet."),
    ],
};

pub(crate) const HAS_ONE: Table = Table {
    name: "hasOne",
    noun: "attribute",
    keys: &[
        required("hasOne", Shape::Text, "The model whose unique belongsTo refers to this one."),
        key("via", Shape::Text, "The belongsTo of the other model; required if several of them refer to this model."),
    ],
};

pub(crate) const HAS_MANY: Table = Table {
    name: "hasMany",
    noun: "attribute",
    keys: &[
        required("hasMany", Shape::Text, "The model whose belongsTo refers to this one."),
        key("via", Shape::Text, "The belongsTo of the other model; required if several of them refer to this model."),
    ],
};

pub(crate) const MANY_TO_MANY: Table = Table {
    name: "manyToMany",
    noun: "attribute",
    keys: &[
        required("manyToMany", Shape::Text, "The model on the other side of the join table."),
        key("via", Shape::Text, "The manyToMany of the other model; required if several of them refer to this model."),
        key("through", Shape::Text, "A model that is the join table, with a belongsTo to each side."),
    ],
};

/// The keys of each kind of relation; the first key names the kind.
pub(crate) const RELATION_KINDS: &[&Table] = &[&BELONGS_TO, &HAS_ONE, &HAS_MANY, &MANY_TO_MANY];

pub(crate) const ACCESS_RULE: Table = Table {
    name: "accessRule",
    noun: "key",
    keys: &[
        required("roles", Shape::Who, "The callers that the rule applies to."),
        key(
            "where",
            Shape::Any,
            "Fields and the values that a row must have; `$me` is the id of the caller's account.",
        ),
        key("description", Shape::Text, "Description of the action."),
    ],
};

const ROUTE_ABOUT: &str = "Settings of this operation; without them, it is enabled and has the defaults.";

pub(crate) const MODEL_ROUTES: Table = Table {
    name: "modelRoutes",
    noun: "operation",
    keys: &[
        key("findMany", Shape::Map(&LIST_ROUTE), ROUTE_ABOUT),
        key("findOne", Shape::Map(&ROW_ROUTE), ROUTE_ABOUT),
        key("createOne", Shape::Map(&CREATE_ROUTE), ROUTE_ABOUT),
        key("updateOne", Shape::Map(&ROW_ROUTE), ROUTE_ABOUT),
        key("deleteOne", Shape::Map(&DELETE_ROUTE), ROUTE_ABOUT),
        key("createMany", Shape::Map(&CREATE_ROUTE), ROUTE_ABOUT),
        key("updateMany", Shape::Map(&ROW_ROUTE), ROUTE_ABOUT),
        key("deleteMany", Shape::Map(&ROW_ROUTE), ROUTE_ABOUT),
    ],
};

pub(crate) const AUTH_ROUTES: Table = Table {
    name: "authRoutes",
    noun: "operation",
    keys: &[
        key("login", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("signup", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("logout", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("logoutAll", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("updatePassword", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("forgotPassword", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("resetPassword", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("verifyEmail", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("resendVerification", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("changeEmail", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("renew", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("getMe", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("updateMe", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("deleteMe", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("listSessions", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("revokeSession", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
        key("loginHistory", Shape::Map(&AUTH_ROUTE), ROUTE_ABOUT),
    ],
};

const DISABLED: Key = key("disabled", Shape::Boolean, "Whether the route is disabled.");
const OWN_RATE_LIMIT: Key = key("rateLimit", Shape::Map(&RATE_LIMIT), "Rate limit of this route.");
const SHOWN: Key = key(
    "fields",
    Shape::Names,
    "Fields that answers contain and requests may name, written as in a URL: `title`, `-content`, `+author.username`.",
);
const ROWS: Key = key(
    "where",
    Shape::Any,
    "Fields and the values that a row must have; for this route, other rows do not exist. `$me` is the id of the caller's account.",
);

/// `findMany`
pub(crate) const LIST_ROUTE: Table = Table {
    name: "listRoute",
    noun: "key",
    keys: &[
        DISABLED,
        OWN_RATE_LIMIT,
        SHOWN,
        ROWS,
        key("sort", Shape::Names, "Order of a list whose request has no `sort`: `-createdAt`."),
        key("limit", Shape::Integer, "Rows of a page whose request has no `limit`."),
        key("maxLimit", Shape::Integer, "Maximum rows of a page, at most `query.maxLimit`."),
    ],
};

/// Operations that find rows and return them.
pub(crate) const ROW_ROUTE: Table =
    Table { name: "rowRoute", noun: "key", keys: &[DISABLED, OWN_RATE_LIMIT, SHOWN, ROWS] };

pub(crate) const CREATE_ROUTE: Table =
    Table { name: "createRoute", noun: "key", keys: &[DISABLED, OWN_RATE_LIMIT, SHOWN] };

/// `deleteOne`, which returns no row.
pub(crate) const DELETE_ROUTE: Table =
    Table { name: "deleteRoute", noun: "key", keys: &[DISABLED, OWN_RATE_LIMIT, ROWS] };

pub(crate) const AUTH_ROUTE: Table = Table {
    name: "authRoute",
    noun: "key",
    keys: &[
        key("disabled", Shape::Boolean, "Whether the route is disabled."),
        key("rateLimit", Shape::Map(&RATE_LIMIT), "Rate limit of this route."),
        key(
            "validation",
            Shape::BodyRules,
            "Validation rules for keys of the body, in addition to those of the fields.",
        ),
    ],
};

pub(crate) const BODY_RULE: Table = Table {
    name: "bodyRule",
    noun: "key",
    keys: &[
        key(
            "required",
            Shape::Boolean,
            "Whether the body must contain the key, with a value that is not null (default false).",
        ),
        key(
            "min",
            Shape::Number,
            "Minimum value, or minimum number of characters; not below the minimum of the field.",
        ),
        key(
            "max",
            Shape::Number,
            "Maximum value, or maximum number of characters; not above the maximum of the field.",
        ),
        key("pattern", Shape::Text, "A regular expression, in the syntax of the Rust crate `regex`."),
    ],
};

pub(crate) const RATE_LIMIT: Table = Table {
    name: "rateLimit",
    noun: "key",
    keys: &[
        required("windowMs", Shape::Integer, "Length of the window in milliseconds."),
        required("max", Shape::Integer, "Maximum number of requests in one window."),
    ],
};

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
