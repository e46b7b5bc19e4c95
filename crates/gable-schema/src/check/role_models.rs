//! The four models that store roles and permissions in dynamic mode. An application may extend them; the fields that
//! the runtime reads and writes must exist with the expected types.

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftKind, DraftModel, DraftRelation, DraftWho};
use crate::names;
use crate::schema::{AuthMode, FieldType, ModelKind};

use super::CheckContext;
use super::columns::{Column, Columns};
use super::identifiers::is_unique;

const ROLE: &str = "AuthRole";
const PERMISSION: &str = "AuthPermission";
const ACCOUNT_ROLE: &str = "UserRole";
const ACCOUNT_PERMISSION: &str = "UserPermission";

const ALL: &[(&str, ModelKind)] = &[
    (ROLE, ModelKind::Role),
    (PERMISSION, ModelKind::Permission),
    (ACCOUNT_ROLE, ModelKind::AccountRole),
    (ACCOUNT_PERMISSION, ModelKind::AccountPermission),
];

/// Outside dynamic mode, these model names have no special meaning.
pub(crate) fn kind(name: &str, mode: Option<AuthMode>) -> ModelKind {
    let special = ALL.iter().find(|(special, _)| *special == name && mode == Some(AuthMode::Dynamic));
    special.map_or(ModelKind::Ordinary, |(_, kind)| *kind)
}

/// Returns the role models that are missing.
pub(crate) fn missing(context: &CheckContext<'_, '_>) -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).filter(|name| context.draft(name).is_none()).collect()
}

pub(crate) fn check(context: &CheckContext<'_, '_>, columns: &[Columns], mode: Option<AuthMode>, sink: &mut Sink) {
    for (draft, columns) in context.drafts.iter().zip(columns) {
        let checker = Checker { context, draft, columns };
        let kind = kind(&draft.name.value, mode);
        if draft.soft_delete && !matches!(kind, ModelKind::Ordinary | ModelKind::Account) {
            checker.refuse(
                "it cannot have soft delete, because restoring a row would restore revoked rights",
                "remove `softDelete`",
                sink,
            );
        }
        match kind {
            ModelKind::Role => checker.role(sink),
            ModelKind::Permission => checker.permission(sink),
            ModelKind::AccountRole => checker.account_role(sink),
            ModelKind::AccountPermission => checker.account_permission(sink),
            ModelKind::Ordinary | ModelKind::Account => {}
        }
    }
}

struct Checker<'c, 'd, 'n> {
    context: &'c CheckContext<'d, 'n>,
    draft: &'c DraftModel<'n>,
    columns: &'c Columns,
}

