//! Maps each kind of error to a status. Only the HTTP layer knows statuses.

use std::fmt;

use actix_web::http::StatusCode;

use crate::error::{ApiError, ErrorKind};

impl ErrorKind {
    /// The status of the answer.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            ErrorKind::BadRequest => StatusCode::BAD_REQUEST,
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            ErrorKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorKind::Timeout | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Status(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The kind of an error with this status. A status outside 400..=599 becomes `Internal`.
    fn of_status(status: u16) -> Self {
        match status {
            400 => ErrorKind::BadRequest,
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::Forbidden,
            404 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            412 => ErrorKind::PreconditionFailed,
            429 => ErrorKind::TooManyRequests,
            503 => ErrorKind::Unavailable,
            400..=499 | 501..=599 => ErrorKind::Status(status),
            _ => ErrorKind::Internal,
        }
    }
}

impl ApiError {
    /// Creates an error with any status, such as 410 or 422. A `status` outside 400..=599 becomes 500.
    ///
    /// `code` is for programs and should not change; `message` is for people.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(ErrorKind::of_status(status), code, message)
    }

    /// Whether the server failed, and not the request.
    pub(crate) fn is_failure(&self) -> bool {
        self.kind().status().is_server_error()
    }

    /// Returns the status of the response, such as 404.
    pub fn status(&self) -> u16 {
        self.kind().status().as_u16()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status(), self.code(), self.message())
    }
}
