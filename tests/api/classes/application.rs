//! Two applications in this process, each with its schema.

use std::path::Path;

use gable::Gable;
use gable::generated::Api;
use gable::testing::TestServer;
use gable_schema::schema::{Model, Relation, RelationKind, Schema};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Client, PASSWORD, Reply, TestDatabase, unique};

pub(super) struct Application {
    pub(super) schema: Schema,
    /// A super user.
    pub(super) root: Client,
    anonymous: Client,
    _server: TestServer,
    /// Both go with it.
    _database: TestDatabase,
    _directory: TempDir,
}

/// Somebody with a log-in.
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
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let variables =
            [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let server = TestServer::start(Gable::<A>::new(), directory.path(), &variables).expect("an application");
        let anonymous = Client::new(server.url());
        let root = anonymous.clone();
        let mut app = Self { schema, root, anonymous, _server: server, _database: database, _directory: directory };
        let root = app.register();
        let table = &app.accounts().table;
        app._database.change(&format!("UPDATE {table} SET is_super_user = TRUE"), &[]);
        app.root = app.log_in(root).client;
        app
    }

    /// Somebody new, with the default role.
    pub(super) fn sign_up(&self) -> Person {
        self.log_in(self.register())
    }

    /// A new account; what it logs in with.
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

    /// Somebody new with a role of static mode.
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

    /// Every relation that leads to a model, with the model that it leads from.
    pub(super) fn ways(&self, to: &Model) -> Vec<(&Model, &Relation)> {
        let from =
            self.schema.models.iter().flat_map(|model| model.relations.iter().map(move |relation| (model, relation)));
        from.filter(|(_, relation)| relation.target == to.name).collect()
    }

    /// How many rows every model has.
    pub(super) fn counts(&self) -> Vec<(String, Value)> {
        let count = |model: &Model| self.root.get(&self.list(model)).succeeds(200)["total"].clone();
        self.schema.models.iter().map(|model| (model.name.clone(), count(model))).collect()
    }
}

/// An element for a relation: alone where it leads to one row, in a list where it leads to many.
pub(super) fn placed(relation: &Relation, element: Value) -> Value {
    match relation.kind {
        RelationKind::BelongsTo { .. } | RelationKind::HasOne { .. } => json!({ &relation.name: element }),
        RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. } => json!({ &relation.name: [element] }),
    }
}

/// The key of a relation, where the model that it leads from has it.
pub(super) fn own_key(relation: &Relation) -> Option<&str> {
    match &relation.kind {
        RelationKind::BelongsTo { field, .. } => Some(field),
        _ => None,
    }
}

/// A body with more in it.
pub(super) fn plus(mut body: Value, more: &Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    body
}

/// Everything by which a caller could tell two answers apart.
pub(super) fn told(reply: &Reply) -> (u16, String, Vec<(String, String)>) {
    // The names in the list of exposed headers come in any order.
    let headers = reply.headers_but(&["x-request-id", "date", "access-control-expose-headers"]);
    (reply.status, String::from_utf8_lossy(&reply.bytes).into_owned(), headers)
}
