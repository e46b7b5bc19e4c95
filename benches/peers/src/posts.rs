//! The endpoints of posts.

use std::fmt::Arguments;
use std::io::Write;

use actix_web::error::{ErrorBadRequest, ErrorInternalServerError, ErrorNotFound};
use actix_web::web::{Bytes, Data, Path, Query as UrlQuery};
use actix_web::{HttpRequest, HttpResponse, Result};
use chrono::{SubsecRound, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::Worker;
use crate::store::{NewPost, Page, Query, Store};

/// The largest number of rows in a list, and of included rows of each row.
const MAX_LIMIT: i64 = 100;
const MAX_ROWS: usize = 1000;

pub(crate) async fn read<S: Store>(
    request: HttpRequest,
    worker: Data<Worker<S>>,
    id: Path<Uuid>,
) -> Result<HttpResponse> {
    worker.callers.allowed(&request, &worker.store, "View").await?;
    let found = worker.store.post(*id).await.map_err(ErrorInternalServerError)?;
    found.map(ok).ok_or_else(|| ErrorNotFound("post"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    status: Option<String>,
    sort: Option<String>,
    page: Option<u32>,
    limit: Option<u32>,
    count: Option<bool>,
    fields: Option<String>,
    #[serde(rename = "comments[limit]")]
    comments: Option<u32>,
}

pub(crate) async fn list<S: Store>(
    request: HttpRequest,
    worker: Data<Worker<S>>,
    UrlQuery(list): UrlQuery<List>,
) -> Result<HttpResponse> {
    worker.callers.allowed(&request, &worker.store, "View").await?;
    let query = query(list)?;
    let page = worker.store.page(&query).await.map_err(ErrorInternalServerError)?;
    Ok(ok(body(&query, &page)))
}

fn query(list: List) -> Result<Query> {
    let by_date = match list.sort.as_deref() {
        Some("-publishedAt") => true,
        Some("-id") | None => false,
        Some(_) => return Err(ErrorBadRequest("sort")),
    };
    let including = match list.fields.as_deref() {
        Some("+author,+comments") => true,
        None => false,
        Some(_) => return Err(ErrorBadRequest("fields")),
    };
    Ok(Query {
        status: list.status,
        by_date,
        counted: list.count != Some(false),
        including,
        page: i64::from(list.page.unwrap_or(1).max(1)),
        limit: i64::from(list.limit.unwrap_or(30).max(1)).min(MAX_LIMIT),
        comments: i64::from(list.comments.unwrap_or(10)).min(MAX_LIMIT),
    })
}

fn body(query: &Query, found: &Page) -> Vec<u8> {
    let Query { page, limit, .. } = query;
    let Page { rows, shown, has_next, total } = found;
    let mut out = Vec::with_capacity(160 + rows.len());
    out.push(b'{');
    if let Some(total) = total {
        put(&mut out, format_args!("\"total\":{total},"));
    }
    put(&mut out, format_args!("\"results\":{shown},\"page\":{page},"));
    if let Some(total) = total {
        put(&mut out, format_args!("\"pages\":{},", (total + limit - 1) / limit));
    }
    put(&mut out, format_args!("\"limit\":{limit},\"hasNextPage\":{has_next},\"hasPrevPage\":{},", *page > 1));
    out.extend_from_slice(b"\"data\":[");
    out.extend_from_slice(rows);
    out.extend_from_slice(b"]}");
    out
}

fn put(out: &mut Vec<u8>, text: Arguments<'_>) {
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

pub(crate) async fn create<S: Store>(
    request: HttpRequest,
    worker: Data<Worker<S>>,
    bytes: Bytes,
) -> Result<HttpResponse> {
    let author = worker.callers.allowed(&request, &worker.store, "Create").await?;
    let post = new_post(serde_json::from_slice(&bytes).map_err(ErrorBadRequest)?)?;
    let now = Utc::now().trunc_subsecs(3);
    let body = worker.store.insert(post, author, now).await.map_err(ErrorInternalServerError)?;
    Ok(created(body))
}

pub(crate) async fn create_many<S: Store>(
    request: HttpRequest,
    worker: Data<Worker<S>>,
    bytes: Bytes,
) -> Result<HttpResponse> {
    let author = worker.callers.allowed(&request, &worker.store, "Create").await?;
    let bodies: Vec<PostBody> = serde_json::from_slice(&bytes).map_err(ErrorBadRequest)?;
    if bodies.is_empty() || bodies.len() > MAX_ROWS {
        return Err(ErrorBadRequest("number of rows"));
    }
    let posts: Vec<NewPost> = bodies.into_iter().map(new_post).collect::<Result<_>>()?;
    let now = Utc::now().trunc_subsecs(3);
    let body = worker.store.insert_many(posts, author, now).await.map_err(ErrorInternalServerError)?;
    Ok(created(body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    title: String,
}

pub(crate) async fn update<S: Store>(
    request: HttpRequest,
    worker: Data<Worker<S>>,
    id: Path<Uuid>,
    bytes: Bytes,
) -> Result<HttpResponse> {
    worker.callers.allowed(&request, &worker.store, "Update").await?;
    let Changes { title } = serde_json::from_slice(&bytes).map_err(ErrorBadRequest)?;
    if !is_title(&title) {
        return Err(ErrorBadRequest("title"));
    }
    let now = Utc::now().trunc_subsecs(3);
    let updated = worker.store.update(*id, title, now).await.map_err(ErrorInternalServerError)?;
    updated.map(ok).ok_or_else(|| ErrorNotFound("post"))
}

/// Validates a body and derives a missing slug from its title.
fn new_post(body: PostBody) -> Result<NewPost> {
    let PostBody { title, slug, content, summary, status } = body;
    let is_valid = is_title(&title)
        && slug.as_deref().is_none_or(is_slug)
        && content.chars().count() <= 1_000_000
        && summary.as_deref().is_none_or(|summary| summary.chars().count() <= 500);
    if !is_valid {
        return Err(ErrorBadRequest("body"));
    }
    let slug = slug.or_else(|| Some(slug_of(&title)).filter(|slug| !slug.is_empty()));
    let status = if matches!(status, Some(Status::Review)) { "review" } else { "draft" };
    Ok(NewPost { id: Uuid::now_v7(), title, slug, content, summary, status })
}

fn is_title(title: &str) -> bool {
    (3..=120).contains(&title.chars().count())
}

fn is_slug(slug: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    slug.len() <= 160 && slug.split('-').all(|word| !word.is_empty() && word.bytes().all(letter))
}

fn slug_of(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

fn ok(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

fn created(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Created().content_type("application/json").body(body)
}
