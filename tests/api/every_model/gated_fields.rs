//! Fields and keys of the ledger that only some roles may read or write: clerks cannot read the matching rule of an
//! account or the approver of an entry; accountants can read both and write neither.

use serde_json::{Value, json};

use super::application::{Application, Person, comparable, ledger, plus};
use super::samples::{body, row};
use crate::harness::{Client, Reply};

struct Books {
    app: Application,
    clerk: Person,
    accountant: Person,
    auditor: Person,
}

impl Books {
    fn open() -> Self {
        let app = ledger();
        let [clerk, accountant, auditor] = ["Clerk", "Accountant", "chief-auditor"].map(|role| app.with_role(role));
        Self { app, clerk, accountant, auditor }
    }

    /// Makes an entry of the clerk and returns its path.
    fn entry(&self) -> String {
        let entry = self.app.model("Entry");
        let mut body = body(&self.app, entry);
        body.as_object_mut().expect("an object").remove("enteredById");
        let made = self.clerk.client.post("/books/entries", body).succeeds(201);
        self.app.row_path(entry, &made["data"]["id"])
    }

    fn approve(&self, entry: &str, by: &Value) {
        self.app.root.patch(entry, json!({ "approvedById": by })).succeeds(200);
    }

    fn read(&self, path: &str) -> Value {
        self.app.root.get(path).succeeds(200)["data"].clone()
    }
}

/// The answer with a fixed name for the field of the query.
fn about(reply: &Reply, field: &str) -> (u16, String) {
    (reply.status, String::from_utf8_lossy(&reply.bytes).replace(field, "xyzzy"))
}

#[test]
fn a_field_that_the_caller_may_not_read_cannot_be_queried() {
    let books = Books::open();
    let path = format!("/books/gl-accounts/{}", row(&books.app, books.app.model("GLAccount")));
    books.app.root.patch(&path, json!({ "match": "secret" })).succeeds(200);
    let ask = |client: &Client, probe: &str, field: &str, value: &str| {
        about(&client.get(&format!("/books/{}", probe.replace("FIELD", field).replace("VALUE", value))), field)
    };
    for probe in [
        "gl-accounts?FIELD=VALUE",
        "gl-accounts?FIELD__startsWith=VALUE",
        "gl-accounts?FIELD__isNull=true",
        "gl-accounts?filters=%7B%22FIELD%22:%22VALUE%22%7D",
        "gl-accounts?sort=FIELD",
        "gl-accounts?fields=FIELD",
        "gl-accounts?fields=-FIELD",
        "gl-accounts?parent__FIELD=VALUE",
        "entries?debit__FIELD=VALUE",
        "entries?limit=1&fields=debit.FIELD",
    ] {
        let answers = [("match", "secret"), ("match", "public"), ("xyzzy", "secret")]
            .map(|(field, value)| ask(&books.clerk.client, probe, field, value));
        assert_eq!((answers[0].0, &answers[0], &answers[0]), (400, &answers[1], &answers[2]), "{probe}");
        assert_eq!(ask(&books.accountant.client, probe, "match", "secret").0, 200, "{probe}");
    }
    // The model has no other text field, so the clerk cannot search it at all.
    let search = |client: &Client| client.get("/books/gl-accounts?search=secret");
    search(&books.clerk.client).expect(400, "InvalidRequestQuery");
    assert_eq!(search(&books.accountant.client).succeeds(200)["total"], 1);
    let seen = |client: &Client| client.get(&path).succeeds(200)["data"].get("match").cloned();
    assert_eq!((seen(&books.clerk.client), seen(&books.auditor.client)), (None, Some(json!("secret"))));
}

