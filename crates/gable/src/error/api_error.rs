//! `ApiError`: a public message, kept apart from its internal cause.

use std::fmt;

use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::db::DbError;
use crate::error::Problem;

/// Maximum number of problems listed in one answer.
const MAX_PROBLEMS: usize = 50;

const INVALID_API_ACTION: &str = "InvalidApiAction";

/// An error to be sent to the client. Its cause is only logged.
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

/// Boxed, so that a `Result` with an `ApiError` stays small.
#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: String,
    message: String,
    meta: Option<Value>,
    headers: Vec<(&'static str, String)>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// Creates an error of the application. A `status` outside 400..=599 becomes 500.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (code, message) = (code.into(), message.into());
        Self(Box::new(Parts { status, code, message, meta: None, headers: Vec::new(), cause: None }))
    }

    pub fn bad_request(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub fn unauthorized(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(401, code, message)
    }

    /// The error for every missing permission.
    pub fn not_enough_permissions() -> Self {
        Self::new(403, "NotEnoughPermissions", "You do not have permission to perform this action")
    }

    pub fn login_required() -> Self {
        Self::unauthorized("LoginRequired", "You are not logged in! Please log in to get access.")
    }

    pub fn conflict(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(409, code, message)
    }

    /// 404 for a row that does not exist or that the caller may not view.
    pub fn not_found(model: &str) -> Self {
        Self::new(404, format!("{model}NotFound"), format!("{model} not found"))
    }

    /// 500 for a failure that the client cannot fix; `cause` is only logged.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(500, "InternalError", "Something went wrong on our side");
        error.0.cause = Some(cause.into());
        error
    }

    /// 503 for overload or an unreachable database; clients may try again after `retry_after` seconds.
    pub fn unavailable(retry_after: u64) -> Self {
        Self::new(503, "ServiceUnavailable", "The service is busy. Please try again shortly.")
            .with_header("Retry-After", retry_after.to_string())
    }

    /// 400 with all problems of a body; the first one is the message. The code is `InvalidApiAction` if all problems
    /// concern relation changes.
    pub(crate) fn invalid_body(problems: Vec<Problem>) -> Self {
        let of_action = |problem: &Problem| problem.code == INVALID_API_ACTION;
        let actions = !problems.is_empty() && problems.iter().all(of_action);
        Self::invalid(if actions { INVALID_API_ACTION } else { "InvalidRequestBody" }, problems)
    }

    pub(crate) fn invalid_query(problems: Vec<Problem>) -> Self {
        Self::invalid("InvalidRequestQuery", problems)
    }

    pub(crate) fn invalid_params(problems: Vec<Problem>) -> Self {
        Self::invalid("InvalidRequestParams", problems)
    }

    fn invalid(code: &str, problems: Vec<Problem>) -> Self {
        let message = problems.first().map_or_else(|| "Invalid request".to_owned(), |problem| problem.message.clone());
        Self::bad_request(code, message).with_problems(problems)
    }

    /// Adds the list of problems, shortened so that a small request cannot cause a large answer.
    pub(crate) fn with_problems(mut self, mut problems: Vec<Problem>) -> Self {
        let more = problems.len().saturating_sub(MAX_PROBLEMS);
        problems.truncate(MAX_PROBLEMS);
        let mut meta = match self.0.meta.take() {
            Some(Value::Object(meta)) => meta,
            _ => serde_json::Map::new(),
        };
        meta.insert("errors".to_owned(), json!(problems));
        if more > 0 {
            meta.insert("more".to_owned(), more.into());
        }
        self.with_meta(Value::Object(meta))
    }

    /// Returns the listed problems.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let listed = self.0.meta.as_ref().and_then(|meta| meta.get("errors"));
        listed.and_then(|listed| Vec::deserialize(listed).ok()).unwrap_or_default()
    }

    #[must_use]
    pub fn with_meta(mut self, meta: Value) -> Self {
        self.0.meta = Some(meta);
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.0.headers.push((name, value));
        self
    }

    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    pub fn status(&self) -> u16 {
        self.0.status.as_u16()
    }

    pub fn code(&self) -> &str {
        &self.0.code
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn meta(&self) -> Option<&Value> {
        self.0.meta.as_ref()
    }

    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    /// The internal cause, which is logged and never sent to the client.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.0.status.as_u16(), self.0.code, self.0.message)
    }
}

impl std::error::Error for ApiError {}

/// Maps database errors for which the operation has no more specific error.
impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Timeout => {
                let message = "The query took too long. Ask for fewer rows, or filter and sort by indexed fields.";
                Self::new(503, "QueryTimeout", message).with_header("Retry-After", "1".to_owned()).with_cause(error)
            }
            DbError::Unavailable(_) | DbError::LockTimeout | DbError::Conflict => {
                Self::unavailable(1).with_cause(error)
            }
            DbError::Unique(_) | DbError::ForeignKey | DbError::TooLarge | DbError::Other(_) => Self::internal(error),
        }
    }
}

/// Converts the errors of interceptors that use SeaORM directly.
impl From<sea_orm::DbErr> for ApiError {
    fn from(error: sea_orm::DbErr) -> Self {
        DbError::from(error).into()
    }
}
