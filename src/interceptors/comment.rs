//! Comments: only on articles that the author of the comment may read.

use api::{CommentHooks, CreateComment, Post};
use gable::{ApiError, Context};

pub(super) fn install(comment: &mut CommentHooks) {
    comment.before_create_one(post_is_visible).before_create_many(posts_are_visible);
}

/// Looks the article up with the caller's own permissions: another author's draft is not found.
async fn post_is_visible(ctx: &mut Context<'_>, comment: &mut CreateComment) -> Result<(), ApiError> {
    ctx.find::<Post>(comment.post_id).await?;
    Ok(())
}

async fn posts_are_visible(ctx: &mut Context<'_>, comments: &mut Vec<CreateComment>) -> Result<(), ApiError> {
    for comment in comments {
        post_is_visible(ctx, comment).await?;
    }
    Ok(())
}
