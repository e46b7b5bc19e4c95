//! Explains why an account may or may not perform an action, from the same data that `decide` uses.

use serde::Serialize;

use super::catalogue::CatalogueEntry;
use super::{FieldMasks, Identity, Principal, RowRule, granted};
use crate::meta::{Condition, ConditionValue, ModelMeta, RuleMeta, Who};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    account: String,
    resource: &'static str,
    action: &'static str,
    allowed: bool,
    /// The reasons: `super user`, `denied to the account`, `allowed to the account`, `role <name>`, `public` or
    /// `authenticated`.
    because: Vec<String>,
    /// Alternatives, each a list of conditions that must all hold. `None` if the action is granted for every row, or
    /// not at all.
    rows: Option<Vec<Vec<String>>>,
    hidden_fields: Vec<&'static str>,
}

pub(crate) fn explain(
    entry: &CatalogueEntry,
    masks: &FieldMasks,
    principal: &Principal,
    who: &Identity,
) -> Explanation {
    let rule = granted(entry.meta, entry.action, principal);
    let readable = masks.read(entry.meta, principal);
    let hidden = entry.meta.fields.iter().enumerate().filter(|(position, _)| !readable.contains(*position));
    Explanation {
        account: who.account.to_string(),
        resource: entry.meta.resource,
        action: entry.action.action,
        allowed: rule.is_some(),
        because: because(entry, who),
        rows: match rule {
            Some(RowRule::AnyOf(_)) => Some(conditions(entry, who)),
            _ => None,
        },
        hidden_fields: hidden.filter(|(_, field)| !field.private).map(|(_, field)| field.name).collect(),
    }
}

fn because(entry: &CatalogueEntry, who: &Identity) -> Vec<String> {
    let permission = entry.action.permission;
    if who.super_user {
        return vec!["super user".to_owned()];
    }
    if who.denied.contains(permission) {
        return vec!["denied to the account".to_owned()];
    }
    let mut reasons = Vec::new();
    if who.allowed.contains(permission) {
        reasons.push("allowed to the account".to_owned());
    }
    let roles = who.roles.iter().filter(|role| role.permissions.contains(permission));
    reasons.extend(roles.map(|role| format!("role {}", role.name)));
    reasons.extend(entry.action.rules.iter().filter_map(|rule| match rule.who {
        Who::Public => Some("public".to_owned()),
        Who::Authenticated => Some("authenticated".to_owned()),
        Who::Roles(_) => None,
    }));
    reasons
}

/// The conditions of each rule that applies to the account, as text.
fn conditions(entry: &CatalogueEntry, who: &Identity) -> Vec<Vec<String>> {
    let applies = |rule: &&RuleMeta| match rule.who {
        Who::Public | Who::Authenticated => true,
        Who::Roles(names) => who
            .roles
            .iter()
            .any(|role| names.contains(&role.name.as_str()) && role.permissions.contains(entry.action.permission)),
    };
    let rules = entry.action.rules.iter().filter(applies);
    rules.map(|rule| rule.conditions.iter().map(|condition| described(entry.meta, condition)).collect()).collect()
}

fn described(meta: &ModelMeta, condition: &Condition) -> String {
    let field = meta.fields[condition.field].name;
    match condition.value {
        ConditionValue::Me => format!("{field} = $me"),
        ConditionValue::Null => format!("{field} is null"),
        ConditionValue::Boolean(value) => format!("{field} = {value}"),
        ConditionValue::Integer(value) => format!("{field} = {value}"),
        ConditionValue::Float(value) => format!("{field} = {value}"),
        ConditionValue::Text(value) => format!("{field} = {value}"),
    }
}
