//! What a write is answered with. It is whole before the commit: an answer that cannot be made undoes the write.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::http::{json_response, set_header};

pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Where a new row is found.
    pub(super) location: Option<String>,
    /// The version of the row.
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
