//! What a database refused, in the words of the API.

use crate::db::{DbError, Violation};
use crate::http::ApiError;
use crate::resource::{ModelMeta, UniqueMeta};

/// Of an INSERT or UPDATE: 409 for a unique index, 400 for a key that leads nowhere.
pub(super) fn of_write(meta: &ModelMeta, error: DbError) -> ApiError {
    match error {
        DbError::Unique(violation) => not_unique(meta, &violation),
        DbError::ForeignKey => no_such_reference(),
        other => other.into(),
    }
}

/// A reference that leads nowhere, or nowhere that the caller may see.
pub(super) fn no_such_reference() -> ApiError {
    ApiError::bad_request("ReferencedRecordNotFound", "A record that this one refers to does not exist")
}

/// Of a DELETE: 409 when other rows refer to this one.
pub(super) fn of_delete(error: DbError) -> ApiError {
    match error {
        DbError::ForeignKey => ApiError::conflict("RecordStillReferenced", "Other records still refer to this one"),
        other => other.into(),
    }
}

fn not_unique(meta: &ModelMeta, violation: &Violation) -> ApiError {
    match meta.uniques.iter().find(|unique| is(meta, unique, violation)) {
        Some(unique) => {
            let message = format!("A {} with this {} already exists", meta.name, unique.fields.join(" and "));
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
