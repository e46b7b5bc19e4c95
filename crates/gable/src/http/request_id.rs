//! A unique id per request, in the answer, the log and the body of a 500, so that an error report can be found in the
//! log.

use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// Stored in the request's extensions; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// Returns the id that the client sent if it is safe in a log and a header, otherwise a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        match given.filter(|id| is_harmless(id)) {
            Some(id) => Self(id.into()),
            None => Self(Uuid::now_v7().to_string().into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn announce(&self, headers: &mut HeaderMap) {
        let value = HeaderValue::from_str(&self.0).expect("letters, digits, '.', '_' and '-' are a header value");
        headers.insert(X_REQUEST_ID, value);
    }
}

fn is_harmless(id: &str) -> bool {
    let known = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(id: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(id.as_bytes()).expect("a header value"));
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_harmless_id_is_kept() {
        assert_eq!(answered("trace_1.2-Z"), "trace_1.2-Z");
        assert_eq!(answered(&"a".repeat(128)).len(), 128);
    }

    #[test]
    fn any_other_id_is_replaced() {
        for id in ["", "a b", "a\"b", "\u{e9}", "a;b", &"a".repeat(129)] {
            let answered = answered(id);
            let version = Uuid::parse_str(&answered).expect("a UUID").get_version_num();
            assert_eq!(version, 7, "{id}");
        }
    }
}
