//! Tags: names in lower case, without surrounding spaces.

use api::{CreateTag, TagHooks, UpdateTag};
use gable::{ApiError, Context};

pub(super) fn install(tag: &mut TagHooks) {
    tag.before_create_one(lower_case)
        .before_create_many(lower_case_each)
        .before_update_one(lower_case_patch)
        .before_update_many(lower_case_patch);
}

async fn lower_case(_: &mut Context<'_>, tag: &mut CreateTag) -> Result<(), ApiError> {
    normalize(&mut tag.name)
}

async fn lower_case_each(ctx: &mut Context<'_>, tags: &mut Vec<CreateTag>) -> Result<(), ApiError> {
    for tag in tags {
        lower_case(ctx, tag).await?;
    }
    Ok(())
}

async fn lower_case_patch(_: &mut Context<'_>, tag: &mut UpdateTag) -> Result<(), ApiError> {
    if let Some(name) = tag.name.value_mut() {
        normalize(name)?;
    }
    Ok(())
}

/// The body was validated before it was trimmed, so the result is validated again.
fn normalize(name: &mut String) -> Result<(), ApiError> {
    *name = name.trim().to_lowercase();
    match name.is_empty() {
        true => Err(ApiError::bad_request("InvalidRequestBody", "'name' must not consist of spaces only")),
        false => Ok(()),
    }
}
