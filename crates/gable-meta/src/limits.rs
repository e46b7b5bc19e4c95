//! Limits that the runtime observes and the schema checker relies on.

/// Maximum length of an identifier in PostgreSQL, in bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 63;
/// Maximum number of values that one statement binds. SQLite accepts 32,766, PostgreSQL 65,535; some of them are not
/// values of rows or filters.
pub const MAX_BOUND_VALUES: u32 = 30_000;
/// Maximum number of unique keys that one statement looks up. SQLite nests expressions at most 1,000 deep.
pub const MAX_KEYS_PER_STATEMENT: u32 = 200;
/// Maximum number of relations that one request may include; each takes a statement.
pub const MAX_INCLUDED_RELATIONS: u32 = 50;
/// Number of rows of an included to-many relation if the request gives no limit, unless the limit of lists is lower.
pub const DEFAULT_INCLUDED_ROWS: u32 = 10;
/// Maximum length of a password for bcrypt, in bytes; bcrypt ignores the rest. Longer passwords never match, and the
/// policy refuses to store them.
pub const MAX_BCRYPT_BYTES: u32 = 72;
/// Maximum length of an e-mail address, in characters. RFC 5321 allows a path of 256, with its angle brackets.
pub const MAX_EMAIL_LENGTH: u32 = 254;
