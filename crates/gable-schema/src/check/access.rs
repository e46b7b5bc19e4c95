//! Checks `access:` against the fields, the account and the roles.

use crate::diagnostic::{Problem, Sink, Span};
use crate::draft::{DraftAccess, DraftModel, DraftRule, DraftWho};
use crate::lower::{ValueUse, check_roles, checked_value};
use crate::names;
use crate::node::{Node, Spanned, Value};
use crate::schema::{Access, Condition, ConditionValue, FieldType, Origin, Rule, Who};

use super::CheckContext;
use super::auth::CheckedAuth;
use super::columns::{Column, Columns};

const BUILT_IN: &[&str] = &["View", "Create", "Update", "Delete"];
const RESTORE: &str = "Restore";
/// The permission to see why an account may or may not do something.
const EXPLAIN: &str = "Explain";

/// Returns the actions that a model has without naming them in its YAML.
fn built_in(draft: &DraftModel<'_>) -> impl Iterator<Item = &'static str> {
    let restore = draft.soft_delete.then_some(RESTORE);
    let explain = (draft.name.value == "AuthPermission").then_some(EXPLAIN);
    BUILT_IN.iter().copied().chain(restore).chain(explain)
}

pub(crate) fn check(
    context: &CheckContext<'_, '_>,
    columns: &[Columns],
    auth: &CheckedAuth,
    sink: &mut Sink,
) -> Vec<Vec<Access>> {
    check_constants(context, sink);
    let models = context.drafts.iter().zip(columns);
    models.map(|(draft, columns)| Checker { context, draft, columns, auth }.model(sink)).collect()
}

/// Two pairs of resource and action must not share a constant: `Post` + `CommentView` and `PostComment` + `View`.
fn check_constants(context: &CheckContext<'_, '_>, sink: &mut Sink) {
    let mut taken: std::collections::HashMap<String, (String, String)> = std::collections::HashMap::new();
    for draft in context.drafts {
        let written = draft.access.iter().map(|access| (access.action.value.as_str(), access.action.span));
        let implicit = built_in(draft).map(|action| (action, draft.name.span));
        let implicit = implicit.filter(|(action, _)| !draft.access.iter().any(|access| access.action.value == *action));
        for (action, span) in written.chain(implicit) {
            let constant = names::permission_constant(&draft.name.value, action);
            let this = format!("`{}` + `{action}`", draft.name.value);
            // Models whose own names clash were already reported.
            let Some((model, other)) = taken.insert(constant.clone(), (names::snake(&draft.name.value), this.clone()))
            else {
                continue;
            };
            if model != names::snake(&draft.name.value) {
                sink.push(
                    Problem::new("name-clash", span, format!("{this} clashes with {other}"))
                        .label(format!("both would be the permission `{constant}`"))
                        .help("rename the action"),
                );
            }
        }
    }
}

/// The rules of one model.
pub(super) struct Checker<'c, 'd, 'n> {
    pub(super) context: &'c CheckContext<'d, 'n>,
    pub(super) draft: &'c DraftModel<'n>,
    pub(super) columns: &'c Columns,
    pub(super) auth: &'c CheckedAuth,
}

