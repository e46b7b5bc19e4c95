//! `set` for relations whose key is in the other model, with the integer ids and the small budget of the ledger.

use serde_json::{Value, json};

use super::application::{Application, ledger};
use super::samples::{body, row};

struct Tree<'a> {
    app: &'a Application,
    parent: Value,
    children: Vec<Value>,
}

impl<'a> Tree<'a> {
    fn new(app: &'a Application, children: usize) -> Self {
        let model = app.model("GLAccount");
        let (parent, children): (Value, Vec<Value>) =
            (row(app, model), (0..children).map(|_| row(app, model)).collect());
        for child in &children {
            app.root.patch(&app.row_path(model, child), json!({ "parentId": parent })).succeeds(200);
        }
        Self { app, parent, children }
    }

    fn path(&self) -> String {
        self.app.row_path(self.app.model("GLAccount"), &self.parent)
    }

    fn linked(&self) -> Vec<Value> {
        let list = self.app.list(self.app.model("GLAccount"));
        let children = self.app.root.get(&format!("{list}?parentId={}&sort=id&limit=10", self.parent)).succeeds(200);
        children["data"].as_array().expect("rows").iter().map(|row| row["id"].clone()).collect()
    }
}

#[test]
fn rows_that_set_does_not_name_lose_their_key() {
    let app = ledger();
    let tree = Tree::new(&app, 3);
    let (stays, comes) = (tree.children[1].clone(), row(&app, app.model("GLAccount")));
    let number = app.row(app.model("GLAccount"), &comes)["number"].clone();
    let children = json!({ "set": [{ "id": stays }, { "number": number }] });
    app.root.patch(&tree.path(), json!({ "children": children })).succeeds(200);
    assert_eq!(tree.linked(), [stays.clone(), comes.clone()]);
    let children = json!([{ "id": tree.children[0], "apiAction": "set" }]);
    app.root.patch(&tree.path(), json!({ "children": children })).succeeds(200);
    assert_eq!(tree.linked(), [tree.children[0].clone()]);
    app.root.patch(&tree.path(), json!({ "children": { "set": [] } })).succeeds(200);
    assert_eq!(tree.linked(), Vec::<Value>::new());
}

#[test]
fn rows_whose_key_is_required_are_not_unlinked() {
    let app = ledger();
    let entry = app.root.post(&app.list(app.model("Entry")), body(&app, app.model("Entry"))).succeeds(201);
    let (entry, debit) = (entry["data"]["id"].clone(), entry["data"]["debitId"].clone());
    let path = app.row_path(app.model("GLAccount"), &debit);
    let before = app.row(app.model("GLAccount"), &debit);
    let orphaned = json!({ "isVAT": true, "debits": { "set": [] } });
    let refused = app.root.patch(&path, orphaned).expect(400, "InvalidRequestBody");
    assert_eq!((refused.problem_fields(), refused.problems()), (vec!["debits"], vec!["DebitsRequiredConstraint"]));
    assert_eq!(app.row(app.model("Entry"), &entry)["debitId"], debit);
    assert_eq!(app.row(app.model("GLAccount"), &debit), before);
    // No row loses a required relation if all linked rows are named.
    app.root.patch(&path, json!({ "debits": { "set": [{ "id": entry }] } })).succeeds(200);
}

#[test]
fn rows_that_are_unlinked_count_like_rows_that_are_named() {
    let app = ledger();
    assert_eq!(app.schema.app.query.max_nested, 7);
    let tree = Tree::new(&app, 8);
    let refused = app.root.patch(&tree.path(), json!({ "children": { "set": [] } })).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problems(), ["ChildrenMaxNestedConstraint"]);
    let four = |tree: &Tree<'_>| -> Value { tree.children[..4].iter().map(|id| json!({ "id": id })).collect() };
    // Four rows are named, and four would be unlinked.
    let body = json!({ "children": { "set": four(&tree) } });
    app.root.patch(&tree.path(), body).expect(400, "InvalidRequestBody");
    assert_eq!(tree.linked().len(), 8);
    let tree = Tree::new(&app, 7);
    app.root.patch(&tree.path(), json!({ "children": { "set": four(&tree) } })).succeeds(200);
    assert_eq!(tree.linked(), tree.children[..4]);
}

#[test]
fn set_requires_the_permission_to_change_the_other_rows() {
    let app = ledger();
    let tree = Tree::new(&app, 2);
    let clerk = app.sign_up();
    clerk.client.patch(&tree.path(), json!({ "children": { "set": [] } })).expect(403, "NotEnoughPermissions");
    assert_eq!(tree.linked(), tree.children);
    let accountant = app.with_role("Accountant");
    accountant.client.patch(&tree.path(), json!({ "children": { "set": [] } })).succeeds(200);
    assert_eq!(tree.linked(), Vec::<Value>::new());
}

#[test]
fn a_row_is_upserted_or_connected_by_its_number() {
    let app = ledger();
    let tree = Tree::new(&app, 1);
    let model = app.model("GLAccount");
    let number = app.row(model, &tree.children[0])["number"].clone();
    let values = json!({ "number": number, "type": "equity", "isVAT": true, "apiAction": "upsert" });
    app.root.patch(&tree.path(), json!({ "children": [values] })).succeeds(200);
    assert_eq!((tree.linked().len(), &app.row(model, &tree.children[0])["isVAT"]), (1, &json!(true)));
    let (other, fresh) = (row(&app, model), body(&app, model));
    let known = app.row(model, &other)["number"].clone();
    let children = json!([
        { "number": known, "type": "asset", "apiAction": "connectOrCreate" },
        { "number": fresh["number"], "type": "asset", "apiAction": "connectOrCreate" },
    ]);
    app.root.patch(&tree.path(), json!({ "children": children })).succeeds(200);
    assert_eq!(tree.linked().len(), 3);
    assert!(tree.linked().contains(&other));
}
