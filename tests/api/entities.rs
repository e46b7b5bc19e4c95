//! SeaORM's entities inside interceptors: in the request's own transaction, and beside it.

use std::sync::{Arc, Mutex};

use api::post::{ActiveModel, Column, Entity as Posts};
use api::reading::Entity as Readings;
use api::user::Entity as Users;
use api::{CreatePost, Post, PostStatus, Reading, UpdatePost};
use gable::testing::TestServer;
use gable::{ApiError, Context, Gable};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    TransactionTrait,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::{Client, PASSWORD, Sql, TestDatabase};

struct Stage {
    ada: Client,
    _server: TestServer,
    database: TestDatabase,
    _directory: TempDir,
}

impl Stage {
    fn new(install: impl FnOnce(&mut api::Hooks)) -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let variables =
            [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let app = Gable::<api::Api>::new().interceptors(install);
        let server = TestServer::start(app, directory.path(), &variables).expect("an application");
        let client = Client::new(server.url());
        let account = json!({ "email": "ada@example.com", "password": PASSWORD });
        client.post("/api/auth/signup", account.clone()).succeeds(201);
        database.change("UPDATE users SET is_super_user = TRUE", &[]);
        let token = client.post("/api/auth/login", account).succeeds(200);
        let ada = client.with_token(token["token"].as_str().expect("a token"));
        Self { ada, _server: server, database, _directory: directory }
    }

    fn titles(&self) -> Vec<Value> {
        self.ada.get("/api/posts?sort=title").succeeds(200).column("title").into_iter().collect()
    }
}

fn article(title: &str) -> Value {
    json!({ "title": title, "content": "…", "slug": Uuid::now_v7() })
}

fn copy(of: &Post, title: &str) -> ActiveModel {
    let mut copy: ActiveModel = of.clone().into();
    copy.id = ActiveValue::Set(Uuid::now_v7());
    copy.slug = ActiveValue::Set(Some(title.to_lowercase()));
    copy.title = ActiveValue::Set(title.to_owned());
    copy.reset_all()
}

/// Writes, counts, changes and reads back within the transaction.
async fn work_with_entities(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    if !post.title.starts_with("First") {
        return Ok(());
    }
    let tx = ctx.transaction()?;
    copy(post, "Second").insert(tx).await?;
    let all = Posts::find().order_by_asc(Column::Title).all(tx).await?;
    assert_eq!(all.iter().map(|post| post.title.as_str()).collect::<Vec<_>>(), [post.title.as_str(), "Second"]);
    assert_eq!(all[0], *post, "every field arrives as it is");
    assert_eq!(Posts::find().filter(Column::Status.eq(PostStatus::Draft)).count(tx).await?, 2);
    let changed = Posts::update_many().col_expr(Column::Views, 7.into()).filter(Column::Title.eq("Second"));
    assert_eq!(changed.exec(tx).await?.rows_affected, 1);
    let (second, author) =
        Posts::find().find_also_related(Users).filter(Column::Title.eq("Second")).one(tx).await?.expect("a row");
    assert_eq!((second.views, author.map(|author| author.email == "ada@example.com")), (7, Some(true)));
    if post.title == "First and last" { Err(ApiError::bad_request("Enough", "Enough")) } else { Ok(()) }
}

#[test]
fn entities_write_in_the_transaction_of_the_request() {
    let stage = Stage::new(|hooks| {
        hooks.post.after_create_one(work_with_entities);
    });
    stage.ada.post("/api/posts", article("First and last")).expect(400, "Enough");
    assert_eq!(stage.titles(), Vec::<Value>::new(), "what they wrote is rolled back with the rest");
    stage.ada.post("/api/posts", article("First")).succeeds(201);
    assert_eq!(stage.titles(), ["First", "Second"]);
}

/// A part of an interceptor's work that is undone alone, and one that stays.
async fn work_in_savepoints(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    if post.title != "First" {
        return Ok(());
    }
    let outer = ctx.transaction()?.begin().await?;
    copy(post, "Kept").insert(&outer).await?;
    let inner = outer.begin().await?;
    copy(post, "Undone").insert(&inner).await?;
    inner.rollback().await?;
    let dropped = outer.begin().await?;
    copy(post, "Dropped").insert(&dropped).await?;
    drop(dropped);
    let taken = outer.begin().await?;
    let twice = copy(post, "Kept").insert(&taken).await;
    assert!(twice.is_err(), "its slug is taken");
    taken.rollback().await?;
    outer.commit().await?;
    Ok(())
}

#[test]
fn a_transaction_within_the_transaction_is_a_savepoint() {
    let stage = Stage::new(|hooks| {
        hooks.post.after_create_one(work_in_savepoints);
    });
    stage.ada.post("/api/posts", article("First")).succeeds(201);
    assert_eq!(stage.titles(), ["First", "Kept"]);
}

/// A statement fails, and the interceptor makes as if nothing were.
async fn swallow_an_error(ctx: &mut Context<'_>, _: &mut Post) -> Result<(), ApiError> {
    let _ = ctx.transaction()?.execute_unprepared("SELECT no_such_column FROM posts").await;
    Ok(())
}

