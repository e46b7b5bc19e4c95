//! `ApiError`: a public message, kept apart from its internal cause.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Problem;
use super::kind::ErrorKind;
use crate::db::DbError;

/// Maximum number of problems listed in one answer.
const MAX_PROBLEMS: usize = 50;

const INVALID_API_ACTION: &str = "InvalidApiAction";

/// An error to be sent to the client, with a status, a code for programs and a message for people. Its cause is only
/// logged.
///
/// ```
/// use gable::ApiError;
///
/// let error = ApiError::bad_request("SubtitleTooLong", "A subtitle has five words at most")
///     .with_meta(serde_json::json!({ "words": 7 }));
/// assert_eq!(error.status(), 400);
/// assert_eq!(error.code(), "SubtitleTooLong");
/// assert_eq!(error.to_string(), "400 SubtitleTooLong: A subtitle has five words at most");
/// ```
///
/// Errors of SeaORM convert into it with `?`, as 500 or 503, so that no detail of the database reaches the client. Use
/// [`ApiError::internal`] for other errors:
///
/// ```
/// use gable::ApiError;
///
/// fn read_rates() -> Result<String, ApiError> {
///     std::fs::read_to_string("no/such/rates.csv").map_err(ApiError::internal)
/// }
///
/// let error = read_rates().unwrap_err();
/// assert_eq!((error.status(), error.message()), (500, "Something went wrong on our side"));
/// assert!(error.cause().is_some());
/// ```
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

/// Boxed, so that a `Result` with an `ApiError` stays small.
#[derive(Debug)]
struct Parts {
    kind: ErrorKind,
    code: String,
    message: String,
    /// Members of `meta` besides the problems.
    details: Option<Value>,
    /// The first `MAX_PROBLEMS` problems.
    problems: Vec<Problem>,
    more_problems: usize,
    headers: Vec<(&'static str, String)>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// Creates an error of this kind, without details.
    pub(crate) fn of(kind: ErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self(Box::new(Parts {
            kind,
            code,
            message,
            details: None,
            problems: Vec::new(),
            more_problems: 0,
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// Creates a 400: the request is not valid.
    pub fn bad_request(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(ErrorKind::BadRequest, code, message)
    }

    /// Creates a 401: the caller has to log in, or the credential is not valid.
    pub fn unauthorized(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Unauthenticated, code, message)
    }

    /// Creates the 403 `NotEnoughPermissions`, the error for every missing permission.
    pub fn not_enough_permissions() -> Self {
        Self::of(ErrorKind::Forbidden, "NotEnoughPermissions", "You do not have permission to perform this action")
    }

    /// Creates the 401 `LoginRequired`, for anonymous callers of what accounts may do.
    pub fn login_required() -> Self {
        Self::unauthorized("LoginRequired", "You are not logged in! Please log in to get access.")
    }

    /// Creates a 409: the stored data do not allow the change.
    pub fn conflict(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Conflict, code, message)
    }

    /// Creates a 404 for a row that does not exist or that the caller may not view. For `model` = `Post`, the code is
    /// `PostNotFound`.
    pub fn not_found(model: &str) -> Self {
        Self::of(ErrorKind::NotFound, format!("{model}NotFound"), format!("{model} not found"))
    }

    /// Creates the 500 `InternalError` for a failure that the client cannot fix. The client receives a general message;
    /// `cause` is only logged.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::of(ErrorKind::Internal, "InternalError", "Something went wrong on our side");
        error.0.cause = Some(cause.into());
        error
    }

    /// Creates the 503 `ServiceUnavailable` for overload or an unreachable database. Clients may try again after
    /// `retry_after` seconds.
    pub fn unavailable(retry_after: u64) -> Self {
        Self::of(ErrorKind::Unavailable, "ServiceUnavailable", "The service is busy. Please try again shortly.")
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

    /// Replaces the list of problems, shortened so that a small request cannot cause a large answer. Problems that were
    /// left out before stay counted.
    pub(crate) fn with_problems(mut self, mut problems: Vec<Problem>) -> Self {
        if problems.len() > MAX_PROBLEMS {
            self.0.more_problems = problems.len() - MAX_PROBLEMS;
            problems.truncate(MAX_PROBLEMS);
        }
        self.0.problems = problems;
        self.0.details = self.0.details.take().filter(Value::is_object);
        self
    }

    /// The problems of the request, at most 50; or those that an interceptor has listed as `errors` in `meta`.
    pub fn problems(&self) -> Vec<Problem> {
        if !self.0.problems.is_empty() {
            return self.0.problems.clone();
        }
        let listed = self.0.details.as_ref().and_then(|details| details.get("errors"));
        listed.and_then(|listed| Vec::deserialize(listed).ok()).unwrap_or_default()
    }

    /// Sets the `meta` of the response, for details that programs read. Replaces all earlier details and problems.
    #[must_use]
    pub fn with_meta(mut self, meta: Value) -> Self {
        self.0.details = Some(meta);
        (self.0.problems, self.0.more_problems) = (Vec::new(), 0);
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Sets the internal cause, which is logged and never sent to the client.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the code for programs, such as `PostNotFound`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// Returns the message for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The members of `meta` besides the problems.
    pub(crate) fn details(&self) -> Option<&Value> {
        self.0.details.as_ref()
    }

    /// Returns the `meta` of the response: the details, and the problems of an invalid request as `errors`. If there
    /// are more than 50 problems, `more` is the number of the others.
    pub fn meta(&self) -> Option<Value> {
        if self.0.problems.is_empty() {
            return self.0.details.clone();
        }
        let mut meta = match self.0.details.clone() {
            Some(Value::Object(meta)) => meta,
            _ => serde_json::Map::new(),
        };
        meta.insert("errors".to_owned(), json!(self.0.problems));
        if self.0.more_problems > 0 {
            meta.insert("more".to_owned(), self.0.more_problems.into());
        }
        Some(Value::Object(meta))
    }

    /// Returns the additional headers of the response, as pairs of name and value.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    /// Returns the internal cause, which is logged and never sent to the client.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }
}

impl std::error::Error for ApiError {}

/// Maps database errors for which the operation has no more specific error.
impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Timeout => {
                let message = "The query took too long. Ask for fewer rows, or filter and sort by indexed fields.";
                Self::of(ErrorKind::Timeout, "QueryTimeout", message)
                    .with_header("Retry-After", "1".to_owned())
                    .with_cause(error)
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
