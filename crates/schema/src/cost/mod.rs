//! What one request may cost at worst: how many SQL statements, and how many rows they read and write. Data in, data
//! out: from a schema and its budgets, without a database.
//!
//! The figures follow from what the runtime does in its rooms `query/`, `crud/` and `access/`, of which this crate
//! knows nothing; tests of the reference application compare the two. `docs/queries.md` says how each comes about.

mod bound;
mod caller;
mod include;
mod nested;
mod write;

use crate::schema::{Model, Operation, QueryLimits, RoutePreset, Schema};

pub use bound::Bound;
pub use caller::Caller;

use include::Includes;
use write::{Done, Form, Writes};

/// What every endpoint of the models may cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    pub caller: Caller,
    /// The limits that bound the figures, and the work behind each statement.
    pub limits: QueryLimits,
    /// By model, and of each in the order of their paths.
    pub endpoints: Vec<Endpoint>,
}

/// What one request to an endpoint may cost, whoever sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub model: String,
    /// `findMany`; also `restore`, which is no operation
    pub operation: &'static str,
    pub method: &'static str,
    /// `/api/posts/{id}`
    pub path: String,
    /// With those that tell who asks; without `BEGIN`, `COMMIT` and what interceptors do.
    pub statements: Bound,
    /// Rows of models and of join tables that are handed over or written. Neither what a database looks at to find them
    /// is among them, nor what is read to know who asks and what they may give.
    pub rows: Bound,
    /// What each row adds that the body names through relations; none where it names none.
    pub nested: Option<Cost>,
    /// The database may delete or clear other rows along. No budget says how many.
    pub cascades: bool,
}

/// Counted as in `Endpoint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub statements: Bound,
    pub rows: Bound,
}

/// Each endpoint that a schema has, with its cost.
pub fn costs(schema: &Schema) -> Costs {
    let (caller, includes) = (Caller::of(schema), Includes::of(schema));
    let mut endpoints = Vec::new();
    for (position, model) in schema.models.iter().enumerate() {
        let estimate = Estimate { schema, caller, includes: &includes, position, writes: Writes::new(schema, model) };
        endpoints
            .extend(ENDPOINTS.iter().filter(|served| served.is_of(model)).map(|served| estimate.of(served, model)));
    }
    Costs { caller, limits: schema.app.query.clone(), endpoints }
}

struct Served {
    /// None: `restore`.
    operation: Option<Operation>,
    name: &'static str,
    method: &'static str,
    behind: &'static str,
}

const ENDPOINTS: [Served; 9] = [
    served(Operation::FindMany, "findMany", "GET", ""),
    served(Operation::CreateOne, "createOne", "POST", ""),
    served(Operation::CreateMany, "createMany", "POST", "/many"),
    served(Operation::UpdateMany, "updateMany", "PATCH", "/many"),
    served(Operation::DeleteMany, "deleteMany", "DELETE", "/many"),
    served(Operation::FindOne, "findOne", "GET", "/{id}"),
    served(Operation::UpdateOne, "updateOne", "PATCH", "/{id}"),
    served(Operation::DeleteOne, "deleteOne", "DELETE", "/{id}"),
    Served { operation: None, name: "restore", method: "POST", behind: "/{id}/restore" },
];

const fn served(operation: Operation, name: &'static str, method: &'static str, behind: &'static str) -> Served {
    Served { operation: Some(operation), name, method, behind }
}

impl Served {
    fn is_of(&self, model: &Model) -> bool {
        self.operation.map_or(model.soft_delete, |operation| model.enables(operation))
    }
}

const ONE: Bound = Bound::exactly(1);

/// Whether bodies of the operation say what becomes of rows of other models.
fn nests(operation: Option<Operation>) -> bool {
    matches!(operation, Some(Operation::CreateOne | Operation::CreateMany | Operation::UpdateOne))
}

/// The operations of one model.
struct Estimate<'s> {
    schema: &'s Schema,
    caller: Caller,
    includes: &'s Includes,
    position: usize,
    writes: Writes<'s>,
}