#[test]
fn a_write_in_whose_transaction_an_error_was_swallowed_is_never_said_to_be_made_unless_it_was() {
    let stage = Stage::new(|hooks| {
        hooks.post.after_create_one(swallow_an_error);
    });
    let status = stage.ada.post("/api/posts", article("First")).status;
    // PostgreSQL gives the whole transaction up, SQLite the statement alone.
    assert_eq!((status == 201, stage.titles().len()), (status == 201, usize::from(status == 201)), "{status}");
    assert!(matches!(status, 201 | 500), "{status}");
}

/// Gives a statement up before its end, which is an error.
async fn give_a_statement_up(ctx: &mut Context<'_>, _: &mut Post) -> Result<(), ApiError> {
    let update = ctx.transaction()?.execute_unprepared("UPDATE users SET bio = 'Given up'");
    let _ = tokio::time::timeout(std::time::Duration::from_millis(300), update).await;
    Ok(())
}

#[test]
fn a_write_in_whose_transaction_a_statement_was_given_up_is_never_said_to_be_made_unless_it_was() {
    let stage = Stage::new(|hooks| {
        hooks.post.after_create_one(give_a_statement_up);
    });
    let mut other = stage.database.sql();
    if matches!(other, Sql::Sqlite(_)) {
        return;
    }
    other.run("BEGIN; SELECT 1 FROM users FOR UPDATE");
    let status = stage.ada.post("/api/posts", article("First")).status;
    other.run("ROLLBACK");
    assert_eq!(stage.titles().len(), usize::from(status == 201), "{status}");
}

/// Reads beside the transaction, which it does not see.
async fn read_beside(ctx: &mut Context<'_>, _: &mut CreatePost) -> Result<(), ApiError> {
    let before = Posts::find().count(ctx.database()).await?;
    assert_eq!(Posts::find().count(ctx.transaction()?).await?, before);
    Ok(())
}

async fn begin_beside(ctx: &mut Context<'_>, _: &mut UpdatePost) -> Result<(), ApiError> {
    let wrong = ctx.database().begin().await?;
    Posts::delete_many().exec(&wrong).await?;
    Ok(())
}

#[test]
fn connections_for_reading_hold_no_transaction() {
    let stage = Stage::new(|hooks| {
        hooks.post.before_create_one(read_beside).before_update_one(begin_beside);
    });
    let id = stage.ada.post("/api/posts", article("First")).succeeds(201).id();
    stage.ada.patch(&format!("/api/posts/{id}"), json!({ "title": "Other" })).expect(500, "InternalError");
    assert_eq!(stage.titles(), ["First"]);
}

/// The connection of a request's transaction, kept by somebody for later.
type Kept = Arc<Mutex<Option<sea_orm::DatabaseConnection>>>;

#[test]
fn a_transaction_that_has_ended_takes_no_more_statements() {
    let kept = Kept::default();
    let (keeping, using) = (kept.clone(), kept);
    let stage = Stage::new(move |hooks| {
        hooks
            .post
            .after_create_one(async move |ctx: &mut Context<'_>, _: &mut Post| {
                *keeping.lock().expect("a lock") = Some(ctx.transaction()?.clone());
                Ok(())
            })
            .before_update_one(async move |_: &mut Context<'_>, _: &mut UpdatePost| {
                let kept = using.lock().expect("a lock").clone().expect("a connection");
                Posts::delete_many().exec(&kept).await?;
                Ok(())
            });
    });
    let id = stage.ada.post("/api/posts", article("First")).succeeds(201).id();
    stage.ada.patch(&format!("/api/posts/{id}"), json!({ "title": "Other" })).expect(500, "InternalError");
    assert_eq!(stage.titles(), ["First"]);
}

/// A row of every type, with and without what is optional.
async fn compare_reading(ctx: &mut Context<'_>, reading: &mut Reading) -> Result<(), ApiError> {
    let found = Readings::find_by_id(reading.id).one(ctx.transaction()?).await?.expect("the row");
    assert_eq!(found, *reading);
    Ok(())
}

#[test]
fn a_column_of_every_type_arrives_in_an_entity_as_in_the_answer() {
    let stage = Stage::new(|hooks| {
        hooks.reading.after_create_one(compare_reading);
    });
    let sparse = json!({
        "title": "Reading", "contact": "box@example.com", "seats": 1, "price": "1", "day": "2026-03-22", "startsAt": "19:30"
    });
    let mut full = sparse.clone();
    full.as_object_mut().expect("an object").extend(
        json!({
            "price": "12.50", "tickets": "https://example.com/", "visitors": 5_000_000_000_i64, "rating": 4.5,
            "isOnline": true, "startsAt": "19:30:15.250", "announcedAt": "2026-01-02T03:04:05.678Z",
            "extras": { "a": [1, 2.5, null] }, "stage": "open"
        })
        .as_object()
        .expect("an object")
        .clone(),
    );
    stage.ada.post("/api/readings", sparse).succeeds(201);
    stage.ada.post("/api/readings", full).succeeds(201);
}
