//! `ETag` and `If-Match`: a change that is meant for one version of a row must not be applied to another.

use std::any::Any;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::access::Scope;
use crate::context::Context;
use crate::db::Row;
use crate::error::{ApiError, ErrorKind};
use crate::meta::FieldSet;
use crate::model::{Id, JsonBuffer, object};
use crate::query::Model;

/// A row that an operation has read or written, and its version before interceptors ran on it.
pub(crate) struct VersionedRecord {
    /// The model's entity.
    pub(crate) record: Box<dyn Any>,
    pub(crate) version: String,
}

/// The version of a row as its caller sees it: the SHA-256 of its visible fields as JSON, which does not depend on the
/// version of Rust. Two callers who see different fields have different versions of one row.
pub(crate) fn version(model: &Model, record: &dyn Any, visible: &FieldSet) -> String {
    let mut body = JsonBuffer::unbounded();
    object(model.resource.as_ref(), record, visible, &mut body);
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(body.bytes())))
}

/// Checks the versions that a request names against the current row, and locks the row until the transaction ends.
///
/// # Errors
/// 412 `PreconditionFailed` for another version, 404 when the row does not exist or is not visible.
pub(crate) async fn check(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
    wanted: Option<&str>,
) -> Result<(), ApiError> {
    let Some(wanted) = wanted else { return Ok(()) };
    let mut select = model.sql.by_id(scope, id);
    select.push_for_update();
    let found = ctx.source().one(select).await?.ok_or_else(|| ApiError::not_found(model.meta.name))?;
    let record = model.resource.decode(&mut Row::new(&found))?;
    let current = version(model, record.as_ref(), &scope.read);
    if wanted.split(',').map(str::trim).any(|tag| tag == "*" || tag == current) {
        return Ok(());
    }
    Err(ApiError::of(ErrorKind::PreconditionFailed, "PreconditionFailed", "The record has changed since it was read"))
}
