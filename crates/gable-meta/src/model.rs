//! Kinds of models and ids, the operations on rows, and choices for routes.

use serde::Serialize;

/// The part that a model has in authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ModelKind {
    /// No part.
    Ordinary,
    /// Its rows are accounts.
    Account,
    /// Its rows are roles.
    Role,
    /// Its rows are the permissions of the application, which roles and accounts refer to.
    Permission,
    /// Its rows assign accounts to roles.
    AccountRole,
    /// Its rows allow a permission to an account, or deny it.
    AccountPermission,
}

/// The type of the ids of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum IdKind {
    /// UUIDs of version 7, which the runtime creates.
    Uuid,
    /// 64-bit integers, which the database assigns.
    Integer,
}

/// An operation on the rows of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Operation {
    /// Lists rows: `GET /posts`.
    FindMany,
    /// Reads a row: `GET /posts/{id}`.
    FindOne,
    /// Creates a row: `POST /posts`.
    CreateOne,
    /// Updates a row: `PATCH /posts/{id}`.
    UpdateOne,
    /// Deletes a row: `DELETE /posts/{id}`.
    DeleteOne,
    /// Creates rows: `POST /posts/many`.
    CreateMany,
    /// Updates the rows that match a filter: `PATCH /posts/many`.
    UpdateMany,
    /// Deletes the rows that match a filter: `DELETE /posts/many`.
    DeleteMany,
}

/// How the filters of a URL are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum FilterMode {
    /// A row must match all filters.
    And,
    /// A row must match at least one filter.
    Or,
}

/// The maximum number of requests of one client in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RateLimit {
    /// Length of the period, in milliseconds.
    pub window_ms: u64,
    /// Maximum number of requests in the period.
    pub max: u32,
}