#[test]
fn a_field_that_the_caller_may_not_write_is_refused_in_every_body() {
    let books = Books::open();
    let model = books.app.model("GLAccount");
    let id = row(&books.app, model);
    let path = books.app.row_path(model, &id);
    let new = || plus(body(&books.app, model), &json!({ "match": "mine" }));
    let before = (books.read(&path), books.app.counts());
    let client = &books.accountant.client;
    let entry = |debit: Value| json!({ "amount": "1.00", "text": "x", "debit": debit, "creditId": id });
    let change = json!({ "id": id, "match": "mine" });
    for reply in [
        client.post("/books/gl-accounts", new()),
        client.post("/books/gl-accounts/many", json!([new()])),
        client.patch(&path, json!({ "match": "mine" })),
        client.patch(&format!("/books/gl-accounts/many?id={id}"), json!({ "match": "mine" })),
        client.patch(&path, json!({ "children": [new()] })),
        client.patch(&path, json!({ "parent": new() })),
        client.post("/books/entries", entry(new())),
        client.post("/books/entries", entry(change.clone())),
        client.post("/books/entries/many", json!([entry(change)])),
    ] {
        let reply = reply.expect(400, "InvalidRequestBody");
        assert!(reply.problem_fields().iter().all(|field| field.ends_with("match")), "{reply:?}");
    }
    assert_eq!((books.read(&path), books.app.counts()), before);
    books.auditor.client.patch(&path, json!({ "match": "mine" })).succeeds(200);
}

#[test]
fn linking_reveals_nothing_about_a_key_that_the_caller_may_not_read() {
    let books = Books::open();
    let (mine, others) = (books.entry(), books.entry());
    books.approve(&mine, &books.clerk.id);
    books.approve(&others, &books.auditor.id);
    let employee = books.app.row_path(books.app.accounts(), &books.clerk.id);
    let before = [&mine, &others, &employee].map(|path| books.read(path));
    let id = |path: &str| -> Value { path.rsplit('/').next().and_then(|id| id.parse::<i64>().ok()).into() };
    for action in ["update", "disconnect", "delete"] {
        for element in [json!({ "id": books.clerk.id, "apiAction": action }), json!({ "apiAction": action })] {
            let body = json!({ "approvedBy": element });
            let [one, other] = [&mine, &others].map(|path| books.clerk.client.patch(path, body.clone()));
            assert_eq!((one.status, comparable(&one)), (400, comparable(&other)), "{body}");
        }
        let through = |path: &str| {
            let element = json!({ "id": id(path), "apiAction": action });
            books.clerk.client.patch(&employee, json!({ "approved": [element] }))
        };
        let (one, other) = (through(&mine), through(&others));
        assert!(one.status == 400 || one.status == 403, "{one:?}");
        assert_eq!(comparable(&one), comparable(&other), "{action}");
    }
    for approver in [json!({ "id": books.clerk.id }), json!({ "badge": "b-0" }), json!(null)] {
        let reply =
            books.clerk.client.patch(&mine, json!({ "approvedBy": approver })).expect(400, "InvalidRequestBody");
        assert_eq!(reply.problem_fields(), ["approvedById"]);
    }
    assert_eq!([&mine, &others, &employee].map(|path| books.read(path)), before);
}

#[test]
fn nobody_gives_themselves_a_role_through_their_rows() {
    let books = Books::open();
    let (clerk, id) = (&books.clerk.client, &books.clerk.id);
    let employee = books.app.row_path(books.app.accounts(), id);
    let before = books.read(&employee);
    let account = row(&books.app, books.app.model("GLAccount"));
    for power in [json!({ "role": "Accountant" }), json!({ "isSuperUser": true })] {
        let me = plus(json!({ "id": id }), &power);
        let entry = json!({ "amount": "1.00", "text": "x", "debitId": account, "creditId": account, "enteredBy": me });
        for reply in [
            clerk.patch(&employee, power.clone()),
            clerk.post("/books/entries", entry.clone()),
            clerk.post("/books/entries/many", json!([entry])),
        ] {
            let name = power.as_object().and_then(|power| power.keys().next()).expect("a field");
            let reply = reply.expect(400, "InvalidRequestBody");
            assert!(reply.problem_fields().iter().all(|field| field.ends_with(name.as_str())), "{reply:?}");
        }
    }
    assert_eq!(books.read(&employee), before);
    assert_eq!(books.app.root.get("/books/entries").succeeds(200)["total"], 0);
    // Fields that they may write are accepted in the same way.
    let me = json!({ "id": id, "email": "clerk@example.com" });
    let entry = json!({ "amount": "1.00", "text": "x", "debitId": account, "creditId": account, "enteredBy": me });
    clerk.post("/books/entries", entry).succeeds(201);
    assert_eq!(books.read(&employee)["email"], "clerk@example.com");
}
