//! The two applications, each with its schema.

use std::path::Path;

use gable::generated::Api;
use gable_schema::schema::{Model, Relation, RelationKind, Schema};
use serde_json::{Value, json};

use crate::harness::{Client, InProcess, PASSWORD, Reply, unique};

pub(super) struct Application {
    pub(super) schema: Schema,
    /// A super user.
    pub(super) root: Client,
    /// Requests through it are anonymous.
    anonymous: InProcess,
}

/// An account with a log-in.
pub(super) struct Person {
    pub(super) client: Client,
    pub(super) id: Value,
}

pub(super) fn both() -> [Application; 2] {
    [Application::start::<api::Api>("schema"), ledger()]
}

pub(super) fn ledger() -> Application {
    Application::start::<ledger::Api>("tests/apps/ledger/schema")
}

impl Application {
    fn start<A: Api>(schema: &str) -> Self {
        let schema = gable_schema::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(schema));
        let schema = schema.unwrap_or_else(|problems| panic!("{problems}")).schema;
        let anonymous = InProcess::of::<A>();
        let mut app = Self { schema, root: (*anonymous).clone(), anonymous };
        let root = app.register();
        app.anonymous.run(&format!("UPDATE {} SET is_super_user = TRUE", app.accounts().table));
        app.root = app.log_in(root).client;
        app
    }

    /// Makes an account with the default role.
    pub(super) fn sign_up(&self) -> Person {
        self.log_in(self.register())
    }

    /// Makes an account and returns the body of its log-in.
    fn register(&self) -> Value {
        let (identifier, known, secret) = match self.schema.app.api.as_str() {
            "/api" => ("email", format!("{}@example.com", unique("somebody")), "password"),
            _ => ("badge", unique("b"), "secret"),
        };
        let body = json!({ identifier: known, secret: PASSWORD });
        self.anonymous.post(&self.path("/auth/signup"), body).succeeds(201);
        json!({ identifier: known, "password": PASSWORD })
    }

    fn log_in(&self, body: Value) -> Person {
        let logged_in = self.anonymous.post(&self.path("/auth/login"), body).succeeds(200);
        let cookie = logged_in.header("Set-Cookie").unwrap_or_default();
        let token = cookie.split_once('=').and_then(|(_, rest)| rest.split(';').next()).expect("a token in a cookie");
        let client = self.anonymous.with_token(token);
        let id = client.get(&self.path("/users/me")).succeeds(200)["data"]["id"].clone();
        Person { client, id }
    }

    /// Makes an account with a role of static mode.
    pub(super) fn with_role(&self, role: &str) -> Person {
        let person = self.sign_up();
        let path = self.row_path(self.accounts(), &person.id);
        self.root.patch(&path, json!({ "role": role })).succeeds(200);
        person
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.schema.app.api)
    }

    pub(super) fn list(&self, model: &Model) -> String {
        self.path(&format!("/{}", model.path))
    }

    pub(super) fn row_path(&self, model: &Model, id: &Value) -> String {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        format!("{}/{id}", self.list(model))
    }

    /// A row as the super user sees it.
    pub(super) fn row(&self, model: &Model, id: &Value) -> Value {
        self.root.get(&self.row_path(model, id)).succeeds(200)["data"].clone()
    }

    pub(super) fn model(&self, name: &str) -> &Model {
        self.schema.models.iter().find(|model| model.name == name).unwrap_or_else(|| panic!("a model {name}"))
    }

    pub(super) fn accounts(&self) -> &Model {
        let kind = gable_schema::schema::ModelKind::Account;
        self.schema.models.iter().find(|model| model.kind == kind).expect("accounts")
    }

    /// Every relation to a model, with the model that has the relation.
    pub(super) fn ways(&self, to: &Model) -> Vec<(&Model, &Relation)> {
        let from =
            self.schema.models.iter().flat_map(|model| model.relations.iter().map(move |relation| (model, relation)));
        from.filter(|(_, relation)| relation.target == to.name).collect()
    }

    /// The number of rows of each model.
    pub(super) fn counts(&self) -> Vec<(String, Value)> {
        let count = |model: &Model| self.root.get(&self.list(model)).succeeds(200)["total"].clone();
        self.schema.models.iter().map(|model| (model.name.clone(), count(model))).collect()
    }
}

/// The element, in a list if the relation leads to many rows.
pub(super) fn placed(relation: &Relation, element: Value) -> Value {
    match relation.kind {
        RelationKind::BelongsTo { .. } | RelationKind::HasOne { .. } => json!({ &relation.name: element }),
        RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. } => json!({ &relation.name: [element] }),
    }
}

/// The key of a relation, if the model that has the relation also has its key.
pub(super) fn own_key(relation: &Relation) -> Option<&str> {
    match &relation.kind {
        RelationKind::BelongsTo { field, .. } => Some(field),
        _ => None,
    }
}

/// A body with further fields.
pub(super) fn plus(mut body: Value, more: &Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    body
}

/// The parts of an answer that a caller can compare.
pub(super) fn comparable(reply: &Reply) -> (u16, String, Vec<(String, String)>) {
    // The order of the exposed headers is not fixed.
    let headers = reply.headers_but(&["x-request-id", "date", "access-control-expose-headers"]);
    (reply.status, String::from_utf8_lossy(&reply.bytes).into_owned(), headers)
}
