//! The keys of model files.

use super::{Key, Shape, TYPES, Table, key, required};

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
