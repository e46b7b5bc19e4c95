use api::{Comment, CommentHooks};
use gable::{ApiError, Context};

pub(super) fn install(comment: &mut CommentHooks) {
    comment.after_create_one(notify);
}

async fn notify(ctx: &mut Context<'_>, comment: &mut Comment) -> Result<(), ApiError> {
    let (id, post) = (comment.id, comment.post_id);
    ctx.after_commit(async move { tracing::info!(%id, %post, "a new comment") });
    Ok(())
}
