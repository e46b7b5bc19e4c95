//! Decides whether a request is allowed. No other code does.

use sea_orm::Value;

use super::scope::Authority;
use super::{FieldMasks, Identity, Principal, RowRule, Scope, Term};
use crate::error::ApiError;
use crate::meta::{ActionMeta, Condition, ConditionValue, ModelMeta, Operation, RuleMeta, Who};
use crate::model::{Id, typed_value};

/// Decides whether the caller may perform an action, and on which rows and fields. An action that no rule grants is
/// refused, and a denial of the account itself overrides every grant.
///
/// # Errors
/// 401 `LoginRequired` for an anonymous caller, 403 `NotEnoughPermissions` for an account.
pub(crate) fn decide(
    meta: &'static ModelMeta,
    masks: &FieldMasks,
    action: &'static ActionMeta,
    principal: &Principal,
) -> Result<Scope, ApiError> {
    let rows = granted(meta, action, principal).ok_or_else(|| refuse(principal))?;
    let (read, write) = (masks.read(meta, principal), masks.write(meta, principal));
    Ok(Scope { rows, seen: seen(meta, action, principal), read, write, authority: Authority::Caller })
}

/// The rows that the caller sees. `View` and `Create` need no further limit: the first is limited by its own rows, and
/// the second creates its row. Every other action is limited to rows that the caller may view.
fn seen(meta: &'static ModelMeta, action: &'static ActionMeta, principal: &Principal) -> RowRule {
    if matches!(action.action, "View" | "Create") {
        return RowRule::Every;
    }
    let view = meta.action_of(Operation::FindOne);
    granted(meta, view, principal).unwrap_or(RowRule::AnyOf(Vec::new()))
}

/// The rows for which the action is granted; `None` if it is not granted at all.
pub(crate) fn granted(meta: &ModelMeta, action: &'static ActionMeta, principal: &Principal) -> Option<RowRule> {
    let Some(identity) = principal.identity() else {
        return rule_of(meta, public(action).collect(), None);
    };
    if identity.super_user {
        return Some(RowRule::Every);
    }
    if identity.denied.contains(action.permission) {
        return None;
    }
    match through_roles(action, identity) {
        Granted::Everywhere => Some(RowRule::Every),
        Granted::By(mut rules) => {
            rules.extend(action.rules.iter().filter(|rule| matches!(rule.who, Who::Public | Who::Authenticated)));
            rule_of(meta, rules, Some(identity.account))
        }
    }
}

/// Narrows a scope to the rows that match the preset conditions of the operation's route. The conditions select the
/// rows that a write may start from; the written row need not match them any more.
pub(crate) fn within_route(
    mut scope: Scope,
    meta: &'static ModelMeta,
    operation: Operation,
    principal: &Principal,
) -> Scope {
    let preset = meta.route(operation).and_then(|route| route.preset);
    let Some(preset) = preset.filter(|preset| !preset.conditions.is_empty()) else { return scope };
    let account = principal.identity().map(|identity| identity.account);
    let terms = terms(meta, preset.conditions, account);
    let looks = meta.action_of(operation).action == "View";
    if looks {
        scope.rows.narrow(terms)
    } else {
        scope.seen.narrow(terms)
    }
    scope
}

fn refuse(principal: &Principal) -> ApiError {
    match principal {
        Principal::Anonymous => ApiError::login_required(),
        Principal::Account(_) => ApiError::not_enough_permissions(),
    }
}

enum Granted {
    /// Granted to the account itself, or through a role that no rule of the YAML names for this action.
    Everywhere,
    By(Vec<&'static RuleMeta>),
}

/// Collects the rules that apply to the roles of the account. A role that the YAML names for this action is limited by
/// the rules that name it. A role that was created at run time, and a permission that was granted to the account
/// itself, cover every row.
fn through_roles(action: &'static ActionMeta, identity: &Identity) -> Granted {
    if identity.allowed.contains(action.permission) {
        return Granted::Everywhere;
    }
    let mut rules = Vec::new();
    if !identity.held.contains(action.permission) {
        return Granted::By(rules);
    }
    for role in identity.roles.iter().filter(|role| role.permissions.contains(action.permission)) {
        let before = rules.len();
        rules.extend(action.rules.iter().filter(|rule| names(rule, &role.name)));
        if rules.len() == before {
            return Granted::Everywhere;
        }
    }
    Granted::By(rules)
}

fn names(rule: &RuleMeta, role: &str) -> bool {
    matches!(rule.who, Who::Roles(roles) if roles.contains(&role))
}

fn public(action: &'static ActionMeta) -> impl Iterator<Item = &'static RuleMeta> {
    action.rules.iter().filter(|rule| rule.who == Who::Public)
}

/// The rows that at least one of the rules covers; `None` if there is no rule.
fn rule_of(meta: &ModelMeta, rules: Vec<&'static RuleMeta>, account: Option<Id>) -> Option<RowRule> {
    if rules.is_empty() {
        return None;
    }
    if rules.iter().any(|rule| rule.conditions.is_empty()) {
        return Some(RowRule::Every);
    }
    // A rule with `$me` matches no row for an anonymous caller, so it is left out.
    let groups = rules.iter().filter_map(|rule| terms(meta, rule.conditions, account)).collect();
    Some(RowRule::AnyOf(groups))
}

fn terms(meta: &ModelMeta, conditions: &[Condition], account: Option<Id>) -> Option<Vec<Term>> {
    conditions
        .iter()
        .map(|condition| Some(Term { field: condition.field, value: value(meta, condition, account)? }))
        .collect()
}

fn value(meta: &ModelMeta, condition: &Condition, account: Option<Id>) -> Option<Option<Value>> {
    let kind = meta.fields[condition.field].kind;
    match condition.value {
        ConditionValue::Me => account.map(|id| Some(id.into())),
        ConditionValue::Null => Some(None),
        ConditionValue::Boolean(value) => Some(Some(value.into())),
        ConditionValue::Integer(value) => typed_value(kind, &value.to_string()).ok().map(Some),
        ConditionValue::Float(value) => Some(Some(value.into())),
        ConditionValue::Text(value) => typed_value(kind, value).ok().map(Some),
    }
}
