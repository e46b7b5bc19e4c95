//! Stage 5 for bodies: reads JSON into typed inputs and reports every problem at once. Generated code calls
//! `BodyReader`; the operations call `json::parse` and `validation`.

mod address;
mod body;
mod element;
mod from_json;
pub(crate) mod json;
mod long_form;
mod naming;
mod password_policy;
mod patch;
mod reach;
mod read_element;
mod relations;
mod submitted;
mod types;
mod upsert;
pub(crate) mod validation;

pub(crate) use address::normal_address;
pub use body::BodyReader;
pub(crate) use body::{Finished, Reader, in_order, read};
pub(crate) use from_json::exact_decimal;
pub use from_json::{FromJson, Mismatch};
pub(crate) use password_policy::password_problems;
pub use patch::Patch;
pub(crate) use reach::{Form, Reach, Rights};
pub(crate) use submitted::{Submitted, together};
pub use types::{PlainPassword, parse_date, parse_datetime, parse_time};
pub(crate) use validation::id_constraint;
pub use validation::{DecimalInput, JsonInput, decimal, json_bytes};
