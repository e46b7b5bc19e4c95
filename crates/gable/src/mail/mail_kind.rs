//! The mails that the runtime sends, by their purpose.

use uuid::Uuid;

/// The purpose of a mail, which selects its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// Asks to verify the address of an account, by a link.
    VerifyEmail,
    /// Asks to verify the address of an account, by a six-digit code.
    VerifyEmailCode,
    ResetPassword,
    /// Asks to confirm the new address of an account, by a link. Sent to the new address.
    ConfirmEmail,
    /// Informs the old address of an account that the address was changed. Contains no secret.
    EmailChanged,
}

/// The form in which a template contains its one-time token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secret {
    Link,
    Code,
    Nothing,
}

/// A mail to be written to the outbox.
pub(crate) struct Mail {
    pub(crate) template: Template,
    pub(crate) to: String,
    /// The id of the `gable_tokens` row whose secret the mail contains.
    pub(crate) token: Option<Uuid>,
    /// Further variables of the template: `new_email`, `old_email`. `redirect_uri` becomes a query parameter of a link
    /// that confirms an address, or the target of a link that sets a password.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Template {
    pub(super) const ALL: [Template; 5] = [
        Template::VerifyEmail,
        Template::VerifyEmailCode,
        Template::ResetPassword,
        Template::ConfirmEmail,
        Template::EmailChanged,
    ];

    /// The name of its files, and its value in the outbox.
    pub(super) fn name(self) -> &'static str {
        match self {
            Template::VerifyEmail => "verify-email",
            Template::VerifyEmailCode => "verify-email-code",
            Template::ResetPassword => "reset-password",
            Template::ConfirmEmail => "confirm-email",
            Template::EmailChanged => "email-changed",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Template::ALL.into_iter().find(|template| template.name() == name)
    }

    pub(super) fn secret(self) -> Secret {
        match self {
            Template::VerifyEmail | Template::ResetPassword | Template::ConfirmEmail => Secret::Link,
            Template::VerifyEmailCode => Secret::Code,
            Template::EmailChanged => Secret::Nothing,
        }
    }
}
