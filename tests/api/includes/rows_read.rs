//! An include reads only the first rows of a relation.

use gable::generated::{ModelMeta, RelationKind, RelationMeta};
use serde_json::{Value, json};

use super::fixtures::{article, draft, tag, word};
use super::statements::{filled, statements_of};
use super::visibility::MODELS;
use crate::harness::{App, Client, app};

fn leads_to_many(relation: &RelationMeta) -> bool {
    matches!(relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
}

/// The statement that reads the rows of a relation.
fn of_relation(app: &App, meta: &ModelMeta, relation: &RelationMeta) -> String {
    let reply = app.super_user().get(&format!("/api/{}?fields=+{}&count=false", meta.path, relation.name));
    let lines = statements_of(app, &reply.succeeds(200));
    let logged = lines.last().and_then(|line| line.split_once("sql=\""));
    let sql = logged.and_then(|(_, rest)| rest.rsplit_once("\" id=")).expect("a statement").0;
    sql.replace("\\\"", "\"")
}

#[test]
fn the_first_rows_are_read_off_an_index_in_their_order() {
    let app = filled();
    let mut looked_at = 0;
    for meta in MODELS {
        for relation in meta.relations.iter().filter(|relation| leads_to_many(relation)) {
            let sql = of_relation(&app, meta, relation);
            let plan = app.plan(&sql);
            let place = format!("{}.{}: {sql}\n{plan:#?}", meta.name, relation.name);
            assert_eq!(plan.iter().filter(|step| sorts(step)).count(), 1, "what was read, and nothing else: {place}");
            assert!(!plan.iter().any(|step| goes_through_a_table(step)), "{place}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 10, "{looked_at} relations");
}

fn sorts(step: &str) -> bool {
    step.contains("TEMP B-TREE") || step.contains("Sort  (")
}

/// Whether a step reads a whole table or index. SQLite also calls it a scan to read a list that the statement itself has
/// made. Reading a whole index in its order is no better than reading the table.
fn goes_through_a_table(step: &str) -> bool {
    let filters = step.contains("Filter:") && step.contains("p.id");
    let scans = ["SCAN t1", "SCAN j1"].iter().any(|scan| step.starts_with(scan));
    filters || scans || ["Seq Scan", "Merge Join", "Hash Join"].iter().any(|way| step.contains(way))
}

/// Makes articles with this many comments each, whose contents are not sorted.
fn discussed(app: &App, counts: &[usize]) -> Vec<String> {
    let ada = app.sign_up("ada");
    let with = |count: &usize| {
        let post = article(app, &ada, "Engines");
        let rows = (0..*count).map(|n| json!({ "content": format!("{}", n * 7 % 5), "postId": post }));
        let rows: Vec<Value> = rows.collect();
        if !rows.is_empty() {
            ada.post("/api/comments/many", json!(rows)).succeeds(201);
        }
        post
    };
    counts.iter().map(with).collect()
}

/// The included rows of each row of a list, by the id of the row.
fn included(caller: &Client, path: &str, name: &str, id: &str) -> Value {
    let listed = caller.get(path).succeeds(200);
    let row = listed["data"].as_array().and_then(|rows| rows.iter().find(|row| row["id"] == *id));
    row.unwrap_or_else(|| panic!("{id} in {path}"))[name].clone()
}

#[test]
fn many_parents_have_each_the_first_rows_of_their_own_list() {
    let app = app();
    let posts = discussed(&app, &[0, 1, 7, 40]);
    let ids = posts.join(",");
    for sort in ["id", "-id", "content", "-content,-id", "createdAt,-content"] {
        for limit in [1, 6, 100] {
            let page =
                format!("/api/posts?id[in]={ids}&fields=id,+comments&comments[sort]={sort}&comments[limit]={limit}");
            for post in &posts {
                let own = app.get(&format!("/api/comments?postId={post}&sort={sort}&limit={limit}")).succeeds(200);
                assert_eq!(included(&app, &page, "comments", post), own["data"], "{sort}, {limit} of {post}");
            }
        }
    }
}

#[test]
fn many_tags_have_each_the_first_articles_that_the_caller_sees() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let posts: Vec<String> = (0..12)
        .map(|n| {
            if n % 3 == 0 { article(&app, &ada, &word()) } else { draft(if n % 2 == 0 { &ada } else { &bob }, &word()) }
        })
        .collect();
    let posts: Vec<&str> = posts.iter().map(String::as_str).collect();
    let tags = [tag(&app, &posts), tag(&app, &posts[3..7]), tag(&app, &[])];
    let ids = tags.join(",");
    for caller in [&app as &Client, &ada, &bob] {
        for (sort, limit) in [("id", 2), ("-id", 3), ("title", 3), ("-summary,-title", 4), ("status,id", 50)] {
            let page = format!("/api/tags?id[in]={ids}&fields=id,+posts&posts[sort]={sort}&posts[limit]={limit}");
            for tag in &tags {
                let own = caller.get(&format!("/api/posts?tags[id]={tag}&sort={sort}&limit={limit}")).succeeds(200);
                assert_eq!(included(caller, &page, "posts", tag), own["data"], "{sort}, {limit} of {tag}");
            }
        }
    }
}
