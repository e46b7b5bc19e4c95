//! Mail.

use uuid::Uuid;

use crate::context::Context;
use crate::http::ApiError;

pub(crate) enum Template {
    VerifyEmail,
    VerifyEmailCode,
    ResetPassword,
    ConfirmEmail,
    EmailChanged,
}

pub(crate) struct Mail {
    pub(crate) template: Template,
    pub(crate) to: String,
    pub(crate) token: Option<Uuid>,
    pub(crate) variables: Vec<(&'static str, String)>,
}

pub(crate) async fn enqueue(_ctx: &mut Context<'_>, _mail: Mail) -> Result<(), ApiError> {
    Ok(())
}
