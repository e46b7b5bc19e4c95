//! Articles: slugs derived from titles, permission to publish, and the time of publication.

use api::{CreatePost, Post, PostHooks, PostStatus, UpdatePost, permission};
use gable::{ApiError, Context, Patch};

pub(super) fn install(post: &mut PostHooks) {
    post.before_create_one(slug_from_title)
        .before_create_one(date_new_post)
        .before_create_many(prepare_batch)
        .before_update_one(date_publication)
        .before_update_many(date_publication)
        .after_create_one(announce)
        .on_create_one_error(explain_taken_slug);
}

async fn slug_from_title(_: &mut Context<'_>, post: &mut CreatePost) -> Result<(), ApiError> {
    if post.slug.is_none() {
        post.slug = Some(slug(&post.title)).filter(|slug| !slug.is_empty());
    }
    Ok(())
}

async fn date_new_post(ctx: &mut Context<'_>, post: &mut CreatePost) -> Result<(), ApiError> {
    if post.status == PostStatus::Published {
        ctx.require(permission::POST_PUBLISH)?;
        post.published_at = Some(ctx.now());
    }
    Ok(())
}

async fn prepare_batch(ctx: &mut Context<'_>, posts: &mut Vec<CreatePost>) -> Result<(), ApiError> {
    for post in posts {
        slug_from_title(ctx, post).await?;
        date_new_post(ctx, post).await?;
    }
    Ok(())
}

/// Requires the permission to publish an article and records the time; any other status clears it.
async fn date_publication(ctx: &mut Context<'_>, post: &mut UpdatePost) -> Result<(), ApiError> {
    match post.status.value() {
        Some(PostStatus::Published) => {
            ctx.require(permission::POST_PUBLISH)?;
            post.published_at = Patch::Value(ctx.now());
        }
        Some(_) => post.published_at = Patch::Null,
        None => {}
    }
    Ok(())
}

/// Logs a new article after the commit.
async fn announce(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    let (id, title) = (post.id, post.title.clone());
    ctx.after_commit(async move { tracing::info!(%id, title, "an article was created") });
    Ok(())
}

/// Explains the error for a duplicate slug, which the author may not have chosen: it is often derived from the title.
async fn explain_taken_slug(_: &mut Context<'_>, error: &mut ApiError) -> Result<(), ApiError> {
    if error.code() == "PostSlugUniqueConstraint" {
        return Err(ApiError::conflict(error.code(), "Another article has this slug: choose a different one"));
    }
    Ok(())
}

/// `Ada's 2nd Letter` -> `ada-s-2nd-letter`
fn slug(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_matches_the_pattern_of_its_field() {
        assert_eq!(slug("Ada's 2nd Letter!"), "ada-s-2nd-letter");
        assert_eq!(slug("  --  "), "");
    }
}
