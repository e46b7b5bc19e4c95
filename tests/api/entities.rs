//! SeaORM entities in interceptors, inside and outside the transaction of the request.

use std::sync::{Arc, Mutex};

use api::post::{ActiveModel, Column, Entity as Posts};
use api::reading::Entity as Readings;
use api::user::Entity as Users;
use api::{CreatePost, Post, PostStatus, Reading, UpdatePost};
use gable::{ApiError, Context};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    TransactionTrait,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, InProcess};

/// Starts the Gazette with these interceptors, and makes a super user.
fn start(install: impl FnOnce(&mut api::Hooks)) -> (InProcess, Client) {
    let app = InProcess::with(install);
    let root = app.super_user();
    (app, root)
}

fn titles(root: &Client) -> Vec<Value> {
    root.get("/api/posts?sort=title").succeeds(200).column("title")
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
    assert_eq!((second.views, author.map(|author| author.email.starts_with("root"))), (7, Some(true)));
    if post.title == "First and last" { Err(ApiError::bad_request("Enough", "Enough")) } else { Ok(()) }
}

#[test]
fn entities_write_in_the_transaction_of_the_request() {
    let (_app, root) = start(|hooks| {
        hooks.post.after_create_one(work_with_entities);
    });
    root.post("/api/posts", article("First and last")).expect(400, "Enough");
    assert_eq!(titles(&root), Vec::<Value>::new(), "their writes are rolled back with the rest");
    root.post("/api/posts", article("First")).succeeds(201);
    assert_eq!(titles(&root), ["First", "Second"]);
}

/// Writes in savepoints, some of which are rolled back.
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
    let (_app, root) = start(|hooks| {
        hooks.post.after_create_one(work_in_savepoints);
    });
    root.post("/api/posts", article("First")).succeeds(201);
    assert_eq!(titles(&root), ["First", "Kept"]);
}

/// Ignores the error of a statement.
async fn ignore_an_error(ctx: &mut Context<'_>, _: &mut Post) -> Result<(), ApiError> {
    let _ = ctx.transaction()?.execute_unprepared("SELECT no_such_column FROM posts").await;
    Ok(())
}

#[test]
fn a_write_whose_interceptor_ignores_an_sql_error_is_reported_as_made_only_if_it_was() {
    let (_app, root) = start(|hooks| {
        hooks.post.after_create_one(ignore_an_error);
    });
    let status = root.post("/api/posts", article("First")).status;
    // PostgreSQL aborts the whole transaction, SQLite only the statement.
    assert_eq!((status == 201, titles(&root).len()), (status == 201, usize::from(status == 201)), "{status}");
    assert!(matches!(status, 201 | 500), "{status}");
}

/// Abandons a statement before it has ended, which must make the write fail.
async fn abandon_a_statement(ctx: &mut Context<'_>, _: &mut Post) -> Result<(), ApiError> {
    let update = ctx.transaction()?.execute_unprepared("UPDATE users SET bio = 'Abandoned'");
    let _ = tokio::time::timeout(std::time::Duration::from_millis(300), update).await;
    Ok(())
}

#[test]
fn a_write_whose_interceptor_abandons_a_statement_is_reported_as_made_only_if_it_was() {
    let (app, root) = start(|hooks| {
        hooks.post.after_create_one(abandon_a_statement);
    });
    if app.is_sqlite() {
        return;
    }
    let mut other = app.sql();
    other.run("BEGIN; SELECT 1 FROM users FOR UPDATE");
    let status = root.post("/api/posts", article("First")).status;
    other.run("ROLLBACK");
    assert_eq!(titles(&root).len(), usize::from(status == 201), "{status}");
}

/// Reads on another connection than that of the transaction.
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
    let (_app, root) = start(|hooks| {
        hooks.post.before_create_one(read_beside).before_update_one(begin_beside);
    });
    let id = root.post("/api/posts", article("First")).succeeds(201).id();
    root.patch(&format!("/api/posts/{id}"), json!({ "title": "Other" })).expect(500, "InternalError");
    assert_eq!(titles(&root), ["First"]);
}

/// The connection of a transaction, kept after the request.
type Kept = Arc<Mutex<Option<sea_orm::DatabaseConnection>>>;

#[test]
fn a_transaction_that_has_ended_takes_no_more_statements() {
    let kept = Kept::default();
    let (keeping, using) = (kept.clone(), kept);
    let (_app, root) = start(move |hooks| {
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
    let id = root.post("/api/posts", article("First")).succeeds(201).id();
    root.patch(&format!("/api/posts/{id}"), json!({ "title": "Other" })).expect(500, "InternalError");
    assert_eq!(titles(&root), ["First"]);
}

/// Compares a row with all column types, read as an entity, with the row of the answer.
async fn compare_reading(ctx: &mut Context<'_>, reading: &mut Reading) -> Result<(), ApiError> {
    let found = Readings::find_by_id(reading.id).one(ctx.transaction()?).await?.expect("the row");
    assert_eq!(found, *reading);
    Ok(())
}

#[test]
fn a_column_of_every_type_arrives_in_an_entity_as_in_the_answer() {
    let (_app, root) = start(|hooks| {
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
    root.post("/api/readings", sparse).succeeds(201);
    root.post("/api/readings", full).succeeds(201);
}
