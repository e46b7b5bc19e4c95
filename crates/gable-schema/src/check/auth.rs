//! Checks authentication: the mode, the roles, and the parts of `auth:` that depend on the account model.

use crate::diagnostic::{Problem, Sink, Span};
use crate::draft::{DraftField, DraftModel};
use crate::lower::{AppDraft, AuthDraft, default_auth};
use crate::nearest::{quoted, suggestion};
use crate::node::Spanned;
use crate::schema::{Auth, AuthMode, FieldType, Login, Relation};

use super::CheckContext;
use super::columns::Columns;
use super::{body_rules, email, identifiers, role_models};

/// Results that the checks of access rules use.
pub(crate) struct CheckedAuth {
    pub(crate) auth: Option<Auth>,
    /// None if there is no account model or the mode could not be determined.
    pub(crate) mode: Option<AuthMode>,
    /// All roles in static mode; none in dynamic mode.
    roles: Option<Vec<String>>,
}

impl CheckedAuth {
    /// Refuses an unknown role in static mode; in dynamic mode any role may be created later.
    pub(crate) fn check_role(&self, role: &Spanned<String>, sink: &mut Sink) {
        let Some(roles) = &self.roles else {
            return;
        };
        if roles.contains(&role.value) {
            return;
        }
        let help = suggestion(&role.value, roles.iter().map(String::as_str));
        let message = format!("unknown role `{}`", role.value);
        let label = "not one of the roles of the account model";
        sink.push(Problem::new("unknown-role", role.span, message).label(label).maybe_help(help));
    }
}

const NO_ACCOUNT: CheckedAuth = CheckedAuth { auth: None, mode: None, roles: None };

pub(crate) fn check(
    context: &CheckContext<'_, '_>,
    columns: &[Columns],
    relations: &[Vec<Relation>],
    app: &AppDraft<'_>,
    sink: &mut Sink,
) -> CheckedAuth {
    let Some(account) = context.account else {
        if let Some(auth) = app.auth.as_ref().filter(|_| context.complete) {
            sink.push(missing_account(auth.span));
        }
        check_enum_lists(context, None, sink);
        return NO_ACCOUNT;
    };
    let draft = app.auth.as_ref();
    let role_field = role_field(account, sink);
    let mode = mode(context, account, role_field, draft, sink);
    check_enum_lists(context, (mode == Some(AuthMode::Static)).then_some(role_field).flatten(), sink);
    let roles = role_field.filter(|_| mode == Some(AuthMode::Static)).and_then(role_values);
    let mut outcome = CheckedAuth { auth: None, mode, roles };
    if let Some(role) = draft.and_then(|draft| draft.default_role.as_ref()) {
        outcome.check_role(role, sink);
    }
    check_sign_up(&outcome, role_field, draft, sink);
    email::check(account, draft, sink);
    let lookup = identifiers::Lookup { context, columns, relations };
    let identifiers =
        identifiers::resolve(&lookup, account, draft.and_then(|draft| draft.allowed_usernames.as_ref()), sink);
    let settings = draft.map_or_else(default_auth, |draft| draft.auth.clone());
    let own = lookup.columns(&account.name.value);
    let routes = body_rules::check(own, draft, &identifiers, &settings.password, sink);
    outcome.auth = mode.map(|mode| Auth {
        mode,
        routes,
        default_role: draft.and_then(|draft| draft.default_role.as_ref()).map(|role| role.value.clone()),
        login: Login { identifiers, ..settings.login.clone() },
        ..settings
    });
    outcome
}

fn missing_account(span: Span) -> Problem {
    Problem::new("missing-account", span, "app.yaml has `auth:`, but there is no account model")
        .label("nobody could log in")
        .help("add `account: true` to the model that people log in as")
}

/// Returns the field `role` or `roles` of the account, whichever is an enum.
fn role_field<'d>(account: &'d DraftModel<'_>, sink: &mut Sink) -> Option<&'d DraftField> {
    let is_role = |field: &&DraftField| match field.field.name.as_str() {
        "role" => matches!(field.field.ty, FieldType::Enum { .. }),
        "roles" => matches!(field.field.ty, FieldType::EnumList { .. }),
        _ => false,
    };
    let mut found = account.fields.iter().filter(is_role);
    let first = found.next();
    if let Some(second) = found.next() {
        let problem = Problem::new("contradiction", second.span, "the account has both `role` and `roles`");
        sink.push(problem.label("keep one of the two"));
    }
    first
}

