//! Rights that change between two requests without a notice, as by SQL: the write itself notices. On PostgreSQL, the
//! check is a part of the statement that writes, or is sent together with it.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Account, App, Reply, Setup, spawn_app};

/// Changes of the rights of an account by SQL, and the answers to its next write.
const CHANGES: &[(&str, &[u16])] = &[
    ("UPDATE users SET is_active = FALSE WHERE email = '{email}'", &[401]),
    ("UPDATE users SET is_super_user = TRUE WHERE email = '{email}'", &[409]),
    ("DELETE FROM gable_grants WHERE account_id = (SELECT id FROM users WHERE email = '{email}')", &[401]),
    ("UPDATE gable_grants SET generation = generation + 1", &[401, 409]),
    ("DELETE FROM user_roles WHERE user_id = (SELECT id FROM users WHERE email = '{email}')", &[409]),
];

struct Author {
    app: App,
    ada: Account,
    /// The path of an article of this author.
    post: String,
}

impl Author {
    fn new() -> Self {
        Self::of(spawn_app())
    }

    fn of(app: App) -> Self {
        let ada = app.sign_up("ada");
        app.give_role(&ada, "Editor");
        let body = json!({ "title": "Title", "content": "…", "slug": "first" });
        let post = format!("/api/posts/{}", ada.post("/api/posts", body).succeeds(201).id());
        Self { app, ada, post }
    }

    fn change(&self, sql: &str) {
        self.app.run_sql(&sql.replace("{email}", &self.ada.email));
    }

    fn rename(&self) -> Reply {
        self.ada.patch(&self.post, json!({ "title": "Changed" }))
    }
}

#[test]
fn an_update_after_a_change_of_rights_is_refused_and_changes_nothing() {
    for (sql, expected) in CHANGES {
        let author = Author::new();
        author.ada.patch(&author.post, json!({ "summary": "Before" })).succeeds(200);
        author.change(sql);
        let reply = author.rename();
        assert!(expected.contains(&reply.status), "{sql}: {reply:?}");
        assert_eq!(author.app.row(&author.post)["title"], "Title", "{sql}");
    }
}

#[test]
fn a_row_is_neither_made_nor_deleted_after_a_change_of_rights() {
    let tag = |author: &Author| author.ada.post("/api/tags", json!({ "name": Uuid::now_v7().simple().to_string() }));
    // Unlike the first one, with interceptors after the INSERT.
    let post = |author: &Author| author.ada.post("/api/posts", json!({ "title": "Second", "content": "…" }));
    let deletion = |author: &Author| author.ada.delete(&author.post);
    let writes: [&dyn Fn(&Author) -> Reply; 3] = [&tag, &post, &deletion];
    for (sql, expected) in CHANGES {
        for write in writes {
            let author = Author::new();
            author.ada.get("/api/users/me").succeeds(200);
            author.change(sql);
            let reply = write(&author);
            assert!(expected.contains(&reply.status), "{sql}: {reply:?}");
            let counts = ["tags", "posts"].map(|table| author.app.number(&format!("SELECT count(*) FROM {table}")));
            assert_eq!(counts, [0, 1], "{sql}");
        }
    }
}

#[test]
fn whoever_was_suspended_does_not_learn_that_a_value_is_taken() {
    let author = Author::new();
    author.change("UPDATE users SET is_active = FALSE WHERE email = '{email}'");
    let body = json!({ "title": "Title", "content": "…", "slug": "first" });
    author.ada.post("/api/posts", body).expect(401, "InvalidToken");

    let author = Author::new();
    let name = json!({ "name": "taken" });
    author.ada.post("/api/tags", name.clone()).succeeds(201);
    author.ada.post("/api/tags", name.clone()).expect(409, "TagNameUniqueConstraint");
    author.change("UPDATE users SET is_active = FALSE WHERE email = '{email}'");
    author.ada.post("/api/tags", name).expect(401, "InvalidToken");
}

#[test]
fn on_postgresql_a_write_that_nothing_follows_is_one_statement_with_the_check_of_rights() {
    let author =
        Author::of(Setup::new().with("RUST_LOG", "info,gable::sql=trace").with("GABLE_LOG", "compact").spawn());
    if !author.app.database_is_postgres() {
        return;
    }
    let statements = |reply: Reply| {
        let id = reply.header("X-Request-Id").expect("every answer has an id").to_owned();
        author.app.log_has("gable::request", &id);
        let output = author.app.output();
        let lines = output.lines().filter(|line| line.contains("gable::sql") && line.contains(&id));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    author.ada.get("/api/users/me").succeeds(200);
    let tag = author.ada.post("/api/tags", json!({ "name": "one" })).succeeds(201);
    for reply in [
        author.rename().succeeds(200),
        author.ada.patch(&format!("/api/tags/{}", tag.id()), json!({ "name": "two" })),
        tag,
    ] {
        let statements = statements(reply);
        assert_eq!(statements.len(), 1, "{statements:#?}");
        assert!(statements[0].contains("gable_grants") && statements[0].contains("RETURNING"), "{statements:#?}");
    }
}
