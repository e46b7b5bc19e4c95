//! Estimates the highest cost of one request: the number of SQL statements, and of rows read and written. A pure
//! function of a schema and its limits; it needs no database.
//!
//! The figures follow from the modules `query`, `crud` and `access` of the runtime, on which this crate does not
//! depend; tests of the reference application compare the two. `docs/queries.md` explains each figure.

mod bound;
mod caller;
mod include;
mod nested;
mod write;

use crate::schema::{Model, Operation, QueryLimits, RoutePreset, Schema};

pub use bound::Bound;
pub use caller::Caller;

use include::Includes;
use write::{InputKind, RowChange, Writes};

/// The highest cost of every endpoint of the models.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    pub caller: Caller,
    /// The limits on which the figures, and the work of each statement, depend.
    pub limits: QueryLimits,
    /// Ordered by model, then by path.
    pub endpoints: Vec<Endpoint>,
}

/// The highest cost of one request to an endpoint, for any caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub model: String,
    /// `findMany`; also `restore`, which is not an [`Operation`]
    pub operation: &'static str,
    pub method: &'static str,
    /// `/api/posts/{id}`
    pub path: String,
    /// Includes the statements of authentication; excludes `BEGIN`, `COMMIT` and statements of interceptors.
    pub statements: Bound,
    /// Rows of models and of join tables that the database returns or writes. Excludes rows that the database scans
    /// to find them, and rows read for authentication and permission checks.
    pub rows: Bound,
    /// Cost of each further row that the body names through relations; none if bodies name no rows.
    pub nested: Option<Cost>,
    /// True if the database may also delete or update other rows (`ON DELETE`), whose number has no limit.
    pub cascades: bool,
}

/// Statements and rows, counted as in [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub statements: Bound,
    pub rows: Bound,
}

/// Returns the cost of each endpoint of a schema.
pub fn costs(schema: &Schema) -> Costs {
    let (caller, includes) = (Caller::of(schema), Includes::of(schema));
    let mut endpoints = Vec::new();
    for (position, model) in schema.models.iter().enumerate() {
        let estimate = Estimate { schema, caller, includes: &includes, position, writes: Writes::new(schema, model) };
        endpoints.extend(ENDPOINTS.iter().filter(|kind| kind.is_of(model)).map(|kind| estimate.of(kind, model)));
    }
    Costs { caller, limits: schema.app.query.clone(), endpoints }
}

/// The operation, method and path of an endpoint.
struct EndpointKind {
    /// `None` for `restore`.
    operation: Option<Operation>,
    name: &'static str,
    method: &'static str,
    /// The part of the path after that of the model.
    suffix: &'static str,
}

const ENDPOINTS: [EndpointKind; 9] = [
    endpoint(Operation::FindMany, "findMany", "GET", ""),
    endpoint(Operation::CreateOne, "createOne", "POST", ""),
    endpoint(Operation::CreateMany, "createMany", "POST", "/many"),
    endpoint(Operation::UpdateMany, "updateMany", "PATCH", "/many"),
    endpoint(Operation::DeleteMany, "deleteMany", "DELETE", "/many"),
    endpoint(Operation::FindOne, "findOne", "GET", "/{id}"),
    endpoint(Operation::UpdateOne, "updateOne", "PATCH", "/{id}"),
    endpoint(Operation::DeleteOne, "deleteOne", "DELETE", "/{id}"),
    EndpointKind { operation: None, name: "restore", method: "POST", suffix: "/{id}/restore" },
];

const fn endpoint(
    operation: Operation,
    name: &'static str,
    method: &'static str,
    suffix: &'static str,
) -> EndpointKind {
    EndpointKind { operation: Some(operation), name, method, suffix }
}

impl EndpointKind {
    fn is_of(&self, model: &Model) -> bool {
        self.operation.map_or(model.soft_delete, |operation| model.enables(operation))
    }
}

const ONE: Bound = Bound::exactly(1);

/// Returns true if bodies of the operation can write rows of related models.
fn nests(operation: Option<Operation>) -> bool {
    matches!(operation, Some(Operation::CreateOne | Operation::CreateMany | Operation::UpdateOne))
}

/// Estimates the operations of one model.
struct Estimate<'s> {
    schema: &'s Schema,
    caller: Caller,
    includes: &'s Includes,
    position: usize,
    writes: Writes<'s>,
}

