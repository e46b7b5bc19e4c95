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
        required("model", Shape::Text, "Name in PascalCase; gives the table, the path and the resource."),
        key("description", Shape::Text, "What the model is for."),
        key("id", Shape::Word(&["uuid", "integer"]), "UUID v7 (the default), or a sequence."),
        key("timestamps", Shape::Boolean, "Whether there are createdAt and updatedAt (default true)."),
        key("softDelete", Shape::Boolean, "Deleted rows are hidden instead of removed; adds deletedAt and Restore."),
        key("account", Shape::Boolean, "This is the model that people log in as."),
        key("fields", Shape::Fields, "The fields, by their JSON names."),
        key("relations", Shape::Relations, "The relations, by their JSON names."),
        key("indexes", Shape::TextLists, "Indexes over several fields."),
        key("unique", Shape::TextLists, "Combinations of fields that no two rows share."),
        key("access", Shape::Actions, "Who may do what; what is absent only a super user may."),
        key("routes", Shape::Map(&MODEL_ROUTES), "Settings per operation."),
    ],
};

pub(crate) const FIELD: Table = Table {
    name: "field",
    noun: "attribute",
    keys: &[
        required("type", Shape::Word(TYPES), "The type; a `?` behind it makes the field optional."),
        key("optional", Shape::Boolean, "Whether the field may be null; the long form of `?`."),
        key("default", Shape::Any, "The value where none is given; `now` and `uuid` are made by the server."),
        key("unique", Shape::Boolean, "Whether no two rows may share a value."),
        key("index", Shape::Boolean, "Whether there is an index on this field."),
        key("description", Shape::Text, "What the field means."),
        key("example", Shape::Any, "An example for the documentation of the API."),
        key("private", Shape::Boolean, "Never leaves the server, on any path."),
        key("readOnly", Shape::Boolean, "Set by the server or by interceptors only."),
        key("immutable", Shape::Boolean, "Set at creation, refused later."),
        key("access", Shape::Map(&FIELD_ACCESS), "Roles for this one field."),
        key("renamedFrom", Shape::Text, "The former name; a migration renames, the data stays."),
        key("min", Shape::Number, "Least value, or least number of characters."),
        key(
            "max",
            Shape::Number,
            "Greatest value, or greatest number of characters (default 255 of a string, 65536 of a text).",
        ),
        key("pattern", Shape::Text, "A regular expression, in the syntax of the Rust crate `regex`."),
        key(
            "caseInsensitive",
            Shape::Boolean,
            "Whether uniqueness, filters, sorting and log-in ignore the case of ASCII letters; the text is kept as written.",
        ),
        key("precision", Shape::Integer, "Digits of a decimal in all (default 15, at most 28)."),
        key("scale", Shape::Integer, "Digits of a decimal behind the point (default 2)."),
        key("maxBytes", Shape::Size, "Greatest size of a JSON value (default 65536)."),
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
        required("belongsTo", Shape::Text, "The model that is referred to; adds the key `<name>Id`."),
        key("optional", Shape::Boolean, "Whether the key may be null."),
        key("unique", Shape::Boolean, "Whether no two rows refer to the same one: one-to-one."),
        key("onDelete", Shape::Word(&["cascade", "restrict", "setNull"]), "What happens when the other row goes."),
        key("default", Shape::Word(&["$me"]), "`$me`: the account of the caller."),
        key("index", Shape::Boolean, "Keys are indexed anyway; may be written for clarity."),
        key("description", Shape::Text, "What the relation means."),
        key("private", Shape::Boolean, "The key never leaves the server."),
        key("readOnly", Shape::Boolean, "Set by the server or by interceptors only."),
        key("immutable", Shape::Boolean, "Set at creation, refused later."),
        key("access", Shape::Map(&FIELD_ACCESS), "Roles for this one key."),
        key("renamedFrom", Shape::Text, "The former name of the relation."),
    ],
};

pub(crate) const HAS_ONE: Table = Table {
    name: "hasOne",
    noun: "attribute",
    keys: &[
        required("hasOne", Shape::Text, "The model whose unique belongsTo refers to this one."),
        key("via", Shape::Text, "The belongsTo of the other model, where there are several."),
    ],
};

pub(crate) const HAS_MANY: Table = Table {
    name: "hasMany",
    noun: "attribute",
    keys: &[
        required("hasMany", Shape::Text, "The model whose belongsTo refers to this one."),
        key("via", Shape::Text, "The belongsTo of the other model, where there are several."),
    ],
};

pub(crate) const MANY_TO_MANY: Table = Table {
    name: "manyToMany",
    noun: "attribute",
    keys: &[
        required("manyToMany", Shape::Text, "The model on the other side of the join table."),
        key("via", Shape::Text, "The manyToMany of the other model, where there are several."),
        key("through", Shape::Text, "A model that is the join table, with a belongsTo to each side."),
    ],
};