impl Estimate<'_> {
    fn of(&self, served: &Served, model: &Model) -> Endpoint {
        let Cost { statements, rows } = self.cost(served.operation);
        let deletes = matches!(served.operation, Some(Operation::DeleteOne | Operation::DeleteMany));
        let writes = || self.caller.writes() + self.writes.hold();
        let asking = if served.method == "GET" { self.caller.reads() } else { writes() };
        Endpoint {
            model: model.name.clone(),
            operation: served.name,
            method: served.method,
            path: format!("{}/{}{}", self.schema.app.api, model.path, served.behind),
            statements: asking + statements,
            rows,
            nested: nests(served.operation).then(|| nested::each(self.schema, model)).flatten(),
            cascades: deletes && self.writes.cascades(),
        }
    }

    /// Without what it costs to know who asks.
    fn cost(&self, operation: Option<Operation>) -> Cost {
        match operation {
            Some(Operation::FindMany) => self.find_many(),
            Some(Operation::FindOne) => self.find_one(),
            Some(Operation::CreateOne) => self.create_one(),
            Some(Operation::UpdateOne) => self.update_one(),
            Some(Operation::DeleteOne) => self.delete_one(),
            Some(Operation::CreateMany) => self.create_many(),
            Some(Operation::UpdateMany) => self.update_many(),
            Some(Operation::DeleteMany) => self.delete_many(),
            None => self.restore(),
        }
    }

    /// The page, with one row that tells whether there is another; the total; what is included.
    fn find_many(&self) -> Cost {
        let own = self.preset(Operation::FindMany).and_then(|preset| preset.max_limit);
        let limit = own.unwrap_or(self.schema.app.query.max_limit).into();
        let included = self.included(Operation::FindMany, self.includes.of_rows(self.position, limit));
        Cost { statements: ONE + ONE + included.statements, rows: Bound::exactly(limit) + ONE + included.rows }
    }

    fn preset(&self, operation: Operation) -> Option<&RoutePreset> {
        self.schema.models[self.position].preset(operation)
    }

    /// What a route shows may be less than relations lead to.
    fn included(&self, operation: Operation, cost: Cost) -> Cost {
        let less = self.preset(operation).is_some_and(|preset| preset.fields.is_some());
        if !less {
            return cost;
        }
        Cost { statements: Bound::at_most(cost.statements.most), rows: Bound::at_most(cost.rows.most) }
    }

    fn find_one(&self) -> Cost {
        let included = self.included(Operation::FindOne, self.includes.of_one(self.position));
        Cost { statements: ONE + included.statements, rows: ONE + included.rows }
    }

    fn create_one(&self) -> Cost {
        let writes = self.writes;
        let included = self.included(Operation::CreateOne, self.includes.of_one(self.position));
        let around = writes.references(Form::Create)
            + writes.named_references(Form::Create, 1)
            + writes.links(Form::Create)
            + writes.guard(Done::New, 1);
        Cost {
            statements: around + ONE + writes.reading_again(Done::New) + included.statements,
            rows: ONE + writes.reference_rows(Form::Create, 1) + writes.link_rows() + included.rows,
        }
    }

    /// The row is read for `If-Match`, and once more where the change may carry it out of the caller's reach.
    fn update_one(&self) -> Cost {
        let writes = self.writes;
        let included = self.included(Operation::UpdateOne, self.includes.of_one(self.position));
        let within = writes.still_within();
        let linked = if writes.has_links() { writes.guard(Done::New, 1) } else { Bound::NOTHING };
        let around = writes.references(Form::Update)
            + writes.named_references(Form::Update, 1)
            + writes.moving()
            + within
            + writes.links(Form::Update)
            + writes.replacements();
        let guards = writes.guard(Done::Changed, 1) + linked;
        Cost {
            statements: ONE + around + ONE + guards + writes.reading_again(Done::Changed) + included.statements,
            rows: ONE + ONE + within + writes.reference_rows(Form::Update, 1) + writes.link_rows() + included.rows,
        }
    }

    /// The row is read for `If-Match`.
    fn delete_one(&self) -> Cost {
        let guard = self.writes.guard(Done::Deleted, 1);
        Cost { statements: ONE + ONE + guard + self.writes.reading_again(Done::Deleted), rows: ONE + ONE }
    }

    fn create_many(&self) -> Cost {
        let writes = self.writes;
        // As many rows as a body has room for.
        let guards = writes.guard(Done::New, writes.most());
        let around = writes.references(Form::Create)
            + writes.named_references(Form::Create, writes.most())
            + writes.links(Form::Create)
            + writes.blame()
            + guards;
        Cost {
            statements: around + writes.inserts() + writes.reading_again(Done::New),
            rows: Bound::at_most(writes.most())
                + writes.reference_rows(Form::Create, writes.most())
                + writes.link_rows(),
        }
    }

    /// Counted first. Links are not changed in bulk.
    fn update_many(&self) -> Cost {
        let writes = self.writes;
        let around = writes.references(Form::Update) + writes.guard(Done::Changed, writes.most());
        Cost {
            statements: ONE + around + ONE + writes.reading_again(Done::Changed),
            rows: Bound::exactly(writes.most()) + writes.reference_rows(Form::Update, 1),
        }
    }

    /// Counted first.
    fn delete_many(&self) -> Cost {
        let writes = self.writes;
        let guards = writes.guard(Done::Deleted, writes.most());
        Cost {
            statements: ONE + guards + ONE + writes.reading_again(Done::Deleted),
            rows: Bound::exactly(writes.most()),
        }
    }

    fn restore(&self) -> Cost {
        let included = self.included(Operation::UpdateOne, self.includes.of_one(self.position));
        let guard = self.writes.guard(Done::New, 1);
        Cost { statements: ONE + guard + included.statements, rows: ONE + included.rows }
    }
}
