//! A hand-written server with three endpoints of the Gazette: it uses actix-web and sqlx, keeps prepared statements,
//! decodes rows by position, and writes JSON directly to bytes.
//!
//! `DATABASE_URL`, `JWT_SECRET`, `CONNECTIONS` and `WORKERS` are read from the environment.

use std::collections::HashMap;
use std::env;
use std::io::Write;

use actix_web::error::{ErrorBadRequest, ErrorInternalServerError};
use actix_web::web::{self, Data, Json, JsonConfig, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use chrono::{SubsecRound, Utc};
use serde::Deserialize;
use uuid::Uuid;

use caller::Callers;
use rows::{Comment, Post, User, array};
use store::{NewPost, Page, Store};

mod caller;
mod rows;
mod store;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    status: Option<String>,
    sort: Option<String>,
    page: Option<u32>,
    limit: Option<u32>,
    count: Option<bool>,
    fields: Option<String>,
    #[serde(rename = "comments[limit]")]
    comments: Option<u32>,
}

struct Listed {
    page: i64,
    limit: i64,
    total: Option<i64>,
    posts: Vec<Post>,
}

/// Lists posts. Published posts are public; other lists require a log-in.
async fn list(
    request: HttpRequest,
    store: Data<Store>,
    callers: Data<Callers>,
    Query(query): Query<List>,
) -> actix_web::Result<HttpResponse> {
    if query.status.as_deref() != Some("published") {
        callers.super_user(&request, &store).await?;
    }
    let comments = query.comments.unwrap_or(10).min(100);
    let including = query.fields.as_deref() == Some("+author,+comments");
    let listed = find(&store, query).await.map_err(ErrorInternalServerError)?;
    let body = match including {
        true => with_included(&store, &listed, i64::from(comments)).await.map_err(ErrorInternalServerError)?,
        false => body(&listed, |post, out| post.open(out)),
    };
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

async fn find(store: &Store, query: List) -> Result<Listed, sqlx::Error> {
    let (page, limit) = (i64::from(query.page.unwrap_or(1).max(1)), i64::from(query.limit.unwrap_or(30).min(100)));
    let counted = query.status.clone().filter(|_| query.count != Some(false));
    let by_date = query.sort.as_deref() == Some("-publishedAt");
    let page_query = Page { status: query.status, by_date, limit: limit + 1, offset: (page - 1) * limit };
    let posts = store.page(page_query).await?;
    let total = match counted {
        Some(status) => Some(store.count(status).await?),
        None => None,
    };
    Ok(Listed { page, limit, total, posts })
}

async fn with_included(store: &Store, listed: &Listed, limit: i64) -> Result<Vec<u8>, sqlx::Error> {
    let posts = &listed.posts[..listed.posts.len().min(listed.limit as usize)];
    let mut authors: Vec<Uuid> = posts.iter().map(|post| post.author_id).collect();
    authors.sort_unstable();
    authors.dedup();
    let authors = store.authors(authors).await?;
    let authors: HashMap<Uuid, User> = authors.into_iter().map(|author| (author.id, author)).collect();
    let mut comments: HashMap<Uuid, Vec<Comment>> = HashMap::new();
    for comment in store.comments(posts.iter().map(|post| post.id).collect(), limit).await? {
        comments.entry(comment.post_id).or_default().push(comment);
    }
    Ok(body(listed, |post, out| {
        post.open(out);
        out.extend_from_slice(b",\"author\":");
        match authors.get(&post.author_id) {
            Some(author) => author.write(out),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"comments\":");
        array(out, comments.get(&post.id).map_or(&[], Vec::as_slice), |out, comment| comment.write(out));
    }))
}

fn body(listed: &Listed, write: impl Fn(&Post, &mut Vec<u8>)) -> Vec<u8> {
    let Listed { page, limit, total, posts } = listed;
    let shown = posts.len().min(*limit as usize);
    let mut out = Vec::with_capacity(128 + shown * 512);
    out.push(b'{');
    if let Some(total) = total {
        put(&mut out, format_args!("\"total\":{total},\"pages\":{},", (total + limit - 1) / limit));
    }
    let next = posts.len() > shown;
    put(&mut out, format_args!("\"results\":{shown},\"page\":{page},\"limit\":{limit},\"hasNextPage\":{next},"));
    put(&mut out, format_args!("\"hasPrevPage\":{},\"data\":", *page > 1));
    array(&mut out, &posts[..shown], |out, post| {
        write(post, out);
        out.push(b'}');
    });
    out.push(b'}');
    out
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a Vec does not fail");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostBody {
    title: String,
    slug: Option<String>,
    content: String,
    summary: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Draft,
    Review,
}

async fn create_many(
    request: HttpRequest,
    store: Data<Store>,
    callers: Data<Callers>,
    Json(bodies): Json<Vec<PostBody>>,
) -> actix_web::Result<HttpResponse> {
    let author = callers.super_user(&request, &store).await?;
    if bodies.is_empty() || bodies.len() > 1000 || !bodies.iter().all(is_valid) {
        return Err(ErrorBadRequest("body"));
    }
    let posts = bodies.into_iter().map(new_post).collect();
    let now = Utc::now().trunc_subsecs(3);
    let posts = store.insert(posts, author, now).await.map_err(ErrorInternalServerError)?;
    let mut out = Vec::with_capacity(128 + posts.len() * 512);
    put(&mut out, format_args!("{{\"results\":{},\"data\":", posts.len()));
    array(&mut out, &posts, |out, post| {
        post.open(out);
        out.push(b'}');
    });
    out.push(b'}');
    Ok(HttpResponse::Created().content_type("application/json").body(out))
}

fn is_valid(post: &PostBody) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let slug = |slug: &str| slug.chars().count() <= 160 && slug.split('-').all(word);
    (3..=120).contains(&post.title.chars().count())
        && post.slug.as_deref().is_none_or(slug)
        && post.summary.as_deref().is_none_or(|summary| summary.chars().count() <= 500)
}

fn new_post(post: PostBody) -> NewPost {
    let PostBody { title, slug, content, summary, status } = post;
    let status = if matches!(status, Some(Status::Review)) { "review" } else { "draft" };
    NewPost { id: Uuid::now_v7(), title, slug, content, summary, status }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::connect(&env::var("DATABASE_URL")?, env::var("CONNECTIONS")?.parse()?).await?;
    let callers = Data::new(Callers::new(env::var("JWT_SECRET")?.as_bytes()));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(store.clone()))
            .app_data(callers.clone())
            .app_data(JsonConfig::default().limit(1 << 20))
            .route("/api/posts", web::get().to(list))
            .route("/api/posts/many", web::post().to(create_many))
    });
    let server = server.workers(env::var("WORKERS")?.parse()?).bind("127.0.0.1:0")?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    Ok(server.run().await?)
}