fn role_values(field: &DraftField) -> Option<Vec<String>> {
    match &field.field.ty {
        FieldType::Enum { values, .. } | FieldType::EnumList { values, .. } => {
            Some(values.iter().map(|value| value.value.clone()).collect())
        }
        _ => None,
    }
}

fn mode(
    context: &CheckContext<'_, '_>,
    account: &DraftModel<'_>,
    role_field: Option<&DraftField>,
    draft: Option<&AuthDraft<'_>>,
    sink: &mut Sink,
) -> Option<AuthMode> {
    let missing = role_models::missing(context);
    let written = draft.and_then(|draft| draft.mode.as_ref());
    match written.map(|mode| mode.value) {
        Some(AuthMode::Static) if role_field.is_none() => {
            let span = written.map_or(account.name.span, |mode| mode.span);
            if account.fields.iter().all(|field| field.valid) {
                sink.push(missing_role_field(span, &account.name.value));
            }
            None
        }
        Some(AuthMode::Static) => Some(AuthMode::Static),
        None if !missing.is_empty() && role_field.is_some() => Some(AuthMode::Static),
        _ if missing.is_empty() => Some(AuthMode::Dynamic),
        _ => {
            let span = written.map(|mode| mode.span).or(account.account).unwrap_or(account.name.span);
            if context.complete {
                sink.push(missing_role_models(span, &missing, written.is_some()));
            }
            None
        }
    }
}

fn missing_role_field(span: Span, account: &str) -> Problem {
    let message = format!("static mode needs a field for roles in the account model `{account}`");
    Problem::new("missing-role-field", span, message)
        .label("it has neither `role` nor `roles`")
        .help("add `role: { type: enum, values: [author, editor] }` to its fields")
}

fn missing_role_models(span: Span, missing: &[&str], written: bool) -> Problem {
    let message = format!("dynamic mode stores roles in tables, but models are missing: {}", quoted(missing));
    let help = if written {
        "add these models, or use `mode: static` with a `role` enum on the account"
    } else {
        "add these models, or a `role` enum on the account for static mode"
    };
    Problem::new("missing-role-models", span, message).label("without them, no account can have a role").help(help)
}

/// Checks that `enum[]` is only used for the roles of an account in static mode.
fn check_enum_lists(context: &CheckContext<'_, '_>, roles: Option<&DraftField>, sink: &mut Sink) {
    let allowed = roles.map(|field| field.span);
    let fields = context.drafts.iter().flat_map(|draft| &draft.fields);
    for field in fields.filter(|field| matches!(field.field.ty, FieldType::EnumList { .. })) {
        if Some(field.span) != allowed {
            let problem = Problem::new("list-outside-roles", field.span, "the type `enum[]` is not possible here");
            sink.push(
                problem
                    .label("only for the field `roles` of the account model, in static mode")
                    .help("use a separate model and `manyToMany`, or the type `json`"),
            );
        }
    }
}

/// Checks that sign-up can fill in the role.
fn check_sign_up(
    outcome: &CheckedAuth,
    role_field: Option<&DraftField>,
    draft: Option<&AuthDraft<'_>>,
    sink: &mut Sink,
) {
    let Some(field) = role_field.filter(|_| outcome.mode == Some(AuthMode::Static)) else {
        return;
    };
    let has_default_role = draft.is_some_and(|draft| draft.default_role.is_some());
    let is_list = matches!(field.field.ty, FieldType::EnumList { .. });
    if has_default_role || is_list || field.field.optional || field.field.default.is_some() {
        return;
    }
    sink.push(
        Problem::new("missing-default-role", field.span, "an account that signs up would have no role")
            .label("required, but without a default")
            .help("add a `default`, or `defaultRole` under `auth:` in app.yaml"),
    );
}
