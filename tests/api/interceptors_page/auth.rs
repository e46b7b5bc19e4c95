use api::User;
use gable::{ApiError, AuthHooks, Authorization, Context, LoginAttempt};

pub(super) fn install(auth: &mut AuthHooks<User>) {
    auth.before_login(refuse_old_addresses).before_authorize(no_deletions_by_scripts);
}

async fn refuse_old_addresses(_: &mut Context<'_>, attempt: &mut LoginAttempt) -> Result<(), ApiError> {
    match attempt.identifier.ends_with("@old.example.com") {
        true => Err(ApiError::bad_request("AddressMoved", "Please log in with your new address")),
        false => Ok(()),
    }
}

async fn no_deletions_by_scripts(ctx: &mut Context<'_>, wanted: &mut Authorization) -> Result<(), ApiError> {
    let is_script = ctx.user_agent().is_some_and(|agent| agent.starts_with("curl/"));
    if wanted.action == "Delete" && is_script { Err(ApiError::not_enough_permissions()) } else { Ok(()) }
}
