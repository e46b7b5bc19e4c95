//! Stages 1 and 2, errors, and rendering: the only room that knows status codes.

pub(crate) mod access_log;
mod body;
mod client_address;
mod cors;
mod error;
mod error_form;
mod headers;
pub(crate) mod list;
mod render;
mod request_id;
mod response;
mod transport;

pub(crate) use access_log::LoggedAccount;
pub(crate) use body::{read_array, read_object};
pub(crate) use client_address::Client;
pub use error::ApiError;
pub(crate) use render::object;
pub use render::{ObjectWriter, ToJson};
pub(crate) use response::{get_only, json_response, method_not_allowed, route_not_found, set_header};
pub(crate) use transport::{Transport, transport};