/// The kinds of relation with the keys each one takes; the first key names the kind.
pub(crate) const RELATION_KINDS: &[&Table] = &[&BELONGS_TO, &HAS_ONE, &HAS_MANY, &MANY_TO_MANY];

pub(crate) const ACCESS_RULE: Table = Table {
    name: "accessRule",
    noun: "key",
    keys: &[
        required("roles", Shape::Who, "Who the rule is for."),
        key("where", Shape::Any, "Fields and the values they must have; `$me` is the caller's id."),
        key("description", Shape::Text, "What the action does."),
    ],
};

const ROUTE_ABOUT: &str = "On with the defaults where it is absent.";

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

const DISABLED: Key = key("disabled", Shape::Boolean, "Whether the route is left out.");
const OWN_RATE_LIMIT: Key = key("rateLimit", Shape::Map(&RATE_LIMIT), "A limit for this route alone.");
const SHOWN: Key = key(
    "fields",
    Shape::Names,
    "What answers hold and requests may name, written as in a URL: `title`, `-content`, `+author.username`.",
);
const ROWS: Key = key(
    "where",
    Shape::Any,
    "Fields and the values that a row must have for this route to know of it; `$me` is the caller's id.",
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
        key("sort", Shape::Names, "The order where a request names none: `-createdAt`."),
        key("limit", Shape::Integer, "Rows of a page where a request does not say."),
        key("maxLimit", Shape::Integer, "Most rows of a page, within `query.maxLimit`."),
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
        key("disabled", Shape::Boolean, "Whether the route is left out."),
        key("rateLimit", Shape::Map(&RATE_LIMIT), "A limit for this route alone."),
        key("validation", Shape::BodyRules, "Rules for keys of the body, beyond what the fields themselves ask."),
    ],
};

pub(crate) const BODY_RULE: Table = Table {
    name: "bodyRule",
    noun: "key",
    keys: &[
        key("required", Shape::Boolean, "Whether the key must be there and not null (default false)."),
        key("min", Shape::Number, "Least value, or least number of characters; never below the field's own."),
        key("max", Shape::Number, "Greatest value, or greatest number of characters; never above the field's own."),
        key("pattern", Shape::Text, "A regular expression, in the syntax of the Rust crate `regex`."),
    ],
};

pub(crate) const RATE_LIMIT: Table = Table {
    name: "rateLimit",
    noun: "key",
    keys: &[
        required("windowMs", Shape::Integer, "Length of the window in milliseconds."),
        required("max", Shape::Integer, "Requests in one window."),
    ],
};

pub(crate) const APP: Table = Table {
    name: "app",
    noun: "key",
    keys: &[
        key("name", Shape::Text, "Name of the application."),
        key("api", Shape::Text, "Where the API lies (default /api)."),
        key("server", Shape::Map(&SERVER), "The HTTP server."),
        key("query", Shape::Map(&QUERY), "Limits of queries, and how filters are joined."),
        key("rateLimit", Shape::Map(&RATE_LIMIT), "Limit for all routes together (default 1000 in a minute)."),
        key("auth", Shape::Map(&AUTH), "Accounts, log-in, roles."),
        key("mail", Shape::Map(&MAIL), "Outgoing mail."),
    ],
};

pub(crate) const SERVER: Table = Table {
    name: "server",
    noun: "key",
    keys: &[
        key("port", Shape::Integer, "Port to listen on (default 8000); the environment's PORT wins."),
        key("bodyLimit", Shape::Size, "Greatest request body (default 1mb)."),
        key("cors", Shape::Texts, "Origins that browsers may call from."),
    ],
};

pub(crate) const QUERY: Table = Table {
    name: "query",
    noun: "key",
    keys: &[
        key("defaultLimit", Shape::Integer, "Rows of a page (default 30)."),
        key("maxLimit", Shape::Integer, "Most rows of a page (default 100)."),
        key("filterMode", Shape::Word(&["AND", "OR"]), "How filters of lists are joined where a request does not say."),
        key("maxFilters", Shape::Integer, "Most conditions of one query (default 20)."),
        key("maxDepth", Shape::Integer, "Deepest nesting of relations (default 3)."),
        key("maxBulk", Shape::Integer, "Most rows of one bulk operation (default 1000)."),
        key("maxNested", Shape::Integer, "Most rows that one body may name through relations (default 1000)."),
        key("maxIn", Shape::Integer, "Most values in one list of a filter (default 100)."),
        key("maxIncluded", Shape::Integer, "Most rows that one answer may include beside its own (default 10000)."),
        key("maxBytes", Shape::Size, "Greatest size of one answer (default 8mb)."),
        key("statementTimeout", Shape::Duration, "Longest time of one statement (default 5s)."),
    ],
};

