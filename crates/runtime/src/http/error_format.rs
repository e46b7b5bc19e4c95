//! In what form errors leave under which paths: a client of a surface reads that surface's form and no other, whatever
//! refused it.

use super::ApiError;
use super::request_id::RequestId;
use super::response::error_body;

/// The body of an error. The request id is for a 500, which has nothing else to tell.
pub(crate) type WriteError = fn(&ApiError, Option<&RequestId>) -> Vec<u8>;

/// The forms of an application's paths.
#[derive(Clone, Default)]
pub(crate) struct ErrorFormats {
    by_prefix: Vec<(String, WriteError)>,
}

impl ErrorFormats {
    /// Everything at and below `prefix` speaks this form.
    #[must_use]
    pub(crate) fn with(mut self, prefix: impl Into<String>, write: WriteError) -> Self {
        self.by_prefix.push((prefix.into(), write));
        self
    }

    /// The form of a path: the API's own, where no other was set.
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
