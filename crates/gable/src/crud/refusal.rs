//! Turns database errors of a write into API errors.

use crate::db::{DbError, Violation};
use crate::error::{ApiError, Problem};
use crate::meta::{ModelMeta, UniqueMeta};
use crate::model::InlineKey;
use crate::text::with_article;

/// Why rows were not written.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Refused rows by their index, each with its own error.
    Rows(Vec<(usize, ApiError)>),
    Other(ApiError),
}

impl Refusal {
    /// # Errors
    /// The refused rows, if there are any. A server error (5xx) takes precedence.
    pub(super) fn unless_empty(mut rows: Vec<(usize, ApiError)>) -> Result<(), Self> {
        match rows.iter().position(|(_, error)| error.is_failure()) {
            Some(failed) => Err(Refusal::Other(rows.swap_remove(failed).1)),
            None if rows.is_empty() => Ok(()),
            None => Err(Refusal::Rows(rows)),
        }
    }

    /// Shifts the indices of the rows by the number of rows that precede them.
    pub(super) fn shifted(self, others: usize) -> Self {
        match self {
            Refusal::Rows(rows) => {
                Refusal::Rows(rows.into_iter().map(|(index, error)| (index + others, error)).collect())
            }
            other => other,
        }
    }

    /// Reports keys under the relations through which the body of each row gave them.
    pub(super) fn inline(self, keys: &[Vec<InlineKey>]) -> Self {
        let of = |index: usize| keys.get(index).map(Vec::as_slice).unwrap_or_default();
        match self {
            Refusal::Rows(rows) => {
                Refusal::Rows(rows.into_iter().map(|(index, error)| (index, inline(error, of(index)))).collect())
            }
            other => other,
        }
    }

    /// The error of the first row.
    pub(super) fn of_one(self) -> ApiError {
        match self {
            Refusal::Rows(mut rows) if !rows.is_empty() => rows.swap_remove(0).1,
            Refusal::Rows(_) => ApiError::internal("rows were refused, and none is known"),
            Refusal::Other(error) => error,
        }
    }

    /// The error of the first row, with the problems of all rows at their places. A row with an empty place is the
    /// body's own and adds none.
    pub(super) fn placed(self, places: &[String]) -> ApiError {
        let Refusal::Rows(rows) = &self else { return self.of_one() };
        let placed = rows.iter().filter_map(|(index, error)| Some((places.get(*index)?, error)));
        let placed = placed.filter(|(place, _)| !place.is_empty());
        let problems: Vec<Problem> = placed.flat_map(|(place, error)| problems(place, error)).collect();
        if problems.is_empty() { self.of_one() } else { self.of_one().with_problems(problems) }
    }

    /// The error of the first row, with the problems of all rows under their indices.
    pub(super) fn of_many(self) -> ApiError {
        let Refusal::Rows(rows) = &self else { return self.of_one() };
        let problems: Vec<Problem> =
            rows.iter().flat_map(|(index, error)| problems(&index.to_string(), error)).collect();
        self.of_one().with_problems(problems)
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Refusal::Other(error)
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        Refusal::Other(error.into())
    }
}

/// Adds the problems of a nested row to its error, at the place of the row in the body.
pub(crate) fn at(place: &str, error: ApiError) -> ApiError {
    if place.is_empty() || error.is_failure() || error.details().is_some_and(|details| !details.is_object()) {
        return error;
    }
    let problems = problems(place, &error);
    error.with_problems(problems)
}

/// The problems of one row: those that its error lists, or the error itself.
fn problems(place: &str, error: &ApiError) -> Vec<Problem> {
    let listed = error.problems();
    if !listed.is_empty() {
        let at = |problem: &Problem| Problem { field: format!("{place}.{}", problem.field), ..problem.clone() };
        return listed.iter().map(at).collect();
    }
    let fields = error.details().and_then(|details| details["fields"].as_array());
    let field = match fields.map(Vec::as_slice) {
        Some([field]) => format!("{place}.{}", field.as_str().unwrap_or_default()),
        _ => place.to_owned(),
    };
    vec![Problem { field, code: error.code().to_owned(), message: error.message().to_owned() }]
}

/// Error of an INSERT or UPDATE: 409 for a unique index, 400 for a foreign key to a row that does not exist.
pub(super) fn of_write(meta: &ModelMeta, error: DbError) -> ApiError {
    match error {
        DbError::Unique(violation) => not_unique(meta, &violation),
        DbError::ForeignKey => no_such_reference(),
        other => other.into(),
    }
}

/// Error for a foreign key to a row that does not exist or that the caller may not see.
pub(super) fn no_such_reference() -> ApiError {
    ApiError::bad_request(REFERENCE_NOT_FOUND, "A record that this one refers to does not exist")
}

/// Like `no_such_reference`, with the names of the keys.
pub(super) fn no_such_references(keys: &[&str]) -> ApiError {
    placed(no_such_reference(), keys)
}

/// Error for rows that elements of relations name, at their places. Rows that code names have no place.
pub(super) fn no_such_records(places: &[&str]) -> ApiError {
    match places.iter().all(|place| place.is_empty()) {
        true => no_such_reference(),
        false => placed(no_such_record(), places),
    }
}

/// Reports a foreign key to a missing row under the relation through which the body gave it.
pub(super) fn inline(error: ApiError, keys: &[InlineKey]) -> ApiError {
    if error.code() != REFERENCE_NOT_FOUND || keys.is_empty() {
        return error;
    }
    let place =
        |problem: &Problem| keys.iter().find(|inline| inline.key == problem.field).map(|inline| inline.relation);
    let places: Option<Vec<&str>> = error.problems().iter().map(place).collect();
    match places {
        Some(places) => placed(no_such_record(), &places),
        None => error,
    }
}

fn no_such_record() -> ApiError {
    ApiError::bad_request(INLINE_NOT_FOUND, "A record that this one names does not exist")
}

const REFERENCE_NOT_FOUND: &str = "ReferencedRecordNotFound";
const INLINE_NOT_FOUND: &str = "InlineRecordNotFound";

fn placed(error: ApiError, places: &[&str]) -> ApiError {
    let placed = places.iter().filter(|place| !place.is_empty());
    let listed: Vec<Problem> = placed.flat_map(|place| problems(place, &error)).collect();
    if listed.is_empty() { error } else { error.with_problems(listed) }
}

/// Error of a DELETE: 409 when other rows refer to this one.
pub(super) fn of_delete(error: DbError) -> ApiError {
    match error {
        DbError::ForeignKey => ApiError::conflict("RecordStillReferenced", "Other records still refer to this one"),
        other => other.into(),
    }
}

fn not_unique(meta: &ModelMeta, violation: &Violation) -> ApiError {
    match meta.uniques.iter().find(|unique| is(meta, unique, violation)) {
        Some(unique) => {
            let message =
                format!("{} with this {} already exists", with_article(meta.name), unique.fields.join(" and "));
            ApiError::conflict(unique.code, message).with_meta(serde_json::json!({ "fields": unique.fields }))
        }
        None => ApiError::conflict("UniqueConstraint", "Such a record already exists"),
    }
}

fn is(meta: &ModelMeta, unique: &UniqueMeta, violation: &Violation) -> bool {
    if let Some(index) = &violation.index {
        return index == unique.name;
    }
    let column = |name: &&str| meta.field_index(name).map(|field| meta.fields[field].column);
    unique.fields.iter().map(column).eq(violation.columns.iter().map(|column| Some(column.as_str())))
}
