use api::{Post, PostHooks, PostStatus, UpdatePost};
use gable::{ApiError, Context};

/// Stored if this request publishes the post.
struct Publishes;

pub(super) fn install(post: &mut PostHooks) {
    post.before_update_one(compare).after_update_one(log_publication);
}

async fn compare(ctx: &mut Context<'_>, change: &mut UpdatePost) -> Result<(), ApiError> {
    let Some(id) = ctx.target::<Post>() else { return Ok(()) };
    let stored = ctx.find::<Post>(id).await?;
    if change.status.value() == Some(&PostStatus::Published) && stored.status != PostStatus::Published {
        ctx.set_local(Publishes);
    }
    Ok(())
}

async fn log_publication(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    if ctx.local::<Publishes>().is_some() {
        let title = post.title.clone();
        ctx.after_commit(async move { tracing::info!(title, "a post was published") });
    }
    Ok(())
}
