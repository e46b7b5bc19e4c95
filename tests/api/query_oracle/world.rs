//! Random rows, stored in an application and kept in memory.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::harness::{Account, App, Client, spawn_app, unique};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Post,
    Comment,
    Tag,
    Reading,
}

/// The values of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Text,
    /// One of these JSON values, in ascending order.
    Ordered(&'static [&'static str]),
    /// One of these JSON values, which have no order.
    Word(&'static [&'static str]),
}

impl Field {
    pub(super) fn value(self) -> BoxedStrategy<Value> {
        match self {
            Field::Text => text().prop_map(Value::from).boxed(),
            Field::Ordered(values) | Field::Word(values) => {
                select(values).prop_map(|value| serde_json::from_str(value).expect("JSON")).boxed()
            }
        }
    }
}

/// Few short texts, so that many are equal or contain each other. They have no comma, which separates values in a URL.
fn text() -> impl Strategy<Value = String> {
    let letters = select(vec!["a", "A", "b", "%", "_", "!", "\\", "'", "🦀"]);
    prop::collection::vec(letters, 0..=3).prop_map(|letters| letters.concat())
}

const STATUS: Field = Field::Word(&["\"draft\"", "\"review\"", "\"published\""]);
const SEATS: Field = Field::Ordered(&["1", "2", "3"]);
const RATING: Field = Field::Ordered(&["0.0", "1.5", "4.5"]);
const PRICE: Field = Field::Ordered(&["\"9.90\"", "\"10.00\"", "\"100.05\""]);
const DAY: Field = Field::Ordered(&["\"2026-01-31\"", "\"2026-02-01\"", "\"2026-10-01\""]);
const ONLINE: Field = Field::Word(&["true", "false"]);
const STAGE: Field = Field::Word(&["\"planned\"", "\"open\""]);

impl Model {
    pub(super) const ALL: [Model; 4] = [Model::Post, Model::Comment, Model::Tag, Model::Reading];

    pub(super) fn path(self) -> &'static str {
        match self {
            Model::Post => "posts",
            Model::Comment => "comments",
            Model::Tag => "tags",
            Model::Reading => "readings",
        }
    }

    pub(super) fn fields(self) -> Vec<(&'static str, Field)> {
        match self {
            Model::Post => vec![("title", Field::Text), ("summary", Field::Text), ("status", STATUS)],
            Model::Comment => vec![("content", Field::Text)],
            Model::Tag => vec![("name", Field::Text)],
            Model::Reading => vec![
                ("title", Field::Text),
                ("seats", SEATS),
                ("rating", RATING),
                ("price", PRICE),
                ("day", DAY),
                ("isOnline", ONLINE),
                ("stage", STAGE),
            ],
        }
    }

    /// The relations: name, target, and whether it leads to many rows.
    pub(super) fn relations(self) -> Vec<(&'static str, Model, bool)> {
        match self {
            Model::Post => vec![("comments", Model::Comment, true), ("tags", Model::Tag, true)],
            Model::Comment => vec![("post", Model::Post, false)],
            Model::Tag => vec![("posts", Model::Post, true)],
            Model::Reading => vec![],
        }
    }
}

/// The caller of a query.
#[derive(Clone, Copy, Debug)]
pub(super) enum Viewer {
    Anonymous,
    /// Also sees her own drafts.
    Author,
    Editor,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) model: Model,
    pub(super) id: String,
    pub(super) json: Value,
}

pub(super) struct World {
    pub(super) app: App,
    author: Account,
    editor: Account,
    rows: Vec<Row>,
    /// Ids of articles and their tags.
    tagged: Vec<(String, String)>,
}

