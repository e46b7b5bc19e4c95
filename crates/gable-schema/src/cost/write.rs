//! The additional cost of writes: checks of referenced rows, links, and guards of accounts and roles.

use gable_meta::limits::{MAX_BOUND_VALUES, MAX_KEYS_PER_STATEMENT};

use crate::schema::{
    AuthMode, Field, FieldType, IdKind, Model, ModelKind, OnDelete, Origin, RelationKind, Rule, Schema,
};

use super::Bound;

/// Statements that change the e-mail address of an account: locking it, reading the address before and after and
/// whether it is verified, invalidating tokens sent by mail, and recording the event.
const ADDRESS_CHANGE: u64 = 6;
/// [`ADDRESS_CHANGE`], plus the statements for mail: a lock, counting recent mails, a notice to the old address; for
/// the new address a lock, invalidating older tokens, a token and a mail.
const ADDRESS_CHANGE_WITH_MAIL: u64 = 13;

/// The input type of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum InputKind {
    Create,
    Update,
}

/// The way a row was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RowChange {
    Created,
    Updated,
    Deleted,
}

/// Estimates writes to one model.
#[derive(Clone, Copy)]
pub(super) struct Writes<'s> {
    schema: &'s Schema,
    model: &'s Model,
}

impl<'s> Writes<'s> {
    pub(super) fn new(schema: &'s Schema, model: &'s Model) -> Self {
        Self { schema, model }
    }

    /// Maximum rows of a bulk write.
    pub(super) fn max_bulk(self) -> u64 {
        self.schema.app.query.max_bulk.into()
    }

    /// One statement for each key that a body may set, if it could refer to a row that the caller must not see.
    pub(super) fn references(self, input: InputKind) -> Bound {
        let keys = self.model.relations.iter().filter_map(|relation| {
            let RelationKind::BelongsTo { field, .. } = &relation.kind else { return None };
            let set = self.model.field(field).is_some_and(|field| is_set(field, input));
            self.schema.model(&relation.target).filter(|_| set)
        });
        keys.map(|target| match target {
            target if target.soft_delete => Bound::exactly(1),
            target => Bound::at_most(u64::from(narrows(target, "View"))),
        })
        .sum()
    }

    /// Statements that find rows named by a unique field; a change first reads the row itself.
    pub(super) fn named_references(self, input: InputKind, bodies: u64) -> Bound {
        let keys = self.model.relations.iter().filter_map(|relation| {
            let RelationKind::BelongsTo { field, .. } = &relation.kind else { return None };
            let set = self.model.field(field).is_some_and(|field| is_set(field, input));
            self.schema.model(&relation.target).filter(|target| set && !target.uniques.is_empty())
        });
        let lists = bodies.min(self.max_named()).div_ceil(u64::from(MAX_KEYS_PER_STATEMENT));
        let found: u64 = keys.map(|target| lists * target.uniques.len() as u64).sum();
        Bound::at_most(found + u64::from(found > 0 && input == InputKind::Update))
    }

    /// If a statement for many rows fails, the rows are written one by one to find the refused ones.
    pub(super) fn retries_one_by_one(self) -> Bound {
        Bound::at_most(self.max_bulk())
    }

    /// INSERT statements for the maximum number of rows, as few as the limit on bound values allows.
    pub(super) fn inserts(self) -> Bound {
        let columns = self.model.fields.iter().filter(|field| self.fills(field)).count() as u64;
        // SQL cannot insert many rows that consist only of defaults, so such rows are inserted one by one.
        let together = u64::from(MAX_BOUND_VALUES).checked_div(columns).unwrap_or(1).max(1);
        match self.max_bulk().div_ceil(together) {
            1 => Bound::exactly(1),
            // The limit on the size of a body may not allow as many rows.
            several => Bound::at_most(several),
        }
    }

