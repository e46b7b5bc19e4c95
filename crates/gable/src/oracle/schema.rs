//! Random schemas: models with fields of every type, relations of every kind, and rules that grant rows and fields.

use super::choices::Choices;
use super::value::{EXACT_DIGITS, Value};
use crate::db::Dialect;
use crate::meta::{FieldKind, IdKind, Origin, QueryLimits, Who};

#[derive(Debug)]
pub(super) struct Schema {
    /// The dialect of the database that holds the rows.
    pub(super) dialect: Dialect,
    pub(super) models: Vec<Model>,
    /// Join tables and their columns.
    pub(super) links: Vec<Links>,
    pub(super) limits: QueryLimits,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) table: String,
    pub(super) id: IdKind,
    pub(super) soft_delete: bool,
    /// The id comes first.
    pub(super) fields: Vec<Field>,
    pub(super) relations: Vec<Relation>,
    /// The rules that grant rows.
    pub(super) view: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) column: String,
    pub(super) kind: FieldKind,
    pub(super) origin: Origin,
    pub(super) optional: bool,
    pub(super) reader: Reader,
    /// Whether its values are ids of accounts.
    pub(super) names_account: bool,
}

/// The callers who may read a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Everybody,
    Roles(&'static [&'static str]),
    Nobody,
}

#[derive(Debug)]
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) target: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The position of the key in this model.
    BelongsTo(usize),
    /// The position of the key in the other model.
    HasOne(usize),
    HasMany(usize),
    /// The join table, and which of its columns refers to this model.
    ManyToMany(usize, usize),
}

#[derive(Debug)]
pub(super) struct Links {
    pub(super) table: String,
    pub(super) columns: [String; 2],
    pub(super) models: [usize; 2],
}

/// Grants the rows for which all of its terms hold.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) who: Who,
    pub(super) terms: Vec<Term>,
}

#[derive(Debug)]
pub(super) struct Term {
    pub(super) field: usize,
    pub(super) value: Wanted,
}

#[derive(Debug)]
pub(super) enum Wanted {
    Value(Value),
    /// The caller's account. Anonymous callers have none, even if a public rule demands it, which checked schemas
    /// exclude.
    Me,
}

/// The model whose rows are the accounts.
pub(super) const ACCOUNTS: usize = 0;
pub(super) const MEMBER: &str = "Member";
pub(super) const EDITOR: &str = "Editor";
/// Callers who may be granted rows, and for how many of 100 models they are granted all rows, or some.
const GRANTS: [(Who, usize, usize); 5] = [
    (Who::Public, 30, 40),
    (Who::Authenticated, 5, 35),
    (Who::Roles(&[MEMBER]), 5, 45),
    (Who::Roles(&[EDITOR]), 65, 20),
    (Who::Roles(&[EDITOR, MEMBER]), 0, 15),
];

const NAMES: [&str; 4] = ["Alder", "Birch", "Cedar", "Elm"];
const WORDS: [&str; 6] = ["ash", "bay", "cob", "dew", "fog", "gale"];
/// Names with another meaning in a query, or in SQL.
pub(super) const AWKWARD: [&str; 13] =
    ["limit", "sort", "some", "none", "count", "case", "page", "eq", "isNull", "search", "filters", "order", "group"];

impl Schema {
    pub(super) fn random(dialect: Dialect, choices: &mut Choices<'_>) -> Self {
        let count = 2 + choices.below(3);
        let mut schema = Self {
            dialect,
            models: NAMES[..count].iter().map(|name| Model::random(name, dialect, choices)).collect(),
            links: Vec::new(),
            limits: limits(choices),
        };
        schema.models[ACCOUNTS].fields[0].names_account = true;
        for nth in 0..2 + choices.below(5) {
            schema.relate(nth, choices);
        }
        for model in &mut schema.models {
            model.complete(choices);
        }
        schema
    }