impl Checker<'_, '_, '_> {
    fn role(&self, sink: &mut Sink) {
        let name = self.string("name", self.longest_role(), sink);
        if name.is_some_and(|column| !is_unique(column, self.draft)) {
            self.refuse("`name` must be unique", "write `name: { type: string, unique: true }`", sink);
        }
        self.permissions_relation(sink);
        self.writable(&["name"], sink);
    }

    fn permissions_relation(&self, sink: &mut Sink) {
        let relation = self.draft.relations.iter().find(|relation| relation.name.value == "permissions");
        let valid = relation.is_some_and(|relation| {
            // The runtime inserts the join rows itself, so the join table must have no custom columns.
            matches!(relation.kind, DraftKind::ManyToMany { through: None, .. }) && relation.target.value == PERMISSION
        });
        if !valid {
            let help = format!("write `permissions: {{ manyToMany: {PERMISSION} }}`");
            self.refuse("it needs the relation `permissions` to `AuthPermission`, without `through`", &help, sink);
        }
    }

    fn permission(&self, sink: &mut Sink) {
        let drafts = || self.context.drafts.iter();
        let resource = drafts().map(|draft| names::resource(&draft.name.value).len()).max();
        let action = drafts().flat_map(|draft| &draft.access).map(|access| access.action.value.len()).max();
        self.string("resource", resource.unwrap_or_default(), sink);
        // `Restore` is the longest action that models have without declaring it.
        self.string("action", action.unwrap_or_default().max("Restore".len()), sink);
        self.unique_together(&["resource", "action"], sink);
        self.writable(&["resource", "action"], sink);
    }

    fn account_role(&self, sink: &mut Sink) {
        let account = self.account_key(sink);
        let role = self.key_to(ROLE, sink);
        if let (Some(account), Some(role)) = (account, role) {
            self.unique_together(&[account, role], sink);
            self.writable(&[account, role], sink);
        }
    }

    fn account_permission(&self, sink: &mut Sink) {
        self.account_key(sink);
        self.key_to(PERMISSION, sink);
        let Some(effect) = self.columns.get("effect") else {
            self.refuse("it needs the field `effect`", EFFECT, sink);
            return;
        };
        let values = match &effect.field.ty {
            FieldType::Enum { values, .. } => values.iter().map(|value| value.value.as_str()).collect(),
            _ => Vec::new(),
        };
        let both = values.len() == 2 && values.contains(&"allow") && values.contains(&"deny");
        if effect.valid && (!both || effect.field.optional) {
            self.refuse("`effect` must be either `allow` or `deny`", EFFECT, sink);
        }
    }

    /// Returns the bytes of the longest role named in `access:`; each role is stored in a row.
    fn longest_role(&self) -> usize {
        let access = self.context.drafts.iter().flat_map(|draft| &draft.access);
        let who = access.flat_map(|access| &access.rules).map(|rule| &rule.who);
        let longest = |who: &DraftWho| match who {
            DraftWho::Roles(roles) => roles.iter().map(|role| role.value.len()).max().unwrap_or_default(),
            DraftWho::Public | DraftWho::Authenticated => 0,
        };
        who.map(longest).max().unwrap_or_default()
    }

    /// Checks a required string that the runtime reads, and that is long enough for the values that the runtime
    /// writes.
    fn string(&self, name: &str, longest: usize, sink: &mut Sink) -> Option<&Column> {
        let column = self.columns.get(name);
        let valid = column.is_some_and(|column| {
            !column.valid || (matches!(column.field.ty, FieldType::String { .. }) && !column.field.optional)
        });
        if !valid {
            let help = format!("write `{name}: {{ type: string, max: 80 }}`");
            self.refuse(&format!("it needs `{name}`, a required string"), &help, sink);
            return None;
        }
        if column.is_some_and(|column| column.field.case_insensitive) {
            let requirement = format!("`{name}` must be compared case-sensitively");
            self.refuse(
                &requirement,
                "remove `caseInsensitive`: the server looks names up in their exact spelling",
                sink,
            );
        }
        if let Some(FieldType::String { max, .. }) = column.map(|column| &column.field.ty)
            && (*max as usize) < longest
        {
            let requirement = format!("`{name}` must allow {longest} characters");
            self.refuse(&requirement, "raise its `max`: the server stores names of this schema in the field", sink);
        }
        column
    }

    fn account_key(&self, sink: &mut Sink) -> Option<&str> {
        self.key_to(&self.context.account?.name.value, sink)
    }

    /// Returns the key of the one required `belongsTo` to a model.
    fn key_to(&self, target: &str, sink: &mut Sink) -> Option<&str> {
        let relations = self.draft.relations.iter().filter(|relation| relation.target.value == target);
        let mut keys = relations.filter_map(DraftRelation::key);
        if let (Some(key), None) = (keys.next(), keys.next())
            && !key.key.field.optional
        {
            return Some(&key.key.field.name);
        }
        let requirement = format!("it needs exactly one required `belongsTo: {target}`");
        self.refuse(
            &requirement,
            &format!("write a relation with `{{ belongsTo: {target}, onDelete: cascade }}`"),
            sink,
        );
        None
    }

    fn unique_together(&self, fields: &[&str], sink: &mut Sink) {
        let same = |index: &crate::draft::DraftIndex| {
            index.fields.len() == fields.len() && index.fields.iter().all(|name| fields.contains(&name.value.as_str()))
        };
        if !self.draft.uniques.iter().any(same) {
            let list = fields.join(", ");
            let requirement = format!("{} must be unique together", crate::nearest::quoted(fields));
            self.refuse(&requirement, &format!("add `- [{list}]` under `unique:`"), sink);
        }
    }

    /// Refuses required custom fields without a default: the runtime inserts rows itself, at sign-up and for initial
    /// permissions.
    fn writable(&self, read: &[&str], sink: &mut Sink) {
        let needed = self.columns.iter().filter(|column| {
            let field = &column.field;
            let extra =
                matches!(field.origin, crate::schema::Origin::Declared | crate::schema::Origin::ForeignKey { .. });
            extra && column.valid && !field.optional && field.default.is_none() && !read.contains(&field.name.as_str())
        });
        for column in needed {
            let message = format!(
                "`{}.{}` is required, but the server inserts rows without it",
                self.draft.name.value, column.field.name
            );
            sink.push(
                Problem::new("role-model", column.span, message)
                    .label("the server inserts rows of this model itself")
                    .help("make it optional, or give it a default"),
            );
        }
    }

    fn refuse(&self, requirement: &str, help: &str, sink: &mut Sink) {
        let message = format!(
            "the role model `{}` does not meet a requirement of the server: {requirement}",
            self.draft.name.value
        );
        sink.push(
            Problem::new("role-model", self.draft.name.span, message)
                .label("the server reads and writes this model")
                .help(help),
        );
    }
}

const EFFECT: &str = "write `effect: { type: enum, values: [allow, deny] }`";