    /// Statements for each relation, independent of the number of rows in a body: finding connected rows by ids and
    /// by values, and connecting them; in a change also finding disconnected rows by values, and disconnecting them.
    pub(super) fn links(self, input: InputKind) -> Bound {
        let sides = if input == InputKind::Create { 1 } else { 2 };
        let each = self.linked().map(|target| {
            let by_values = self.max_named().div_ceil(u64::from(MAX_KEYS_PER_STATEMENT)) * target.uniques.len() as u64;
            // `connectOrCreate`: rows are looked up, and once more if several elements name the same row.
            let either = 2 * (1 + by_values) + 2;
            // `set`: finding the new rows and those that other elements name, reading the current links, and removing
            // links.
            let replaced = if input == InputKind::Create { 0 } else { 2 * (1 + by_values) + 2 };
            Bound::exactly(1 + sides) + Bound::at_most(sides * by_values + either + replaced)
        });
        each.sum()
    }

    /// One statement for each relation with the key on the other side: reading the current links if the relation is
    /// `set`.
    pub(super) fn replacements(self) -> Bound {
        let kinds = self.model.relations.iter().map(|relation| &relation.kind);
        let keyed = kinds.filter(|kind| matches!(kind, RelationKind::HasOne { .. } | RelationKind::HasMany { .. }));
        Bound::at_most(keyed.count() as u64)
    }

    /// Rows found for links, and join rows.
    pub(super) fn link_rows(self) -> Bound {
        Bound::at_most(if self.has_links() { 4 * self.max_named() } else { 0 })
    }

    /// Rows found through foreign keys.
    pub(super) fn reference_rows(self, input: InputKind, bodies: u64) -> Bound {
        Bound::at_most(self.references(input).most * bodies)
    }

    /// Maximum number of related rows that one body may name.
    fn max_named(self) -> u64 {
        self.schema.app.query.max_nested.into()
    }

    /// Targets of relations with a generated join table; a relation `through` a model is written through that model.
    fn linked(self) -> impl Iterator<Item = &'s Model> {
        let Writes { schema, model } = self;
        let made = model.relations.iter().filter(|relation| has_generated_table(&relation.kind));
        made.filter_map(|relation| schema.model(&relation.target))
    }

    pub(super) fn has_links(self) -> bool {
        self.linked().next().is_some()
    }

    /// One statement if a change may move a row out of the rule that allowed it; checked after the change.
    pub(super) fn scope_check(self) -> Bound {
        let read = rules(self.model, "Update").flat_map(|rule| &rule.conditions);
        let written = |field: &Field| is_set(field, InputKind::Update) || field.origin == Origin::UpdatedAt;
        let may_leave = read.filter_map(|condition| self.model.field(&condition.field)).any(written);
        Bound::at_most(may_leave.into())
    }

    /// Statements of the guards after a write to accounts, roles or permissions: some per request, some per row.
    pub(super) fn guard(self, change: RowChange, rows: u64) -> Bound {
        let once = match (self.model.kind, change) {
            // Check that another super user remains (a lock and a query); end the account's log-ins.
            (ModelKind::Account, RowChange::Updated) => 3,
            (ModelKind::Account, RowChange::Deleted) => 2 + u64::from(self.model.soft_delete),
            _ => 0,
        };
        let each = match (self.model.kind, change) {
            // Check that the caller may manage this account.
            (ModelKind::Account, RowChange::Updated) => 1,
            // Read all permissions of the role.
            (ModelKind::Role, RowChange::Created | RowChange::Updated) => 1,
            // Find the accounts that the permission is denied to.
            (ModelKind::Permission, RowChange::Updated) => 1,
            // Read the role's name and all its permissions.
            (ModelKind::AccountRole, RowChange::Created | RowChange::Updated) => 2,
            (ModelKind::AccountPermission, _) => 1,
            _ => 0,
        };
        Bound::at_most(once + each * rows)
    }

    /// Statements before a write to accounts, roles or permissions: taking the lock of such writes, reading the
    /// caller's account, and checking the caller's rights again. SQLite, which has one writer, needs none.
    pub(super) fn serialization(self) -> Bound {
        let serialized = self.model.kind != ModelKind::Ordinary && self.schema.app.auth.is_some();
        Bound::at_most(if serialized { 3 } else { 0 })
    }

    /// Statements that change the e-mail address of an account.
    pub(super) fn address_change(self) -> Bound {
        let address = |field: &&Field| field.name == "email" && field.ty == FieldType::Email;
        let moves = self.model.kind == ModelKind::Account
            && self.model.fields.iter().find(address).is_some_and(|field| is_set(field, InputKind::Update));
        Bound::at_most(match &self.schema.app.auth {
            Some(auth) if moves && auth.sends_mail() => ADDRESS_CHANGE_WITH_MAIL,
            Some(_) if moves => ADDRESS_CHANGE,
            _ => 0,
        })
    }

    /// Statements after the commit that reload roles and permissions, from three tables.
    pub(super) fn reload(self, change: RowChange) -> Bound {
        let dynamic = self.schema.app.auth.as_ref().is_some_and(|auth| auth.mode == AuthMode::Dynamic);
        let reloads = match self.model.kind {
            ModelKind::Role | ModelKind::Permission => true,
            ModelKind::Ordinary => change == RowChange::Deleted && owns_access(self.schema, &self.model.name),
            ModelKind::Account | ModelKind::AccountRole | ModelKind::AccountPermission => false,
        };
        Bound::exactly(if dynamic && reloads { 3 } else { 0 })
    }

    /// Returns true if the database deletes or updates other rows along with a deleted one.
    pub(super) fn cascades(self) -> bool {
        let name = &self.model.name;
        let cascades = |kind: &RelationKind| match kind {
            RelationKind::BelongsTo { on_delete, .. } => *on_delete != OnDelete::Restrict,
            kind => has_generated_table(kind),
        };
        let refers =
            |model: &Model| model.relations.iter().any(|relation| relation.target == *name && cascades(&relation.kind));
        !self.model.soft_delete && (self.schema.models.iter().any(refers) || self.has_links())
    }

    /// Returns true if an INSERT contains a value for the column, from the body or a default.
    fn fills(self, field: &Field) -> bool {
        match field.origin {
            Origin::Declared | Origin::ForeignKey { .. } | Origin::CreatedAt | Origin::UpdatedAt => true,
            Origin::Id => self.model.id == IdKind::Uuid,
            Origin::Account => !field.read_only && !field.private,
            Origin::DeletedAt => false,
        }
    }
}

