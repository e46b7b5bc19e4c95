//! The error format of each path: below the prefix of a surface, all errors have that surface's format, whatever
//! refused the request.

use super::request_id::RequestId;
use super::response::error_body;
use crate::error::ApiError;

/// Writes the body of an error. The request id is used for a 500 only.
pub(crate) type WriteError = fn(&ApiError, Option<&RequestId>) -> Vec<u8>;

/// The error formats by path prefix.
#[derive(Clone, Default)]
pub(crate) struct ErrorFormats {
    by_prefix: Vec<(String, WriteError)>,
}

impl ErrorFormats {
    /// Sets the format of all paths at and below `prefix`.
    #[must_use]
    pub(crate) fn with(mut self, prefix: impl Into<String>, write: WriteError) -> Self {
        self.by_prefix.push((prefix.into(), write));
        self
    }

    /// Returns the format of a path; the API's own format is the default.
    pub(crate) fn of(&self, path: &str) -> WriteError {
        let below =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let found = self.by_prefix.iter().find(|(prefix, _)| below(prefix));
        found.map_or(error_body, |(_, write)| *write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_at_and_below_its_prefix() {
        let formats = ErrorFormats::default().with("/auth", |_, _| b"auth".to_vec());
        let error = ApiError::login_required();
        for (path, own) in
            [("/auth", true), ("/auth/", true), ("/auth/me", true), ("/author", false), ("/api/auth", false)]
        {
            assert_eq!(formats.of(path)(&error, None) == b"auth", own, "{path}");
        }
    }
}
