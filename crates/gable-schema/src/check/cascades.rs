//! Cascades that would delete accounts, or the permissions denied to them. The runtime does not see rows that only
//! the database deletes, so neither the last super user nor a denied permission would be protected.

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftModel, DraftRelation};
use crate::schema::{AuthMode, ModelKind, OnDelete};

use super::{CheckContext, role_models};

pub(crate) fn check(context: &CheckContext<'_, '_>, mode: Option<AuthMode>, sink: &mut Sink) {
    for draft in context.drafts {
        let kind = if context.is_account(&draft.name.value) {
            ModelKind::Account
        } else {
            role_models::kind(&draft.name.value, mode)
        };
        let cascades = draft.relations.iter().filter(|relation| cascades(relation));
        for relation in cascades.filter(|relation| bypasses_checks(context, kind, &relation.target.value, mode)) {
            sink.push(problem(draft, relation, kind));
        }
    }
}

fn cascades(relation: &DraftRelation) -> bool {
    relation.key().is_some_and(|key| key.on_delete == OnDelete::Cascade)
}

/// Returns true if a cascade from the target onto rows of this kind bypasses the runtime's checks. A row of
/// `UserPermission` may be deleted with its account, without which it has no meaning, and with its permission, whose
/// deletion is checked.
fn bypasses_checks(context: &CheckContext<'_, '_>, kind: ModelKind, target: &str, mode: Option<AuthMode>) -> bool {
    match kind {
        ModelKind::Account | ModelKind::Permission => true,
        ModelKind::AccountPermission => {
            !context.is_account(target) && role_models::kind(target, mode) != ModelKind::Permission
        }
        ModelKind::Role | ModelKind::AccountRole | ModelKind::Ordinary => false,
    }
}

fn problem(draft: &DraftModel<'_>, relation: &DraftRelation, kind: ModelKind) -> Problem {
    let (name, target) = (&draft.name.value, &relation.target.value);
    let (label, effect) = match kind {
        ModelKind::Account => ("this cascade deletes accounts", "and thereby possibly the last super user"),
        _ => ("this cascade deletes denied permissions", "and thereby restore permissions that were denied"),
    };
    let message = format!("deleting a `{target}` would delete rows of `{name}`, {effect}");
    let help = if relation.key().is_some_and(|key| key.key.field.optional) {
        "write `onDelete: restrict`, or `onDelete: setNull`"
    } else {
        "write `onDelete: restrict`, or `optional: true` with `onDelete: setNull`"
    };
    Problem::new("cascade", relation.name.span, message).label(label).help(help)
}
