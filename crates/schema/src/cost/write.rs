//! What writes cost beside the row itself: who may be referred to, links, the guards of accounts and roles.

use crate::schema::{
    AuthMode, Field, FieldType, IdKind, Model, ModelKind, OnDelete, Origin, RelationKind, Rule, Schema,
};

use super::Bound;

/// What the runtime has fixed: values that one INSERT binds.
const BINDS: u64 = 30_000;
/// Likewise: rows that one statement finds by the values of a unique index.
const VALUES: u64 = 200;
/// An account gets another e-mail address: its lock, the address before and after, and whether it is verified; what was
/// mailed to it is void, and the change is noted.
const MOVES: u64 = 6;
/// The same where mail is sent: also a lock and how much was mailed lately, a word to the old address, and for the new
/// one a lock, the end of older tokens, a token and a letter.
const MOVES_WITH_MAIL: u64 = 13;

/// Which of the two inputs of a model a body is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Create,
    Update,
}

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    New,
    Changed,
    Deleted,
}

/// Writes to one model.
#[derive(Clone, Copy)]
pub(super) struct Writes<'s> {
    schema: &'s Schema,
    model: &'s Model,
}

impl<'s> Writes<'s> {
    pub(super) fn new(schema: &'s Schema, model: &'s Model) -> Self {
        Self { schema, model }
    }

    /// Rows of a bulk write.
    pub(super) fn most(self) -> u64 {
        self.schema.app.query.max_bulk.into()
    }

    /// One for each key that a body may set, where it could lead to a row that the caller does not see.
    pub(super) fn references(self, form: Form) -> Bound {
        let keys = self.model.relations.iter().filter_map(|relation| {
            let RelationKind::BelongsTo { field, .. } = &relation.kind else { return None };
            let set = self.model.field(field).is_some_and(|field| is_set(field, form));
            self.schema.model(&relation.target).filter(|_| set)
        });
        keys.map(|target| match target {
            target if target.soft_delete => Bound::exactly(1),
            target => Bound::at_most(u64::from(narrows(target, "View"))),
        })
        .sum()
    }

    /// Rows that keys name by a unique field; in a change, the row itself is read first.
    pub(super) fn named_references(self, form: Form, bodies: u64) -> Bound {
        let keys = self.model.relations.iter().filter_map(|relation| {
            let RelationKind::BelongsTo { field, .. } = &relation.kind else { return None };
            let set = self.model.field(field).is_some_and(|field| is_set(field, form));
            self.schema.model(&relation.target).filter(|target| set && !target.uniques.is_empty())
        });
        let lists = bodies.min(self.most_named()).div_ceil(VALUES);
        let found: u64 = keys.map(|target| lists * target.uniques.len() as u64).sum();
        Bound::at_most(found + u64::from(found > 0 && form == Form::Update))
    }

    /// A statement for many rows that fails does not say for which of them: each is tried alone.
    pub(super) fn blame(self) -> Bound {
        Bound::at_most(self.most())
    }

    /// Rows of as many columns as a body may set, in as few statements as their values allow.
    pub(super) fn inserts(self) -> Bound {
        let columns = self.model.fields.iter().filter(|field| self.fills(field)).count() as u64;
        // SQL has no word for many rows of defaults.
        let together = BINDS.checked_div(columns).unwrap_or(1).max(1);
        match self.most().div_ceil(together) {
            1 => Bound::exactly(1),
            // A body may have no room for as many rows.
            several => Bound::at_most(several),
        }
    }

    /// For each relation, however many rows a body makes: finding what is connected, by ids and by values, and
    /// connecting it; in a change also finding by values what is disconnected, and disconnecting it.
    pub(super) fn links(self, form: Form) -> Bound {
        let sides = if form == Form::Create { 1 } else { 2 };
        let each = self.linked().map(|target| {
            let by_values = self.most_named().div_ceil(VALUES) * target.uniques.len() as u64;
            // Rows that are connected or made are looked for, and once more where several elements name one.
            let either = 2 * (1 + by_values) + 2;
            // What a relation is set to, what other elements name, what is linked, and taking that apart.
            let replaced = if form == Form::Create { 0 } else { 2 * (1 + by_values) + 2 };
            Bound::exactly(1 + sides) + Bound::at_most(sides * by_values + either + replaced)
        });
        each.sum()
    }

    /// For each relation whose key is at the other end: what is linked, where it is set to other rows.
    pub(super) fn replacements(self) -> Bound {
        let kinds = self.model.relations.iter().map(|relation| &relation.kind);
        let keyed = kinds.filter(|kind| matches!(kind, RelationKind::HasOne { .. } | RelationKind::HasMany { .. }));
        Bound::at_most(keyed.count() as u64)
    }

    /// Rows that are found for links, and join rows.
    pub(super) fn link_rows(self) -> Bound {
        Bound::at_most(if self.has_links() { 4 * self.most_named() } else { 0 })
    }

    /// Rows that keys are found to lead to.
    pub(super) fn reference_rows(self, form: Form, bodies: u64) -> Bound {
        Bound::at_most(self.references(form).most * bodies)
    }

    /// Rows that one body may name.
    fn most_named(self) -> u64 {
        self.schema.app.query.max_nested.into()
    }