impl Checker<'_, '_, '_> {
    /// Returns every built-in action, without rules if the YAML does not mention it, then the custom actions.
    fn model(&self, sink: &mut Sink) -> Vec<Access> {
        self.check_field_roles(sink);
        let mut all: Vec<Access> = built_in(self.draft).map(without_rules).collect();
        for access in &self.draft.access {
            self.check_restore(access, sink);
            let checked = self.access(access, sink);
            match all.iter_mut().find(|other| other.action == checked.action) {
                Some(slot) => *slot = checked,
                None => all.push(checked),
            }
        }
        all
    }

    fn check_restore(&self, access: &DraftAccess<'_>, sink: &mut Sink) {
        if access.action.value == RESTORE && !self.draft.soft_delete {
            let message = format!("`{}` has no soft delete, so nothing can be restored", self.draft.name.value);
            let problem = Problem::new("invalid-access", access.action.span, message)
                .label("only models with soft delete have this action");
            sink.push(problem.help("add `softDelete: true`"));
        }
    }

    fn access(&self, access: &DraftAccess<'_>, sink: &mut Sink) -> Access {
        Access {
            action: access.action.value.clone(),
            description: access.description.clone(),
            rules: access.rules.iter().map(|rule| self.rule(rule, sink)).collect(),
        }
    }

    fn rule(&self, rule: &DraftRule<'_>, sink: &mut Sink) -> Rule {
        let who = match &rule.who {
            DraftWho::Public => Who::Public,
            DraftWho::Authenticated => {
                self.check_account(rule.span, sink);
                Who::Authenticated
            }
            DraftWho::Roles(roles) => {
                self.check_account(rule.span, sink);
                roles.iter().for_each(|role| self.auth.check_role(role, sink));
                Who::Roles(roles.iter().map(|role| role.value.clone()).collect())
            }
        };
        let conditions = rule.conditions.iter().filter_map(|(name, node)| self.condition(&who, name, node, sink));
        let conditions = conditions.collect();
        Rule { who, conditions }
    }

    /// Without accounts, only rules for `public` can ever match.
    pub(super) fn check_account(&self, span: Span, sink: &mut Sink) {
        if self.context.account.is_none() && self.context.complete {
            let message = "no caller can ever satisfy this, because there is no account model";
            let problem = Problem::new("missing-account", span, message).label("requires a log-in");
            sink.push(problem.help("add `account: true` to the model that people log in as, or use `public`"));
        }
    }

    fn check_field_roles(&self, sink: &mut Sink) {
        let keys = self.draft.relations.iter().filter_map(|relation| relation.key()).map(|key| &key.key);
        for field in self.draft.fields.iter().chain(keys) {
            if let Some(first) = field.roles.first() {
                self.check_account(first.span, sink);
            }
            // Each list is checked separately, because a role may be in both.
            let reads = field.field.read_roles.as_ref().map_or(0, Vec::len);
            let (read, write) = field.roles.split_at(reads.min(field.roles.len()));
            if check_roles(read, sink) & check_roles(write, sink) {
                field.roles.iter().for_each(|role| self.auth.check_role(role, sink));
            }
        }
    }

    /// Checks one condition of a `where:`, for the callers of its rule.
    pub(super) fn condition(
        &self,
        who: &Who,
        name: &Spanned<String>,
        node: &Node,
        sink: &mut Sink,
    ) -> Option<Condition> {
        let column = self.columns.resolve(name, self.draft, sink)?;
        if !column.valid {
            return None;
        }
        check_comparable(column, name, sink)?;
        let value = match &node.value {
            Value::Text(text) if text == "$me" => self.me(who, column, node, sink)?,
            Value::Null if column.field.optional => ConditionValue::Null,
            _ => ConditionValue::Value(checked_value(&column.field.ty, node, ValueUse::Where, sink)?),
        };
        Some(Condition { field: name.value.clone(), value })
    }

    fn me(&self, who: &Who, column: &Column, node: &Node, sink: &mut Sink) -> Option<ConditionValue> {
        if *who == Who::Public {
            let problem = Problem::new("invalid-where", node.span, "`$me` requires a log-in, but the rule is public");
            sink.push(problem.label("an anonymous caller has no account").help("use `authenticated` or roles"));
            return None;
        }
        if self.context.account.is_none() || self.is_account_key(column) {
            return Some(ConditionValue::Me);
        }
        let message = format!("`$me` is an account, but `{}` does not refer to accounts", column.field.name);
        let keys: Vec<&str> =
            self.columns.iter().filter(|c| self.is_account_key(c)).map(|c| c.field.name.as_str()).collect();
        let help = (!keys.is_empty())
            .then(|| format!("the keys of this model that refer to accounts: {}", crate::nearest::quoted(&keys)));
        let problem = Problem::new("invalid-where", node.span, message).label("must be a key to the account model");
        sink.push(problem.maybe_help(help));
        None
    }

    fn is_account_key(&self, column: &Column) -> bool {
        match &column.field.origin {
            Origin::Id => self.context.is_account(&self.draft.name.value),
            Origin::ForeignKey { relation } => {
                let relation = self.draft.relations.iter().find(|declared| declared.name.value == *relation);
                relation.is_some_and(|relation| self.context.is_account(&relation.target.value))
            }
            _ => false,
        }
    }
}

fn without_rules(action: &str) -> Access {
    Access { action: action.to_owned(), description: None, rules: Vec::new() }
}

/// Refuses a condition on a private field, whose value the visible rows would reveal, or on a type that not every
/// database can compare.
fn check_comparable(column: &Column, name: &Spanned<String>, sink: &mut Sink) -> Option<()> {
    let field = &column.field;
    let long = matches!(
        field.ty,
        FieldType::Text { .. } | FieldType::Json { .. } | FieldType::EnumList { .. } | FieldType::Password
    );
    if !field.private && !long {
        return Some(());
    }
    let why = if field.private { "it is private" } else { "its type cannot be compared in every database" };
    let message = format!("`{}` cannot be part of a condition", field.name);
    sink.push(Problem::new("invalid-where", name.span, message).label(why));
    None
}
