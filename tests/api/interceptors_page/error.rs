use api::PostHooks;
use gable::{ApiError, Context};

pub(super) fn install(post: &mut PostHooks) {
    post.on_create_one_error(async |_: &mut Context<'_>, error: &mut ApiError| match error.code() {
        "PostSlugUniqueConstraint" => Err(ApiError::conflict(error.code(), "Another post has this slug")),
        _ => Ok(()),
    });
}