    fn relate(&mut self, nth: usize, choices: &mut Choices<'_>) {
        let (here, there) = (choices.below(self.models.len()), choices.below(self.models.len()));
        // Otherwise hardly any row would belong to an account.
        let there = if choices.percent(20) { ACCOUNTS } else { there };
        let names = [format!("link{nth}"), format!("back{nth}")];
        let kinds = if choices.percent(40) {
            self.link(nth, here, there);
            [Kind::ManyToMany(self.links.len() - 1, 0), Kind::ManyToMany(self.links.len() - 1, 1)]
        } else {
            let (id, one) = (self.models[there].fields[0].clone(), choices.percent(40));
            let key = self.models[here].add_key(nth, &id, choices);
            [Kind::BelongsTo(key), if one { Kind::HasOne(key) } else { Kind::HasMany(key) }]
        };
        let [link, back] = names;
        self.models[here].relations.push(Relation { name: link, target: there, kind: kinds[0] });
        if matches!(kinds[1], Kind::HasOne(_)) || choices.percent(80) {
            self.models[there].relations.push(Relation { name: back, target: here, kind: kinds[1] });
        }
    }

    fn link(&mut self, nth: usize, here: usize, there: usize) {
        let columns = [format!("this{nth}_id"), format!("that{nth}_id")];
        self.links.push(Links { table: format!("links_{nth}"), columns, models: [here, there] });
    }

    /// Whether at most one row has this key.
    pub(super) fn is_unique(&self, model: usize, key: usize) -> bool {
        let leads = |relation: &Relation| relation.target == model && relation.kind == Kind::HasOne(key);
        self.models.iter().flat_map(|model| &model.relations).any(leads)
    }
}

fn limits(choices: &mut Choices<'_>) -> QueryLimits {
    QueryLimits {
        default_limit: choices.among(&[30, 4]),
        max_limit: choices.among(&[30, 7]),
        max_filters: 200,
        max_depth: choices.among(&[3, 2, 1]),
        max_bulk: 100,
        max_nested: 100,
        max_in: 5,
        max_included: u32::MAX,
        max_bytes: 64 << 20,
        statement_seconds: 5,
        filter_mode: crate::meta::FilterMode::And,
    }
}

impl Model {
    fn random(name: &'static str, dialect: Dialect, choices: &mut Choices<'_>) -> Self {
        let id = choices.among(&[IdKind::Uuid, IdKind::Integer]);
        let mut fields = vec![Field::new("id", "id".to_owned(), kind_of(id)).origin(Origin::Id)];
        for word in WORDS.iter().take(1 + choices.below(6)) {
            let name = if choices.percent(15) { choices.among(&AWKWARD) } else { word };
            if fields.iter().all(|field| field.name != name) {
                fields.push(Field::random(name, dialect, choices));
            }
        }
        Self {
            name,
            table: format!("{}_rows", name.to_lowercase()),
            id,
            soft_delete: choices.percent(40),
            fields,
            relations: Vec::new(),
            view: Vec::new(),
        }
    }

    fn add_key(&mut self, nth: usize, id: &Field, choices: &mut Choices<'_>) -> usize {
        let mut key = Field::new(&format!("link{nth}Id"), format!("link{nth}_id"), id.kind);
        key.origin = Origin::ForeignKey;
        key.optional = choices.percent(50);
        key.names_account = id.names_account;
        key.reader = Reader::random(14, choices);
        self.fields.push(key);
        self.fields.len() - 1
    }

    /// Adds the fields that the server sets in every row, and the rules that grant rows.
    fn complete(&mut self, choices: &mut Choices<'_>) {
        let timestamp = |name, column: &str| Field::new(name, column.to_owned(), FieldKind::Datetime);
        if choices.percent(50) {
            self.fields.push(timestamp("createdAt", "created_at").origin(Origin::CreatedAt));
        }
        if self.soft_delete {
            let mut deleted = timestamp("deletedAt", "deleted_at").origin(Origin::DeletedAt);
            deleted.optional = true;
            self.fields.push(deleted);
        }
        for (who, all, some) in GRANTS {
            match choices.below(100) {
                often if often < all => self.view.push(Rule { who, terms: Vec::new() }),
                often if often < all + some => self.grant_some(who, choices),
                _ => {}
            }
        }
    }

