//! `ErrorKind`: why a request failed, without the status that says so.

/// Why a request failed. The HTTP layer maps each kind to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The request is not valid.
    BadRequest,
    /// The caller has to log in.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// The row does not exist, or the caller may not see it.
    NotFound,
    /// The state of the data does not allow the change.
    Conflict,
    /// The row is not in the version that the request requires.
    PreconditionFailed,
    TooManyRequests,
    /// A failure that the client cannot fix.
    Internal,
    /// A query that took too long.
    Timeout,
    /// Overload, or an unreachable database.
    Unavailable,
    /// A status that an application or the HTTP layer has chosen.
    Status(u16),
}
