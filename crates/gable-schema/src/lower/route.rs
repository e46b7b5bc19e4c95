//! Routes of models and of accounts, and rate limits.

use crate::diagnostic::{Problem, Sink};
use crate::draft::DraftRoute;
use crate::entries::Entries;
use crate::keys::{self, Table};
use crate::node::{Entry, Node, Spanned, Value};
use crate::schema::{AuthOperation, Operation, RateLimit, Route};

use super::access::lower_conditions;

/// Thirty days, in milliseconds.
const MAX_WINDOW_MS: i128 = 30 * 86_400_000;

const OPERATIONS: &[(&str, Operation, &Table)] = &[
    ("findMany", Operation::FindMany, &keys::LIST_ROUTE),
    ("findOne", Operation::FindOne, &keys::ROW_ROUTE),
    ("createOne", Operation::CreateOne, &keys::CREATE_ROUTE),
    ("updateOne", Operation::UpdateOne, &keys::ROW_ROUTE),
    ("deleteOne", Operation::DeleteOne, &keys::DELETE_ROUTE),
    ("createMany", Operation::CreateMany, &keys::CREATE_ROUTE),
    ("updateMany", Operation::UpdateMany, &keys::ROW_ROUTE),
    ("deleteMany", Operation::DeleteMany, &keys::ROW_ROUTE),
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

/// An account route; the meaning of its rules depends on the account's fields.
#[derive(Debug)]
pub(crate) struct AuthRouteDraft<'n> {
    /// The YAML key: `updateMe`
    pub(crate) name: &'static str,
    pub(crate) operation: AuthOperation,
    pub(crate) route: Route,
    pub(crate) validation: Option<&'n Entry>,
}

pub(crate) fn lower_model_routes<'n>(node: Option<&'n Node>, sink: &mut Sink) -> Vec<DraftRoute<'n>> {
    let Some(entries) = Entries::open_optional(node, &keys::MODEL_ROUTES, sink) else {
        return Vec::new();
    };
    let named = OPERATIONS.iter().filter_map(|(name, operation, table)| Some((*operation, *table, entries.get(name)?)));
    let lowered = |(operation, table, node)| {
        let entries = Entries::open(node, table, sink)?;
        Some(lower_model_route(operation, &entries, sink))
    };
    named.filter_map(lowered).collect()
}

fn lower_model_route<'n>(operation: Operation, entries: &Entries<'n>, sink: &mut Sink) -> DraftRoute<'n> {
    let conditions = entries.known().find(|entry| entry.key == "where");
    DraftRoute {
        operation,
        route: lower_route(entries, sink),
        fields: names("fields", entries, sink),
        sort: names("sort", entries, sink),
        conditions: conditions.and_then(|entry| lower_conditions(&entry.node, sink)).unwrap_or_default(),
        limit: rows("limit", entries, sink),
        max_limit: rows("maxLimit", entries, sink),
    }
}

/// Reads a list of names, or one text with commas as in a URL. All names of a text have the position of the text.
fn names(key: &str, entries: &Entries<'_>, sink: &mut Sink) -> Option<Vec<Spanned<String>>> {
    let node = &entries.known().find(|entry| entry.key == key)?.node;
    let names = match &node.value {
        Value::Text(text) => {
            text.split(',').map(|name| Spanned { value: name.trim().to_owned(), span: node.span }).collect()
        }
        Value::List(_) => node.texts(sink)?,
        _ => {
            sink.push(node.mismatch("a list of names"));
            return None;
        }
    };
    if names.is_empty() {
        let problem = Problem::new("wrong-shape", node.span, "the list of names is empty");
        sink.push(problem.label("name at least one field").help(format!("or leave `{key}` out")));
        return None;
    }
    Some(names)
}

fn rows(key: &str, entries: &Entries<'_>, sink: &mut Sink) -> Option<Spanned<u32>> {
    let node = &entries.known().find(|entry| entry.key == key)?.node;
    let value = u32::try_from(node.integer(1, 10_000, sink)?).ok()?;
    Some(Spanned { value, span: node.span })
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
