//! Random rows of a random schema. `seen` determines which of them a caller sees.

use chrono::DateTime;
use uuid::Uuid;

use super::choices::Choices;
use super::schema::{ACCOUNTS, Field, Kind, Schema, Wanted};
use super::value::Value;
use crate::db::Dialect;
use crate::meta::{FieldKind, IdKind, Origin};

pub(super) struct World {
    pub(super) schema: Schema,
    /// The rows of each model.
    pub(super) rows: Vec<Vec<Row>>,
    /// Pairs of linked ids, for each join table.
    pub(super) links: Vec<Vec<[Value; 2]>>,
}

const OWNERS: usize = 3;

/// The value of each field.
pub(super) type Row = Vec<Value>;

impl World {
    pub(super) fn random(dialect: Dialect, choices: &mut Choices<'_>) -> Self {
        let schema = Schema::random(dialect, choices);
        let count = 6 + choices.below(9);
        let ids: Vec<Vec<Value>> =
            schema.models.iter().map(|model| (0..count).map(|nth| id(model.id, nth, choices)).collect()).collect();
        let mut world = Self { schema, rows: Vec::new(), links: Vec::new() };
        for model in 0..ids.len() {
            let rows = (0..count).map(|nth| world.row(model, nth, &ids, choices)).collect();
            world.rows.push(rows);
        }
        for links in &world.schema.links {
            let [here, there] = links.models;
            let mut pairs: Vec<[Value; 2]> = Vec::new();
            for _ in 0..count * 2 {
                let pair = [ids[here][choices.below(count)].clone(), ids[there][choices.below(count)].clone()];
                if !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
            world.links.push(pairs);
        }
        world
    }

    fn row(&self, model: usize, nth: usize, ids: &[Vec<Value>], choices: &mut Choices<'_>) -> Row {
        let fields = self.schema.models[model].fields.iter().enumerate();
        let mut row: Row = fields
            .map(|(position, field)| match field.origin {
                Origin::Id => ids[model][nth].clone(),
                Origin::ForeignKey => self.key(model, position, nth, ids, choices),
                Origin::DeletedAt if choices.percent(75) => Value::Null,
                Origin::DeletedAt => Value::Timestamp(DateTime::UNIX_EPOCH),
                _ => filled(field, choices),
            })
            .collect();
        // Otherwise hardly any row would satisfy a rule.
        let rules = &self.schema.models[model].view;
        if !rules.is_empty() && choices.percent(50) {
            for term in &rules[choices.below(rules.len())].terms {
                match (&term.value, self.schema.models[model].fields[term.field].origin) {
                    (Wanted::Value(value), Origin::Declared) => row[term.field] = value.clone(),
                    (Wanted::Me, Origin::ForeignKey) if !self.schema.is_unique(model, term.field) => {
                        row[term.field] = ids[ACCOUNTS][choices.below(OWNERS)].clone();
                    }
                    _ => {}
                }
            }
        }
        row
    }

    /// The few accounts to which rows belong more often than to others.
    pub(super) fn owners(&self) -> Vec<&Value> {
        self.rows[ACCOUNTS][..OWNERS].iter().map(|row| &row[0]).collect()
    }

    fn key(&self, model: usize, key: usize, nth: usize, ids: &[Vec<Value>], choices: &mut Choices<'_>) -> Value {
        let relations = &self.schema.models[model].relations;
        let there = relations.iter().find(|relation| relation.kind == Kind::BelongsTo(key));
        let there = &ids[there.expect("every key has a relation").target];
        if self.schema.models[model].fields[key].optional && choices.percent(25) {
            return Value::Null;
        }
        // A unique key must differ between rows.
        let unique = self.schema.is_unique(model, key);
        there[if unique { (nth + key) % there.len() } else { choices.below(there.len()) }].clone()
    }
}

fn id(kind: IdKind, nth: usize, choices: &mut Choices<'_>) -> Value {
    match kind {
        IdKind::Integer => Value::Whole(i64::try_from(nth).expect("few") + 1),
        // The random high bits give ids an order other than that of the rows.
        IdKind::Uuid => {
            let (high, low) = (choices.below(1 << 16) as u128, nth as u128);
            Value::Uuid(Uuid::from_u128(high << 112 | low))
        }
    }
}

fn filled(field: &Field, choices: &mut Choices<'_>) -> Value {
    if field.optional && choices.percent(30) {
        return Value::Null;
    }
    match field.kind {
        FieldKind::Text | FieldKind::String if choices.percent(20) => Value::Text(String::new()),
        kind => Value::random(kind, choices),
    }
}

/// Describes the world for the message of a failure.
impl std::fmt::Display for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:#?}", self.schema.limits)?;
        for (model, rows) in self.schema.models.iter().zip(&self.rows) {
            writeln!(f, "{} {:?}, soft delete: {}", model.name, model.id, model.soft_delete)?;
            model.view.iter().try_for_each(|rule| writeln!(f, "  {rule:?}"))?;
            model.fields.iter().try_for_each(|field| writeln!(f, "  {field:?}"))?;
            model.relations.iter().try_for_each(|relation| writeln!(f, "  {relation:?}"))?;
            rows.iter().try_for_each(|row| writeln!(f, "    {row:?}"))?;
        }
        let links = self.schema.links.iter().zip(&self.links);
        links.into_iter().try_for_each(|(links, pairs)| writeln!(f, "{links:?}\n    {pairs:?}"))
    }
}
