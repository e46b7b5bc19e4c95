//! Comments: only on articles that their writer can read.

use api::{CommentHooks, CreateComment, Post};
use gable::{ApiError, Context};

pub(super) fn install(comment: &mut CommentHooks) {
    comment.before_create_one(post_is_visible).before_create_many(posts_are_visible);
}

/// Looks with the caller's own eyes: a draft of somebody else does not exist for them.
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