pub(crate) const MAIL: Table = Table {
    name: "mail",
    noun: "key",
    keys: &[
        key("from", Shape::Text, "Sender: `Name <address>`."),
        key("links", Shape::Map(&MAIL_LINKS), "Pages of your own that mails lead to."),
    ],
};

pub(crate) const MAIL_LINKS: Table = Table {
    name: "mailLinks",
    noun: "key",
    keys: &[
        key("verifyEmail", Shape::Text, "Page that confirms an address; `{token}` stands for the token."),
        key("resetPassword", Shape::Text, "Page that asks for a new password; `{token}` stands for the token."),
    ],
};

pub(crate) const AUTH: Table = Table {
    name: "auth",
    noun: "key",
    keys: &[
        key("mode", Shape::Word(&["dynamic", "static"]), "Roles in tables, or in the YAML."),
        key("surfaces", Shape::Words(&["jwt", "session", "tokenPair"]), "Wire formats that are served."),
        key("defaultRole", Shape::Text, "Role that a sign-up receives."),
        key("login", Shape::Map(&LOGIN), "Logging in."),
        key("jwt", Shape::Map(&JWT), "The jwt surface."),
        key("password", Shape::Map(&PASSWORD), "What a password must have."),
        key("lockout", Shape::Map(&LOCKOUT), "Locking an account after failed log-ins."),
        key("emailVerification", Shape::Map(&EMAIL_VERIFICATION), "Confirming addresses."),
        key("rateLimit", Shape::Map(&RATE_LIMIT), "Limit of the auth routes (default 10 in 5 s)."),
        key("routes", Shape::Map(&AUTH_ROUTES), "Settings per operation."),
        key("session", Shape::Map(&SESSION), "The session surface."),
        key("tokenPair", Shape::Map(&TOKEN_PAIR), "The tokenPair surface."),
    ],
};

pub(crate) const LOGIN: Table = Table {
    name: "login",
    noun: "key",
    keys: &[
        key("allowedUsernames", Shape::Texts, "Unique fields that identify an account."),
        key(
            "sendAccessTokenThrough",
            Shape::Word(&["both", "cookie-only", "response-only"]),
            "How a token reaches the client (default both).",
        ),
    ],
};

pub(crate) const JWT: Table = Table {
    name: "jwt",
    noun: "key",
    keys: &[
        key("expiresIn", Shape::Duration, "Life of a token (default 30d)."),
        key("cookie", Shape::Map(&JWT_COOKIE), "The cookie that carries it."),
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
        key("min", Shape::Integer, "Least number of characters (default 8)."),
        key("max", Shape::Integer, "Greatest number of bytes (default and at most 72)."),
        key("upper", Shape::Integer, "Upper-case letters (default 1)."),
        key("lower", Shape::Integer, "Lower-case letters (default 1)."),
        key("digit", Shape::Integer, "Digits (default 1)."),
        key("symbol", Shape::Integer, "Other characters (default 0)."),
        key("refuseCommon", Shape::Boolean, "Whether well-known passwords are refused (default true)."),
    ],
};

pub(crate) const LOCKOUT: Table = Table {
    name: "lockout",
    noun: "key",
    keys: &[
        key("attempts", Shape::Integer, "Failures that lock (default 5)."),
        key("for", Shape::Duration, "How long (default 15m)."),
    ],
};

pub(crate) const EMAIL_VERIFICATION: Table = Table {
    name: "emailVerification",
    noun: "key",
    keys: &[
        key("required", Shape::Boolean, "Whether log-in waits for it (default false)."),
        key("method", Shape::Word(&["link", "code"]), "What the mail holds (default link)."),
    ],
};

pub(crate) const SESSION: Table = Table {
    name: "session",
    noun: "key",
    keys: &[
        key("prefix", Shape::Text, "Where the surface lies (default /auth)."),
        key("cookie", Shape::Text, "Name of the cookie (default sid)."),
        key("idle", Shape::Duration, "Life without use (default 30m)."),
        key("absolute", Shape::Duration, "Longest life (default 7d)."),
        key("maxPerAccount", Shape::Integer, "Live sessions of one account (default 5)."),
    ],
};

pub(crate) const TOKEN_PAIR: Table = Table {
    name: "tokenPair",
    noun: "key",
    keys: &[
        key("prefix", Shape::Text, "Where the surface lies (default /authentication)."),
        key("access", Shape::Duration, "Life of an access token (default 1h)."),
        key("refresh", Shape::Duration, "Life of a refresh token (default 7d)."),
        key("multipleSessions", Shape::Boolean, "Whether a log-in leaves earlier ones alive (default true)."),
        key(
            "redirects",
            Shape::Texts,
            "Where links of mails may end; the first is where a verified browser is sent by default.",
        ),
    ],
};
