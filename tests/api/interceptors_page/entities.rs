use api::post::{Column, Entity as Posts};
use api::{PostStatus, User};
use gable::{ApiError, AuthHooks, Context};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

pub(super) fn install(auth: &mut AuthHooks<User>) {
    auth.before_delete_me(delete_drafts);
}

async fn delete_drafts(ctx: &mut Context<'_>, _: &mut ()) -> Result<(), ApiError> {
    let author: Uuid = ctx.account_id()?;
    let drafts = Posts::delete_many().filter(Column::AuthorId.eq(author)).filter(Column::Status.eq(PostStatus::Draft));
    drafts.exec(ctx.transaction()?).await?;
    Ok(())
}
