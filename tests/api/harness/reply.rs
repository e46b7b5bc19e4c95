//! An answer, and assertions about it. Every failed assertion prints the request and the whole answer.

use std::ops::Index;

use serde_json::Value;
use ureq::http::{HeaderMap, HeaderValue};

pub(crate) struct Reply {
    /// The request for messages: `POST /api/posts`.
    pub(super) request: String,
    pub(crate) status: u16,
    pub(super) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    /// The body, or null if it is not JSON.
    pub(crate) json: Value,
}

impl Reply {
    pub(super) fn new(request: String, status: u16, headers: HeaderMap, bytes: Vec<u8>) -> Self {
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { request, status, headers, bytes, json }
    }

    /// The value of a header, the last one if there are several.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get_all(name).iter().next_back()?.to_str().ok()
    }

    /// All headers except these, sorted.
    pub(crate) fn headers_but(&self, left_out: &[&str]) -> Vec<(String, String)> {
        let kept = self.headers.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut headers: Vec<_> = kept.map(|(name, value)| (name.to_string(), text(value))).collect();
        headers.sort();
        headers
    }

    /// Asserts a refusal with this status and code, in the form of every error.
    #[track_caller]
    pub(crate) fn expect(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self["status"], "error", "{self:?}");
        assert!(self["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}");
        self
    }

    /// Asserts the status of a success.
    #[track_caller]
    pub(crate) fn succeeds(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The `code` of each problem, in the order of the answer.
    #[track_caller]
    pub(crate) fn problems(&self) -> Vec<&str> {
        self.each_problem("code")
    }

    /// The `field` of each problem, in the order of the answer.
    #[track_caller]
    pub(crate) fn problem_fields(&self) -> Vec<&str> {
        self.each_problem("field")
    }

    #[track_caller]
    fn each_problem(&self, key: &str) -> Vec<&str> {
        let problems = self["meta"]["errors"].as_array();
        let problems = problems.unwrap_or_else(|| panic!("a list of problems, not {self:?}"));
        problems.iter().map(|problem| problem[key].as_str().unwrap_or_default()).collect()
    }

    /// `data.id`
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self["data"]["id"].as_str().unwrap_or_else(|| panic!("a row, not {self:?}")).to_owned()
    }

    /// One field of each row of a list.
    #[track_caller]
    pub(crate) fn column(&self, field: &str) -> Vec<Value> {
        let rows = self["data"].as_array().unwrap_or_else(|| panic!("a list, not {self:?}"));
        rows.iter().map(|row| row[field].clone()).collect()
    }
}

impl Index<&str> for Reply {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        &self.json[key]
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n-> {} {}", self.request, self.status, String::from_utf8_lossy(&self.bytes))
    }
}
