//! Accounts: a full name composed from its parts.

use api::{CreateUser, UserHooks};
use gable::{ApiError, Context};

pub(super) fn install(user: &mut UserHooks) {
    user.before_create_one(full_name_from_parts).before_create_many(full_names_from_parts);
}

async fn full_name_from_parts(_: &mut Context<'_>, user: &mut CreateUser) -> Result<(), ApiError> {
    if user.full_name.is_none()
        && let (Some(first), Some(last)) = (&user.first_name, &user.last_name)
    {
        user.full_name = Some(format!("{first} {last}"));
    }
    Ok(())
}

async fn full_names_from_parts(ctx: &mut Context<'_>, users: &mut Vec<CreateUser>) -> Result<(), ApiError> {
    for user in users {
        full_name_from_parts(ctx, user).await?;
    }
    Ok(())
}
