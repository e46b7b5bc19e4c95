//! `Problem`: one part of a request that was refused.

/// One problem of a request, as an element of `meta.errors`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
pub struct Problem {
    /// `title`; `2.title` in a bulk body
    pub field: String,
    /// `TitleMinLengthConstraint`
    pub code: String,
    pub message: String,
}

impl Problem {
    pub(crate) fn unknown_field(name: &str) -> Self {
        let message = format!("'{name}' is not a known field");
        Self { field: name.to_owned(), code: "UnknownField".to_owned(), message }
    }
}
