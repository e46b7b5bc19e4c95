//! The response to a write. It is complete before the commit: if it cannot be built, the write is rolled back.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::http::{json_response, set_header};

pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The URL of a new row, for `Location`.
    pub(super) location: Option<String>,
    /// The version of the row, for `ETag`.
    pub(super) etag: Option<String>,
    /// JSON
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, location: None, etag: None, body }
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let mut response = json_response(self.status, self.body);
        for (name, value) in [("Location", self.location), ("ETag", self.etag)] {
            if let Some(value) = value {
                set_header(&mut response, name, &value);
            }
        }
        response
    }
}
