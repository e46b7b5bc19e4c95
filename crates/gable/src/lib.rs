//! The runtime of Gable: the library that generated code calls and that applications extend.
//!
//! An application describes its models in YAML files. Its build step turns them into a crate of typed Rust, here called
//! `api`, and this library serves that crate as a REST API with accounts, roles, permissions, validation and
//! migrations, on SQLite or PostgreSQL. The rules that YAML does not express are *interceptors*: `async fn`s that run
//! before or after an operation on a model, or when it fails.
//!
//! # Example
//!
//! A model of articles, in `schema/post.yaml`:
//!
//! ```yaml
//! model: Post
//! fields:
//!   title:    { type: string, min: 3, max: 120 }
//!   subtitle: { type: string?, max: 120 }
//!   slug:     { type: string?, unique: true }
//! relations:
//!   author:   { belongsTo: User, onDelete: cascade, default: $me }
//!   comments: { hasMany: Comment }
//! access:
//!   View:    public
//!   Create:  { roles: [Author], where: { authorId: $me } }
//!   Update:  { roles: [Author], where: { authorId: $me } }
//!   Publish: { roles: [Editor] }
//! ```
//!
//! The build step generates these items from it, among others:
//!
//! - `api::Post`, a row;
//! - `api::CreatePost` and `api::UpdatePost`, the validated bodies of `POST` and `PATCH` requests;
//! - `api::PostHooks`, the list of the model's interceptors;
//! - `api::permission::POST_PUBLISH`, the permission for the action `Publish`.
//!
//! This is a complete `src/main.rs` that serves the model, with one rule of its own:
//!
//! ```no_run,standalone_crate
//! # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
//! use std::process::ExitCode;
//!
//! use api::{CreatePost, Post, PostHooks};
//! use gable::{ApiError, Context, Gable};
//!
//! fn main() -> ExitCode {
//!     Gable::<api::Api>::new().interceptors(|hooks| install(&mut hooks.post)).run()
//! }
//!
//! fn install(post: &mut PostHooks) {
//!     post.before_create_one(set_slug).after_create_one(log_post);
//! }
//!
//! /// Runs before a post is created. The input was validated; this function may change it, or refuse the request.
//! async fn set_slug(_: &mut Context<'_>, post: &mut CreatePost) -> Result<(), ApiError> {
//!     let slug = post.title.to_lowercase().replace(' ', "-");
//!     if slug == "admin" {
//!         return Err(ApiError::bad_request("TitleReserved", "Please choose another title"));
//!     }
//!     post.slug = Some(slug);
//!     Ok(())
//! }
//!
//! /// Runs after a post was created, in the same transaction.
//! async fn log_post(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
//!     let title = post.title.clone();
//!     ctx.after_commit(async move { tracing::info!(title, "a new post") });
//!     Ok(())
//! }
//! ```
//!
//! `cargo run` starts the server. A request of an account with the role `Author`, and its response (some members are
//! left out):
//!
//! ```text
//! POST /api/posts {"title":"On Engines"}
//! 201             {"data":{"id":"0192…","title":"On Engines","slug":"on-engines"}}
//! ```
//!
//! # Guarantees
//!
//! - Interceptors are typed. A renamed field, or an interceptor of another model, is a compile error.
//! - The before and after interceptors of a model run only for requests that authentication, authorization and
//!   validation have accepted.
//! - A write, its interceptors and everything that they write are one transaction. An error from any of them rolls
//!   it back.
//!
//! # Contents
//!
//! | item | purpose |
//! |---|---|
//! | [`Gable`] | an application: its generated API, its interceptors, its command line |
//! | [`Hooks`], [`Hook`] | registers interceptors of a model; the signature of an interceptor |
//! | [`AuthHooks`] | registers interceptors of sign-ups, log-ins and the like, of authentication and of authorization |
//! | [`Context`], [`AsSystem`] | the request in an interceptor: caller, time, headers, transaction; operations on other models |
//! | [`Principal`], [`Identity`], [`Role`], [`Permission`] | the caller and its rights |
//! | [`Patch`], [`Nested`], [`RawJson`] | values in inputs and rows: fields of a `PATCH`, changes to related rows, JSON columns |
//! | [`ListQuery`] | the filter, order and page of a list request |
//! | [`ApiError`] | an error response |
//! | [`testing`], [`Clock`] | runs an application inside a test, and advances its clock |
//! | [`generated`] | the interface between generated code and this library |

#![warn(missing_docs)]

mod access;
mod auth;
mod clock;
mod context;
mod crud;
mod db;
mod error;
pub mod generated;
mod http;
mod keyed_mutex;
mod limit;
mod mail;
mod meta;
mod model;
#[cfg(test)]
mod oracle;
mod passwords;
mod private_file;
mod query;
mod rest;
mod secrets;
mod server;
mod settings;
mod stopping;
mod text;

pub use access::{Identity, Principal, Role};
pub use clock::Clock;
pub use context::Context;
pub use context::hooks::{
    AuthHooks, Authentication, AuthenticationFailure, Authorization, EmailChange, Hook, Hooks, LoginAttempt,
    RecoveryRequest,
};
pub use crud::AsSystem;
pub use db::RawJson;
pub use error::ApiError;
pub use meta::{Permission, PermissionSet};
pub use model::Nested;
pub use model::input::Patch;
pub use query::{Direction, ListQuery};
#[cfg(feature = "benchmarks")]
#[doc(hidden)]
pub use server::benchmarks;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use server::fuzzing;
pub use server::{Gable, testing};