impl Estimate<'_> {
    fn of(&self, kind: &EndpointKind, model: &Model) -> Endpoint {
        let Cost { statements, rows } = self.cost(kind.operation);
        let deletes = matches!(kind.operation, Some(Operation::DeleteOne | Operation::DeleteMany));
        let writes = || self.caller.writes() + self.writes.serialization();
        let caller = if kind.method == "GET" { self.caller.reads() } else { writes() };
        Endpoint {
            model: model.name.clone(),
            operation: kind.name,
            method: kind.method,
            path: format!("{}/{}{}", self.schema.app.api, model.path, kind.suffix),
            statements: caller + statements,
            rows,
            nested: nests(kind.operation).then(|| nested::each(self.schema, model)).flatten(),
            cascades: deletes && self.writes.cascades(),
        }
    }

    /// Returns the cost without authentication.
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

    /// One statement for the page and the total, which reads one row more to see whether there is another page; and the
    /// included relations. For a page behind the last one, which includes nothing, another statement counts the rows.
    fn find_many(&self) -> Cost {
        let own = self.preset(Operation::FindMany).and_then(|preset| preset.max_limit);
        let limit = own.unwrap_or(self.schema.app.query.max_limit).into();
        let included = self.included(Operation::FindMany, self.includes.of_rows(self.position, limit));
        let others = if included.statements == Bound::ZERO { ONE } else { included.statements };
        Cost { statements: ONE + others, rows: Bound::exactly(limit) + ONE + included.rows }
    }

    fn preset(&self, operation: Operation) -> Option<&RoutePreset> {
        self.schema.models[self.position].preset(operation)
    }

    /// Turns the cost of included rows into an upper bound if the route's preset may exclude relations.
    fn included(&self, operation: Operation, cost: Cost) -> Cost {
        let may_exclude = self.preset(operation).is_some_and(|preset| preset.fields.is_some());
        if !may_exclude {
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
        let additional = writes.references(InputKind::Create)
            + writes.named_references(InputKind::Create, 1)
            + writes.links(InputKind::Create)
            + writes.guard(RowChange::Created, 1);
        Cost {
            statements: additional + ONE + writes.reload(RowChange::Created) + included.statements,
            rows: ONE + writes.reference_rows(InputKind::Create, 1) + writes.link_rows() + included.rows,
        }
    }

    /// The row is read for `If-Match`, and once more if the change may move it out of the caller's scope.
    fn update_one(&self) -> Cost {
        let writes = self.writes;
        let included = self.included(Operation::UpdateOne, self.includes.of_one(self.position));
        let scope_check = writes.scope_check();
        let linked = if writes.has_links() { writes.guard(RowChange::Created, 1) } else { Bound::ZERO };
        let additional = writes.references(InputKind::Update)
            + writes.named_references(InputKind::Update, 1)
            + writes.address_change()
            + scope_check
            + writes.links(InputKind::Update)
            + writes.replacements();
        let guards = writes.guard(RowChange::Updated, 1) + linked;
        Cost {
            statements: ONE + additional + ONE + guards + writes.reload(RowChange::Updated) + included.statements,
            rows: ONE
                + ONE
                + scope_check
                + writes.reference_rows(InputKind::Update, 1)
                + writes.link_rows()
                + included.rows,
        }
    }

    /// The row is read for `If-Match`.
    fn delete_one(&self) -> Cost {
        let guard = self.writes.guard(RowChange::Deleted, 1);
        Cost { statements: ONE + ONE + guard + self.writes.reload(RowChange::Deleted), rows: ONE + ONE }
    }

    fn create_many(&self) -> Cost {
        let writes = self.writes;
        // The maximum number of rows in one body.
        let guards = writes.guard(RowChange::Created, writes.max_bulk());
        let additional = writes.references(InputKind::Create)
            + writes.named_references(InputKind::Create, writes.max_bulk())
            + writes.links(InputKind::Create)
            + writes.retries_one_by_one()
            + guards;
        Cost {
            statements: additional + writes.inserts() + writes.reload(RowChange::Created),
            rows: Bound::at_most(writes.max_bulk())
                + writes.reference_rows(InputKind::Create, writes.max_bulk())
                + writes.link_rows(),
        }
    }

    /// The rows are counted first. A bulk update does not change links.
    fn update_many(&self) -> Cost {
        let writes = self.writes;
        let additional = writes.references(InputKind::Update) + writes.guard(RowChange::Updated, writes.max_bulk());
        Cost {
            statements: ONE + additional + ONE + writes.reload(RowChange::Updated),
            rows: Bound::exactly(writes.max_bulk()) + writes.reference_rows(InputKind::Update, 1),
        }
    }

    /// The rows are counted first.
    fn delete_many(&self) -> Cost {
        let writes = self.writes;
        let guards = writes.guard(RowChange::Deleted, writes.max_bulk());
        Cost {
            statements: ONE + guards + ONE + writes.reload(RowChange::Deleted),
            rows: Bound::exactly(writes.max_bulk()),
        }
    }

    fn restore(&self) -> Cost {
        let included = self.included(Operation::UpdateOne, self.includes.of_one(self.position));
        let guard = self.writes.guard(RowChange::Created, 1);
        Cost { statements: ONE + guard + included.statements, rows: ONE + included.rows }
    }
}
