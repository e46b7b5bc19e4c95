use api::{CommentHooks, CreateComment};
use gable::{ApiError, Context};

pub(super) fn install(comment: &mut CommentHooks) {
    comment.before_create_one(trim).before_create_many(
        async |ctx: &mut Context<'_>, comments: &mut Vec<CreateComment>| {
            for comment in comments {
                trim(ctx, comment).await?;
            }
            Ok(())
        },
    );
}

async fn trim(_: &mut Context<'_>, comment: &mut CreateComment) -> Result<(), ApiError> {
    comment.content = comment.content.trim().to_owned();
    Ok(())
}
