//! A world as one caller sees it: its models, rows, fields and relations.

use super::caller::Caller;
use super::schema::{Kind, Model, Relation, Rule, Wanted};
use super::world::{Row, World};
use crate::meta::{FieldKind, Origin};

pub(super) struct Seen<'w> {
    pub(super) world: &'w World,
    pub(super) caller: Caller,
}

impl<'w> Seen<'w> {
    pub(super) fn model(&self, model: usize) -> &'w Model {
        &self.world.schema.models[model]
    }

    /// Models of which the caller may see at least some rows, and models that are refused.
    pub(super) fn models(&self) -> (Vec<usize>, Vec<usize>) {
        (0..self.world.schema.models.len()).partition(|model| self.can_view(*model))
    }

    fn can_view(&self, model: usize) -> bool {
        self.rules(model).next().is_some()
    }

    /// The rules that grant the caller rows.
    fn rules(&self, model: usize) -> impl Iterator<Item = &'w Rule> {
        self.model(model).view.iter().filter(|rule| self.caller.is_one(rule.who))
    }

    pub(super) fn visible(&self, model: usize) -> impl Iterator<Item = &'w Row> {
        self.world.rows[model].iter().filter(move |row| self.sees(model, row))
    }

    fn sees(&self, model: usize, row: &Row) -> bool {
        let deleted = self.model(model).fields.iter().position(|field| field.origin == Origin::DeletedAt);
        if deleted.is_some_and(|field| !row[field].is_null()) {
            return false;
        }
        let holds = |field: usize, wanted: &Wanted| match wanted {
            Wanted::Value(value) => row[field].equals(value),
            Wanted::Me => self.caller.account().is_some_and(|account| row[field] == *account),
        };
        self.rules(model).any(|rule| rule.terms.iter().all(|term| holds(term.field, &term.value)))
    }

    /// The rows at the other end that the caller sees.
    pub(super) fn related(&self, model: usize, row: &Row, relation: usize) -> Vec<&'w Row> {
        let relation = &self.model(model).relations[relation];
        let belongs = |other: &Row| match relation.kind {
            Kind::BelongsTo(key) => row[key] == other[0],
            Kind::HasOne(key) | Kind::HasMany(key) => other[key] == row[0],
            Kind::ManyToMany(links, end) => {
                self.world.links[links].iter().any(|pair| pair[end] == row[0] && pair[1 - end] == other[0])
            }
        };
        self.visible(relation.target).filter(|other| belongs(other)).collect()
    }

    /// Relations that the caller may follow.
    pub(super) fn relations(&self, model: usize) -> Vec<usize> {
        (0..self.model(model).relations.len()).filter(|nth| self.can_follow(model, *nth)).collect()
    }

    pub(super) fn can_follow(&self, model: usize, relation: usize) -> bool {
        let Relation { target, kind, .. } = self.model(model).relations[relation];
        let key_is_readable = match kind {
            Kind::BelongsTo(key) => self.reads(model, key),
            Kind::HasOne(key) | Kind::HasMany(key) => self.reads(target, key),
            Kind::ManyToMany(..) => true,
        };
        self.can_view(target) && key_is_readable
    }

    pub(super) fn reads(&self, model: usize, field: usize) -> bool {
        self.caller.reads(self.model(model).fields[field].reader)
    }

    /// Fields that the caller may read.
    pub(super) fn readable(&self, model: usize) -> Vec<usize> {
        (0..self.model(model).fields.len()).filter(|field| self.reads(model, *field)).collect()
    }

    /// Readable fields whose values can be compared.
    pub(super) fn comparable(&self, model: usize) -> Vec<usize> {
        let comparable = |field: &usize| self.model(model).fields[*field].kind != FieldKind::Json;
        self.readable(model).into_iter().filter(comparable).collect()
    }

    /// Readable fields that a search covers.
    pub(super) fn searched(&self, model: usize) -> Vec<usize> {
        self.readable(model).into_iter().filter(|field| self.model(model).fields[*field].is_text()).collect()
    }

    /// Whether the caller may read a field of this name.
    pub(super) fn shows(&self, model: usize, name: &str) -> bool {
        self.readable(model).into_iter().any(|field| self.model(model).fields[field].name == name)
    }
}
