use api::{CreateTag, Post, PostHooks, Tag};
use gable::{ApiError, Context};

pub(super) fn install(post: &mut PostHooks) {
    post.after_create_one(add_tag);
}

/// Creates a tag with the name of the post's slug, unless there is one.
async fn add_tag(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    let Some(name) = post.slug.clone() else { return Ok(()) };
    match ctx.as_system().create::<Tag>(CreateTag { name, posts: Vec::new() }).await {
        Err(error) if error.code() == "TagNameUniqueConstraint" => Ok(()),
        created => created.map(drop),
    }
}
