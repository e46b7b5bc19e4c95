//! Interceptors that reorder or remove rows of a page: each row keeps its own included rows.

use api::{Comment, Post};
use gable::{ApiError, Context};
use serde_json::{Value, json};

use super::fixtures::{column, word};
use crate::harness::{Client, InProcess};

/// An application with the interceptors of a test, and an author.
struct Blog {
    author: Client,
    _app: InProcess,
}

impl Blog {
    fn with(install: impl FnOnce(&mut api::Hooks)) -> Self {
        let app = InProcess::with(install);
        Self { author: app.author(), _app: app }
    }

    fn get(&self, path: &str) -> Value {
        self.author.get(path).succeeds(200).json.take()
    }

    fn post(&self, path: &str, body: Value) -> Value {
        self.author.post(path, body).succeeds(201).json.take()
    }

    /// Makes articles with these titles, each with a comment that repeats its title, and returns their ids.
    fn articles(&self, titles: &[&str]) -> Vec<String> {
        let article = |title: &&str| {
            let body = json!({ "title": title, "content": "…", "slug": word() });
            let made = self.post("/api/posts", body)["data"].clone();
            self.post("/api/comments", json!({ "content": title, "postId": made["id"] }));
            made["id"].as_str().expect("an id").to_owned()
        };
        titles.iter().map(article).collect()
    }
}

const LIST: &str = "/api/posts?sort=id&fields=id,title,comments.content,comments.post.title";

/// The title of each article, and the contents of its comments.
fn pairs(list: &Value) -> Vec<(String, String)> {
    let titles = column(&list["data"], "title");
    let comments =
        list["data"].as_array().expect("a list").iter().map(|row| column(&row["comments"], "content").join(","));
    titles.into_iter().zip(comments).collect()
}

fn pair(title: &str, comment: &str) -> (String, String) {
    (title.to_owned(), comment.to_owned())
}

#[test]
fn rows_that_an_interceptor_removes_or_moves_do_not_change_the_includes_of_others() {
    async fn reverse_without_the_second(_: &mut Context<'_>, posts: &mut Vec<Post>) -> Result<(), ApiError> {
        posts.retain(|post| post.title != "Second");
        posts.reverse();
        Ok(())
    }
    let blog = Blog::with(|hooks| {
        hooks.post.after_find_many(reverse_without_the_second);
    });
    blog.articles(&["First", "Second", "Third"]);
    let list = blog.get(LIST);
    assert_eq!(pairs(&list), [pair("Third", "Third"), pair("First", "First")]);
    // The interceptor runs for lists of articles, not for articles that other rows include.
    assert_eq!(list["data"][0]["comments"][0]["post"]["title"], "Third");
}

#[test]
fn a_row_that_an_interceptor_changes_includes_what_it_did() {
    #[expect(clippy::ptr_arg, reason = "an interceptor of a list is given a Vec")]
    async fn shout(_: &mut Context<'_>, posts: &mut Vec<Post>) -> Result<(), ApiError> {
        posts.iter_mut().for_each(|post| post.title = post.title.to_uppercase());
        Ok(())
    }
    async fn shout_alone(_: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
        post.title = post.title.to_uppercase();
        Ok(())
    }
    let blog = Blog::with(|hooks| {
        hooks.post.after_find_many(shout).after_find_one(shout_alone);
    });
    let ids = blog.articles(&["First", "Second"]);
    assert_eq!(pairs(&blog.get(LIST)), [pair("FIRST", "First"), pair("SECOND", "Second")]);
    let one = blog.get(&format!("/api/posts/{}?fields=title,comments.content", ids[1]))["data"].clone();
    assert_eq!(one, json!({ "title": "SECOND", "comments": [{ "content": "Second" }] }));
}

#[test]
fn a_row_that_an_interceptor_repeats_includes_the_same_again() {
    async fn twice(_: &mut Context<'_>, posts: &mut Vec<Post>) -> Result<(), ApiError> {
        posts.extend(posts.clone());
        Ok(())
    }
    let blog = Blog::with(|hooks| {
        hooks.post.after_find_many(twice);
    });
    blog.articles(&["First", "Second"]);
    let both = [pair("First", "First"), pair("Second", "Second")];
    assert_eq!(pairs(&blog.get(LIST)), [both.clone(), both].concat());
}

#[test]
fn a_page_that_an_interceptor_empties_includes_nothing() {
    async fn none(_: &mut Context<'_>, posts: &mut Vec<Post>) -> Result<(), ApiError> {
        posts.clear();
        Ok(())
    }
    let blog = Blog::with(|hooks| {
        hooks.post.after_find_many(none);
    });
    blog.articles(&["First"]);
    assert_eq!(blog.get(LIST)["data"], json!([]));
}

#[test]
fn an_interceptor_that_narrows_a_list_narrows_what_is_included_with_it() {
    async fn first_only(_: &mut Context<'_>, query: &mut gable::ListQuery) -> Result<(), ApiError> {
        query.narrow("title", "First").map(drop)
    }
    async fn untouched(_: &mut Context<'_>, comments: &mut Vec<Comment>) -> Result<(), ApiError> {
        comments.clear();
        Ok(())
    }
    let blog = Blog::with(|hooks| {
        hooks.post.before_find_many(first_only);
        hooks.comment.after_find_many(untouched);
    });
    blog.articles(&["First", "Second"]);
    assert_eq!(pairs(&blog.get(LIST)), [pair("First", "First")]);
    assert_eq!(blog.get("/api/comments")["data"], json!([]), "the comments' own list is another matter");
}

#[test]
fn what_an_interceptor_adds_to_a_new_row_is_included_in_its_answer() {
    async fn comment(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
        let author_id = post.author_id;
        let input = api::CreateComment { content: "Welcome".to_owned(), post_id: post.id, author_id };
        ctx.as_system().create::<Comment>(input).await.map(drop)
    }
    let blog = Blog::with(|hooks| {
        hooks.post.after_create_one(comment);
    });
    let body = json!({ "title": "Title", "content": "…", "slug": word() });
    let made = blog.post("/api/posts?fields=title,comments.content", body);
    assert_eq!(made["data"], json!({ "title": "Title", "comments": [{ "content": "Welcome" }] }));
}
