//! Routes of models and of accounts, and rate limits.

use crate::diagnostic::Sink;
use crate::entries::Entries;
use crate::keys;
use crate::node::{Entry, Node};
use crate::schema::{AuthOperation, ModelRoute, Operation, RateLimit, Route};

/// Thirty days.
const MAX_WINDOW_MS: i128 = 30 * 86_400_000;

const OPERATIONS: &[(&str, Operation)] = &[
    ("findMany", Operation::FindMany),
    ("findOne", Operation::FindOne),
    ("createOne", Operation::CreateOne),
    ("updateOne", Operation::UpdateOne),
    ("deleteOne", Operation::DeleteOne),
    ("createMany", Operation::CreateMany),
    ("updateMany", Operation::UpdateMany),
    ("deleteMany", Operation::DeleteMany),
];

const AUTH_OPERATIONS: &[(&str, AuthOperation)] = &[
    ("login", AuthOperation::Login),
    ("signup", AuthOperation::Signup),
    ("logout", AuthOperation::Logout),
    ("logoutAll", AuthOperation::LogoutAll),
    ("updatePassword", AuthOperation::UpdatePassword),
    ("forgotPassword", AuthOperation::ForgotPassword),
    ("resetPassword", AuthOperation::ResetPassword),
    ("verifyEmail", AuthOperation::VerifyEmail),
    ("resendVerification", AuthOperation::ResendVerification),
    ("changeEmail", AuthOperation::ChangeEmail),
    ("renew", AuthOperation::Renew),
    ("getMe", AuthOperation::GetMe),
    ("updateMe", AuthOperation::UpdateMe),
    ("deleteMe", AuthOperation::DeleteMe),
    ("listSessions", AuthOperation::ListSessions),
    ("revokeSession", AuthOperation::RevokeSession),
    ("loginHistory", AuthOperation::LoginHistory),
];

/// A route of the account; what its rules mean depends on the account's fields.
#[derive(Debug)]
pub(crate) struct AuthRouteDraft<'n> {
    /// As written: `updateMe`
    pub(crate) name: &'static str,
    pub(crate) operation: AuthOperation,
    pub(crate) route: Route,
    pub(crate) validation: Option<&'n Entry>,
}

pub(crate) fn lower_model_routes(node: Option<&Node>, sink: &mut Sink) -> Vec<ModelRoute> {
    let Some(entries) = Entries::open_optional(node, &keys::MODEL_ROUTES, sink) else {
        return Vec::new();
    };
    let named = OPERATIONS.iter().filter_map(|(name, operation)| Some((*operation, entries.get(name)?)));
    let lowered = |(operation, node)| {
        let entries = Entries::open(node, &keys::ROUTE, sink)?;
        Some(ModelRoute { operation, route: lower_route(&entries, sink) })
    };
    named.filter_map(lowered).collect()
}

pub(crate) fn lower_auth_routes<'n>(node: Option<&'n Node>, sink: &mut Sink) -> Vec<AuthRouteDraft<'n>> {
    let Some(entries) = Entries::open_optional(node, &keys::AUTH_ROUTES, sink) else {
        return Vec::new();
    };
    let named = AUTH_OPERATIONS.iter().filter_map(|(name, operation)| Some((*name, *operation, entries.get(name)?)));
    let lowered = |(name, operation, node)| {
        let entries = Entries::open(node, &keys::AUTH_ROUTE, sink)?;
        let route = lower_route(&entries, sink);
        Some(AuthRouteDraft { name, operation, route, validation: entries.entry("validation") })
    };
    named.filter_map(lowered).collect()
}

fn lower_route(entries: &Entries<'_>, sink: &mut Sink) -> Route {
    Route { disabled: entries.flag("disabled", sink), rate_limit: rate_limit(entries.get("rateLimit"), sink) }
}

pub(crate) fn rate_limit(node: Option<&Node>, sink: &mut Sink) -> Option<RateLimit> {
    let entries = Entries::open(node?, &keys::RATE_LIMIT, sink)?;
    let window = entries.get("windowMs").and_then(|node| node.integer(1, MAX_WINDOW_MS, sink));
    let max = entries.u32("max", 1, u32::MAX, sink);
    Some(RateLimit { window_ms: u64::try_from(window?).ok()?, max: max? })
}
