//! HTTP: stages 1 and 2, errors, and rendering. Only this module knows status codes.

pub(crate) mod access_log;
mod answer_budget;
mod body;
mod client_address;
mod cors;
mod cross_site;
mod error;
mod error_form;
mod error_format;
mod headers;
pub(crate) mod list;
mod load;
mod render;
mod request_id;
mod response;
mod transport;

pub(crate) use access_log::LoggedAccount;
pub(crate) use answer_budget::{AnswerBudget, JsonBuffer, most_held};
pub(crate) use body::{read_array, read_object, read_object_if_any};
pub(crate) use client_address::Client;
pub(crate) use cross_site::is_cross_site;
pub use error::ApiError;
pub(crate) use error_format::ErrorFormats;
pub(crate) use load::{Load, LoadLimits};
pub(crate) use render::{Names, object, object_including, object_named, object_nth};
pub use render::{ObjectWriter, ToJson};
pub(crate) use request_id::RequestId;
pub(crate) use response::{get_only, json_response, method_not_allowed, route_not_found, set_header};
pub(crate) use transport::{Transport, transport};
