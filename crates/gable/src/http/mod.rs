//! Stage 1, request bodies, and the form of answers and errors. `status` maps kinds of errors to statuses; besides this
//! room, only `rest` and `server` use statuses.

pub(crate) mod access_log;
mod body;
mod client_address;
mod cookie;
mod cors;
mod cross_site;
mod error_form;
mod error_format;
mod headers;
mod load;
pub(crate) mod probe;
mod request_id;
mod response;
mod route_limit;
mod status;
mod transport;

pub(crate) use access_log::LoggedAccount;
pub(crate) use body::{read_array, read_object, read_object_if_any};
pub(crate) use client_address::Client;
pub(crate) use cookie::CredentialCookie;
pub(crate) use cross_site::is_cross_site;
pub(crate) use error_format::ErrorFormats;
pub(crate) use load::{Load, answer_budget};
pub(crate) use request_id::RequestId;
pub(crate) use response::{get_only, json_response, method_not_allowed, route_not_found, set_header};
pub(crate) use route_limit::RouteLimit;
pub(crate) use transport::{Transport, transport};