    /// The other ends of the relations that a body links to; one `through` a model is written through that model.
    fn linked(self) -> impl Iterator<Item = &'s Model> {
        let Writes { schema, model } = self;
        let made = model.relations.iter().filter(|relation| is_made(&relation.kind));
        made.filter_map(|relation| schema.model(&relation.target))
    }

    pub(super) fn has_links(self) -> bool {
        self.linked().next().is_some()
    }

    /// Whether a change may carry a row out of its rule, which is asked after it.
    pub(super) fn still_within(self) -> Bound {
        let read = rules(self.model, "Update").flat_map(|rule| &rule.conditions);
        let written = |field: &Field| is_set(field, Form::Update) || field.origin == Origin::UpdatedAt;
        let moves = read.filter_map(|condition| self.model.field(&condition.field)).any(written);
        Bound::at_most(moves.into())
    }

    /// What the runtime asks after a write of rows that say who may do what: once, and for each of them.
    pub(super) fn guard(self, done: Done, rows: u64) -> Bound {
        let once = match (self.model.kind, done) {
            // Is there another super user: a lock, and a look; end the log-ins.
            (ModelKind::Account, Done::Changed) => 3,
            (ModelKind::Account, Done::Deleted) => 2 + u64::from(self.model.soft_delete),
            _ => 0,
        };
        let each = match (self.model.kind, done) {
            // May the caller have this account?
            (ModelKind::Account, Done::Changed) => 1,
            // Everything that the role gives.
            (ModelKind::Role, Done::New | Done::Changed) => 1,
            // Whom it is denied to.
            (ModelKind::Permission, Done::Changed) => 1,
            // The role's name, and everything that it gives.
            (ModelKind::AccountRole, Done::New | Done::Changed) => 2,
            (ModelKind::AccountPermission, _) => 1,
            _ => 0,
        };
        Bound::at_most(once + each * rows)
    }

    /// Before rows that say who may do what: the turn of whoever writes such rows, the caller's account, and whether they still
    /// may. Not on SQLite, which has one writer.
    pub(super) fn hold(self) -> Bound {
        let held = self.model.kind != ModelKind::Ordinary && self.schema.app.auth.is_some();
        Bound::at_most(if held { 3 } else { 0 })
    }

    /// Moving an account to another e-mail address.
    pub(super) fn moving(self) -> Bound {
        let address = |field: &&Field| field.name == "email" && field.ty == FieldType::Email;
        let moves = self.model.kind == ModelKind::Account
            && self.model.fields.iter().find(address).is_some_and(|field| is_set(field, Form::Update));
        Bound::at_most(match &self.schema.app.auth {
            Some(auth) if moves && auth.sends_mail() => MOVES_WITH_MAIL,
            Some(_) if moves => MOVES,
            _ => 0,
        })
    }

    /// After the commit, roles and permissions are read again: three tables.
    pub(super) fn reading_again(self, done: Done) -> Bound {
        let dynamic = self.schema.app.auth.as_ref().is_some_and(|auth| auth.mode == AuthMode::Dynamic);
        let says = match self.model.kind {
            ModelKind::Role | ModelKind::Permission => true,
            ModelKind::Ordinary => done == Done::Deleted && owns_access(self.schema, &self.model.name),
            ModelKind::Account | ModelKind::AccountRole | ModelKind::AccountPermission => false,
        };
        Bound::exactly(if dynamic && says { 3 } else { 0 })
    }

    /// Whether the database deletes or clears rows with a deleted one.
    pub(super) fn cascades(self) -> bool {
        let name = &self.model.name;
        let takes = |kind: &RelationKind| match kind {
            RelationKind::BelongsTo { on_delete, .. } => *on_delete != OnDelete::Restrict,
            kind => is_made(kind),
        };
        let refers =
            |model: &Model| model.relations.iter().any(|relation| relation.target == *name && takes(&relation.kind));
        !self.model.soft_delete && (self.schema.models.iter().any(refers) || self.has_links())
    }

    /// Whether a new row says a value for the column, given or not.
    fn fills(self, field: &Field) -> bool {
        match field.origin {
            Origin::Declared | Origin::ForeignKey { .. } | Origin::CreatedAt | Origin::UpdatedAt => true,
            Origin::Id => self.model.id == IdKind::Uuid,
            Origin::Account => !field.read_only && !field.private,
            Origin::DeletedAt => false,
        }
    }
}

/// Whether a body may set the field.
fn is_set(field: &Field, form: Form) -> bool {
    let by_people = matches!(field.origin, Origin::Declared | Origin::ForeignKey { .. } | Origin::Account);
    by_people && !field.read_only && !field.private && (form == Form::Create || !field.immutable)
}

fn is_made(kind: &RelationKind) -> bool {
    matches!(kind, RelationKind::ManyToMany { through: None, .. })
}

fn rules<'m>(model: &'m Model, action: &str) -> impl Iterator<Item = &'m Rule> {
    let found = model.access.iter().find(|access| access.action == action);
    found.into_iter().flat_map(|access| &access.rules)
}

/// Whether some see only some rows.
fn narrows(model: &Model, action: &str) -> bool {
    rules(model, action).any(|rule| !rule.conditions.is_empty())
}

/// Whether accounts, roles or what was given belong to this model, or to one that belongs to it: its deletion may take
/// them along.
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
