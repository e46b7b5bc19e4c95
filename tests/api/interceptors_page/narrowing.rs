use api::PostHooks;
use gable::{ApiError, Context, ListQuery};

pub(super) fn install(post: &mut PostHooks) {
    post.before_find_many(mine);
}

/// Lists only the caller's own posts for requests with the header `X-Mine: yes`.
async fn mine(ctx: &mut Context<'_>, query: &mut ListQuery) -> Result<(), ApiError> {
    if ctx.header("X-Mine") == Some("yes") {
        let author: uuid::Uuid = ctx.account_id()?;
        query.narrow("authorId", author)?;
    }
    Ok(())
}
