//! The parts of an answer that are compared.

use serde_json::Value as Json;

#[derive(Debug)]
pub(super) struct Page {
    pub(super) data: Json,
    pub(super) total: Option<u64>,
    pub(super) has_next: bool,
    /// Signed, so that only its presence can be compared.
    pub(super) cursor: Option<String>,
}

impl Page {
    pub(super) fn read(body: &str) -> Self {
        let body: Json = serde_json::from_str(body).expect("JSON");
        Self {
            total: body["total"].as_u64(),
            has_next: body["hasNextPage"] == true,
            cursor: body["nextCursor"].as_str().map(str::to_owned),
            data: body["data"].clone(),
        }
    }
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        let known = |page: &Self| (page.total, page.has_next, page.cursor.is_some());
        self.data == other.data && known(self) == known(other)
    }
}