    fn grant_some(&mut self, who: Who, choices: &mut Choices<'_>) {
        let fields: Vec<usize> = (0..self.fields.len()).filter(|field| self.fields[*field].may_rule()).collect();
        if fields.is_empty() {
            return;
        }
        for _ in 0..=choices.below(2) {
            let mut chosen = choices.subset(&fields, 2);
            if chosen.is_empty() {
                chosen.push(choices.among(&fields));
            }
            let terms = chosen.into_iter().map(|field| Term { field, value: self.fields[field].wanted(choices) });
            let terms = terms.collect();
            self.view.push(Rule { who, terms });
        }
    }
}

impl Reader {
    /// A reader other than everybody, in so many of 100 cases.
    fn random(seldom: usize, choices: &mut Choices<'_>) -> Self {
        let few = [Reader::Roles(&[EDITOR]), Reader::Nobody, Reader::Roles(&[MEMBER, EDITOR])];
        if choices.percent(seldom) { choices.among(&few) } else { Reader::Everybody }
    }
}

fn kind_of(id: IdKind) -> FieldKind {
    if id == IdKind::Uuid { FieldKind::Uuid } else { FieldKind::Bigint }
}

/// The digits of every decimal. SQLite keeps decimals as floating-point numbers.
fn digits(dialect: Dialect) -> u32 {
    match dialect {
        Dialect::Sqlite => EXACT_DIGITS,
        Dialect::Postgres => 28,
    }
}

impl Field {
    fn new(name: &str, column: String, kind: FieldKind) -> Self {
        let (origin, reader) = (Origin::Declared, Reader::Everybody);
        Self { name: name.to_owned(), column, kind, origin, optional: false, reader, names_account: false }
    }

    fn origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    fn random(name: &str, dialect: Dialect, choices: &mut Choices<'_>) -> Self {
        let precision = digits(dialect);
        let kind = choices.among(&[
            FieldKind::String,
            FieldKind::Integer,
            FieldKind::Boolean,
            FieldKind::Enum(&["low", "high", "Mid", "a_b"]),
            FieldKind::Text,
            FieldKind::Bigint,
            FieldKind::Float,
            FieldKind::Decimal { precision, scale: 2 },
            FieldKind::Decimal { precision, scale: 4 },
            FieldKind::Date,
            FieldKind::Time,
            FieldKind::Datetime,
            FieldKind::Uuid,
            FieldKind::Email,
            FieldKind::Url,
            FieldKind::Json,
            FieldKind::Password,
        ]);
        let suffix = if AWKWARD.contains(&name) { "" } else { "_column" };
        let mut field = Self::new(name, format!("{}{suffix}", name.to_lowercase()), kind);
        field.optional = choices.percent(50);
        field.reader = if kind == FieldKind::Password { Reader::Nobody } else { Reader::random(27, choices) };
        field
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, FieldKind::String | FieldKind::Text | FieldKind::Email | FieldKind::Url)
    }

    /// Whether a rule may test the field. A private field is excluded, because the visible rows would reveal its
    /// values.
    fn may_rule(&self) -> bool {
        let long = matches!(self.kind, FieldKind::Text | FieldKind::Json | FieldKind::Password);
        let known = match self.origin {
            Origin::Declared => true,
            Origin::ForeignKey => self.optional || self.names_account,
            _ => self.names_account,
        };
        known && !long && self.reader != Reader::Nobody
    }

    /// A value that a rule may demand of the field.
    fn wanted(&self, choices: &mut Choices<'_>) -> Wanted {
        if self.names_account && (!self.optional || choices.percent(70)) {
            return Wanted::Me;
        }
        let null = self.origin == Origin::ForeignKey || (self.optional && choices.percent(30));
        Wanted::Value(if null { Value::Null } else { Value::random(self.kind, choices) })
    }
}
