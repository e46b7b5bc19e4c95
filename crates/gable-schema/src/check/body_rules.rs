//! Checks `validation:` of the auth routes: each key must exist in the body of its route.

use crate::diagnostic::{Problem, Sink};
use crate::lower::{AuthDraft, AuthRouteDraft, Values, lower_body_rule};
use crate::nearest::suggestion;
use crate::node::{Entry, Value};
use crate::schema::{AuthOperation, AuthRoute, BodyRule, Field, FieldType, Identifier, Origin, PasswordPolicy};

use super::columns::{Column, Columns};

/// A key that a body can contain.
struct Key<'a> {
    name: &'a str,
    values: Values<'a>,
}

/// The parts of the schema that determine the keys of the bodies.
struct Bodies<'a> {
    account: Option<&'a Columns>,
    draft: &'a AuthDraft<'a>,
    identifiers: &'a [Identifier],
    password: Values<'a>,
}

pub(super) fn check(
    account: Option<&Columns>,
    draft: Option<&AuthDraft<'_>>,
    identifiers: &[Identifier],
    policy: &PasswordPolicy,
    sink: &mut Sink,
) -> Vec<AuthRoute> {
    let Some(draft) = draft else {
        return Vec::new();
    };
    let password = Values::Text { min: Some(policy.min), max: Some(policy.max) };
    let bodies = Bodies { account, draft, identifiers, password };
    let resolved = |route: &AuthRouteDraft<'_>| AuthRoute {
        operation: route.operation,
        route: route.route.clone(),
        validation: bodies.rules(route, sink),
    };
    draft.routes.iter().map(resolved).collect()
}

impl<'a> Bodies<'a> {
    fn rules(&self, route: &AuthRouteDraft<'_>, sink: &mut Sink) -> Vec<BodyRule> {
        let Some(validation) = route.validation else {
            return Vec::new();
        };
        let Some(keys) = self.keys(route.operation) else {
            sink.push(without_body(route.name, validation));
            return Vec::new();
        };
        // A key without a value means no rules, as everywhere in the language.
        let written = if matches!(validation.node.value, Value::Null) { None } else { validation.node.map(sink) };
        written.unwrap_or_default().iter().filter_map(|entry| rule(route.name, entry, &keys, sink)).collect()
    }

    /// Returns the keys of the operation's body, or `None` if the operation takes no body.
    fn keys(&self, operation: AuthOperation) -> Option<Vec<Key<'a>>> {
        match operation {
            AuthOperation::Signup => Some(self.fields(|field| !is_role(field))),
            AuthOperation::UpdateMe => {
                Some(self.fields(|field| !is_role(field) && !field.immutable && field.ty != FieldType::Password))
            }
            AuthOperation::Login => Some(self.credentials()),
            AuthOperation::UpdatePassword => Some(vec![text("currentPassword"), self.new_password("newPassword")]),
            AuthOperation::ForgotPassword => Some(vec![text("identifier"), text("email")]),
            // The surfaces use different keys for the token and the password.
            AuthOperation::ResetPassword => Some(vec![
                text("token"),
                text("passwordResetToken"),
                self.new_password("password"),
                self.new_password("newPassword"),
            ]),
            AuthOperation::VerifyEmail => Some(vec![text("token"), text("code"), text("email")]),
            AuthOperation::ResendVerification => Some(vec![text("email")]),
            AuthOperation::ChangeEmail => Some(vec![text("newEmail")]),
            AuthOperation::Logout
            | AuthOperation::LogoutAll
            | AuthOperation::Renew
            | AuthOperation::GetMe
            | AuthOperation::DeleteMe
            | AuthOperation::ListSessions
            | AuthOperation::RevokeSession
            | AuthOperation::LoginHistory => None,
        }
    }

    fn new_password(&self, name: &'static str) -> Key<'a> {
        Key { name, values: self.password }
    }

    /// Returns the fields that a caller may set on their own account.
    fn fields(&self, writable: fn(&Field) -> bool) -> Vec<Key<'a>> {
        let columns = self.account.into_iter().flat_map(Columns::iter);
        let own = columns.filter(|column| {
            let field = &column.field;
            field.origin == Origin::Declared && !field.read_only && !field.private && writable(field)
        });
        own.map(|column| Key { name: &column.field.name, values: self.values(column) }).collect()
    }

    fn values(&self, column: &'a Column) -> Values<'a> {
        match &column.field.ty {
            _ if !column.valid => Values::Unknown,
            FieldType::Password => self.password,
            ty => Values::of(ty),
        }
    }

    /// Returns the keys of a log-in. The key of a refused identifier counts as known, because the identifier was
    /// already reported.
    fn credentials(&self) -> Vec<Key<'a>> {
        let written = self.draft.allowed_usernames.iter().flat_map(|paths| &paths.value);
        let last = written.filter_map(|path| path.value.rsplit('.').next());
        let resolved = self.identifiers.iter().map(|identifier| identifier.body_key.as_str());
        let mut names: Vec<&str> = resolved.chain(last).chain(["username", "password"]).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| Key { name, values: Values::TEXT }).collect()
    }
}

/// A key with any text, which is not stored as received.
fn text(name: &'static str) -> Key<'static> {
    Key { name, values: Values::TEXT }
}

/// Returns true for the role of an account in static mode, which the account cannot set itself.
fn is_role(field: &Field) -> bool {
    matches!(field.name.as_str(), "role" | "roles")
        && matches!(field.ty, FieldType::Enum { .. } | FieldType::EnumList { .. })
}

fn rule(route: &str, entry: &Entry, keys: &[Key<'_>], sink: &mut Sink) -> Option<BodyRule> {
    let Some(key) = keys.iter().find(|key| key.name == entry.key) else {
        sink.push(unknown_key(route, entry, keys));
        return None;
    };
    lower_body_rule(entry, key.values, sink)
}

fn without_body(route: &str, validation: &Entry) -> Problem {
    Problem::new("attribute-not-allowed", validation.key_span, format!("`{route}` takes no body"))
        .label("there is nothing to validate")
        .help("remove `validation`")
}

fn unknown_key(route: &str, entry: &Entry, keys: &[Key<'_>]) -> Problem {
    let message = format!("the body of `{route}` has no key `{}`", entry.key);
    let help = suggestion(&entry.key, keys.iter().map(|key| key.name));
    Problem::new("unknown-field", entry.key_span, message).label("unknown key").maybe_help(help)
}