/// Returns true if a body may set the field.
fn is_set(field: &Field, input: InputKind) -> bool {
    let by_clients = matches!(field.origin, Origin::Declared | Origin::ForeignKey { .. } | Origin::Account);
    by_clients && !field.read_only && !field.private && (input == InputKind::Create || !field.immutable)
}

fn has_generated_table(kind: &RelationKind) -> bool {
    matches!(kind, RelationKind::ManyToMany { through: None, .. })
}

fn rules<'m>(model: &'m Model, action: &str) -> impl Iterator<Item = &'m Rule> {
    let found = model.access.iter().find(|access| access.action == action);
    found.into_iter().flat_map(|access| &access.rules)
}

/// Returns true if a rule of the action restricts the rows.
fn narrows(model: &Model, action: &str) -> bool {
    rules(model, action).any(|rule| !rule.conditions.is_empty())
}

/// Returns true if accounts, roles or permissions belong to this model, directly or through other models: deleting its
/// rows may delete them by cascade.
fn owns_access(schema: &Schema, name: &str) -> bool {
    let belongs = |model: &&Model| model.kind != ModelKind::Ordinary;
    let mut reached: Vec<&str> = schema.models.iter().filter(belongs).map(|model| model.name.as_str()).collect();
    let mut next = 0;
    while let Some(model) = reached.get(next).and_then(|name| schema.model(name)) {
        let keys = model.relations.iter().filter(|relation| matches!(relation.kind, RelationKind::BelongsTo { .. }));
        for owner in keys.map(|relation| relation.target.as_str()) {
            if !reached.contains(&owner) {
                reached.push(owner);
            }
        }
        next += 1;
    }
    reached.contains(&name)
}
