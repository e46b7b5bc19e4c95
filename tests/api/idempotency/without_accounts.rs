//! Keys in an application without accounts, whose callers are all anonymous.

use std::time::Duration;

use gable::generated::{
    ActionMeta, Api, AppMeta, BodyReader, DbError, FieldKind, FieldMeta, Hooks, IdKind, Input, Migration, ModelKind,
    ModelMeta, Mounted, ObjectWriter, Origin, Patch, Permission, Resource, Row, RowValues, RuleMeta, Validate,
    ValidationErrors, Who,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{is_replayed, is_the_same_again, key};
use crate::harness::{InProcess, Installation, Reply};

struct Guestbook;

impl Api for Guestbook {
    type Hooks = ();
    const APP: &'static AppMeta = &AppMeta { auth: None, ..api::app::APP };
    const PERMISSIONS: usize = 4;
    const MIGRATIONS: &'static [Migration] =
        &[Migration { name: "0001_initial", sqlite: SQLITE, postgres: POSTGRES, tables: "" }];
    const TABLES: &'static str = "";

    fn mount((): ()) -> Mounted {
        Mounted::default().model(Hooks::<Entry>::default())
    }
}

const SQLITE: &str = "CREATE TABLE entries (id blob PRIMARY KEY, text text NOT NULL)";
const POSTGRES: &str = "CREATE TABLE entries (id uuid PRIMARY KEY, text text NOT NULL)";

struct Entry {
    id: Uuid,
    text: String,
}

#[derive(Clone, Debug, PartialEq)]
struct CreateEntry(String);

#[derive(Clone, Debug, Default, PartialEq)]
struct UpdateEntry(Patch<String>);

impl Validate for CreateEntry {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

impl Validate for UpdateEntry {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

impl Input for CreateEntry {
    fn read(body: &mut BodyReader<'_>) -> Self {
        Self(body.required("text"))
    }

    fn into_row(self, row: &mut RowValues) {
        row.set(1, self.0);
    }
}

impl Input for UpdateEntry {
    fn read(body: &mut BodyReader<'_>) -> Self {
        Self(body.patch("text"))
    }

    fn into_row(self, row: &mut RowValues) {
        row.patch(1, self.0);
    }
}

impl Resource for Entry {
    type Id = Uuid;
    type Create = CreateEntry;
    type Update = UpdateEntry;
    const META: &'static ModelMeta = &ModelMeta {
        name: "Entry",
        table: "entries",
        path: "entries",
        resource: "entry",
        kind: ModelKind::Ordinary,
        id: IdKind::Uuid,
        soft_delete: false,
        fields: &[
            FieldMeta::new("id", "id", FieldKind::Uuid).origin(Origin::Id).read_only(),
            FieldMeta::new("text", "text", FieldKind::Text),
        ],
        relations: &[],
        uniques: &[],
        actions: &[
            ActionMeta::new(Permission::new(0), "View", EVERYBODY),
            ActionMeta::new(Permission::new(1), "Create", EVERYBODY),
            ActionMeta::new(Permission::new(2), "Update", &[]),
            ActionMeta::new(Permission::new(3), "Delete", &[]),
        ],
        routes: &[],
    };

    fn id(&self) -> Uuid {
        self.id
    }

    fn decode(row: &mut Row<'_>) -> Result<Self, DbError> {
        Ok(Self { id: row.next()?, text: row.next()? })
    }

    fn write(&self, out: &mut ObjectWriter<'_>) {
        out.field(&self.id);
        out.field(&self.text);
    }
}

const EVERYBODY: &[RuleMeta] = &[RuleMeta::new(Who::Public, &[])];

fn start() -> InProcess {
    Installation::new().with("TRUSTED_PROXIES", "127.0.0.1").start::<Guestbook>(|()| {})
}

/// Makes an entry as an anonymous client with this address.
fn sign(app: &InProcess, address: &str, key: &str, body: &Value) -> Reply {
    let request = app.request("POST", "/api/entries").header("X-Forwarded-For", address);
    request.header("Idempotency-Key", key).json(body).send()
}

const HERE: &str = "192.0.2.1";
const THERE: &str = "192.0.2.2";

#[test]
fn an_anonymous_client_may_repeat_a_request() {
    let (app, key, body) = (start(), key(), json!({ "text": "I was here" }));
    let first = sign(&app, HERE, &key, &body).succeeds(201);
    is_the_same_again(&sign(&app, HERE, &key, &body), &first);
    sign(&app, HERE, &key, &json!({ "text": "And I" })).expect(409, "IdempotencyKeyReused");
    assert_eq!(app.rows("entries"), 1);
}

#[test]
fn two_anonymous_clients_with_the_same_key_do_not_share_an_answer() {
    let (app, key, body) = (start(), key(), json!({ "text": "I was here" }));
    let first = sign(&app, HERE, &key, &body).succeeds(201);
    let other = sign(&app, THERE, &key, &body).succeeds(201);
    assert!(!is_replayed(&other) && other.id() != first.id(), "{other:?}");
    assert_eq!(app.rows("entries"), 2);
}

#[test]
fn keys_survive_a_restart_and_expired_ones_are_deleted() {
    let (app, key, body) = (start(), key(), json!({ "text": "I was here" }));
    let first = sign(&app, HERE, &key, &body).succeeds(201);
    let app = app.restart_after(Duration::from_secs(23 * 60 * 60));
    is_the_same_again(&sign(&app, HERE, &key, &body), &first);
    let app = app.restart_after(Duration::from_secs(60 * 60));
    app.eventually_has_rows("gable_idempotency", 0);
}