impl World {
    pub(super) fn random(runner: &mut TestRunner) -> Self {
        let app = spawn_app();
        let (author, editor) = (app.sign_up("ada"), app.editor("grace"));
        let mut world = Self { app, author, editor, rows: Vec::new(), tagged: Vec::new() };
        let mut tags: Vec<String> = Vec::new();
        for nth in 0..4 {
            // Names are unique, and no text contains a number.
            let name = format!("{}{nth}", some(runner, text()));
            tags.push(world.editor.post("/api/tags", json!({ "name": name })).succeeds(201).id());
        }
        for nth in 0..14 {
            world.add_post(runner, &tags, nth % 3 == 0);
        }
        for _ in 0..20 {
            world.add_reading(runner);
        }
        for model in Model::ALL {
            let list = world.app.super_user().get(&format!("/api/{}?limit=100", model.path())).succeeds(200);
            let rows = list["data"].as_array().expect("a list").iter();
            world.rows.extend(rows.map(|json| Row { model, id: text_of(&json["id"]), json: json.clone() }));
        }
        world
    }

    /// Makes an article with some of the tags and some comments. Only an editor can publish it.
    fn add_post(&mut self, runner: &mut TestRunner, tags: &[String], by_author: bool) {
        let writer = if by_author { &self.author } else { &self.editor };
        let status = if by_author { json!("draft") } else { some(runner, STATUS.value()) };
        let tags: Vec<&String> = tags.iter().filter(|_| some(runner, any::<bool>())).collect();
        let body = json!({
            "title": format!("abc{}", some(runner, text())), "content": "…", "slug": unique("s"), "status": status,
            "summary": some(runner, prop::option::of(text())),
            "tags": tags.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>()
        });
        let post = writer.post("/api/posts", body).succeeds(201).id();
        for _ in 0..some(runner, 0..3) {
            let body = json!({ "content": format!("a{}", some(runner, text())), "post": { "id": post } });
            writer.post("/api/comments", body).succeeds(201);
        }
        self.tagged.extend(tags.into_iter().map(|tag| (post.clone(), tag.clone())));
    }

    fn add_reading(&self, runner: &mut TestRunner) {
        let rating = if some(runner, any::<bool>()) { some(runner, RATING.value()) } else { Value::Null };
        let body = json!({
            "title": some(runner, text()), "contact": "box@example.com", "startsAt": "19:30", "rating": rating,
            "seats": some(runner, SEATS.value()), "price": some(runner, PRICE.value()),
            "day": some(runner, DAY.value()), "isOnline": some(runner, ONLINE.value()),
            "stage": some(runner, STAGE.value())
        });
        self.editor.post("/api/readings", body).succeeds(201);
    }

    pub(super) fn client(&self, viewer: Viewer) -> &Client {
        match viewer {
            Viewer::Anonymous => &self.app,
            Viewer::Author => &self.author,
            Viewer::Editor => &self.editor,
        }
    }

    fn sees(&self, viewer: Viewer, row: &Row) -> bool {
        match viewer {
            Viewer::Anonymous => row.model != Model::Post || row.json["status"] == "published",
            Viewer::Author => self.sees(Viewer::Anonymous, row) || row.json["authorId"] == self.author.id,
            Viewer::Editor => true,
        }
    }

    pub(super) fn rows(&self, viewer: Viewer, model: Model) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.model == model && self.sees(viewer, row))
    }

    pub(super) fn related(&self, viewer: Viewer, row: &Row, relation: &str) -> Vec<&Row> {
        let tagged = |post: &Row, tag: &Row| self.tagged.iter().any(|pair| (&pair.0, &pair.1) == (&post.id, &tag.id));
        let belongs = |other: &&Row| match (row.model, relation) {
            (Model::Post, "comments") => other.json["postId"] == row.id,
            (Model::Post, _) => tagged(row, other),
            (Model::Comment, _) => row.json["postId"] == other.id,
            (Model::Tag, _) => tagged(other, row),
            (Model::Reading, _) => false,
        };
        let target =
            row.model.relations().into_iter().find(|(name, ..)| *name == relation).expect("it has such a relation").1;
        self.rows(viewer, target).filter(belongs).collect()
    }
}

fn some<T: std::fmt::Debug>(runner: &mut TestRunner, strategy: impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).expect("nothing is filtered").current()
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
