//! `Context`: the request that an interceptor runs in, and the operations that are available to it there. `Core`: the
//! state that all requests share.
//!
//! `begin` checks the caller's rights again inside the write's own transaction. A write of a model does so with its first
//! statement (`begin_unconfirmed`), and reads the result before the next interceptor runs, at the latest before the
//! commit. A change of rights between the check and the commit takes effect with the next write; writes of accounts,
//! roles and permissions are serialized instead (`hold_rights`). Whatever has to wait for a commit happens in a task of
//! its own, so that the caches learn of every commit even if the client disconnects.
//!
//! Interceptors of authentication may identify the caller, and those of authorization may refuse a request. Neither can
//! allow what the access table refuses.

mod authorize;
mod core;
pub(crate) mod hooks;
mod locals;
mod model_rules;
mod passwords;
mod row_operations;
mod transaction;
mod write_state;

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};
use chrono::{DateTime, Utc};
use sea_orm::DatabaseConnection;

use crate::access::{AccessChange, Principal};
use crate::db::{Source, Transaction};
use crate::error::ApiError;
use crate::http::{self, Client};
use crate::meta::Permission;
use crate::model::{AnswerBudget, Id, Resource, RowId};
use crate::query::ListQuery;
pub(crate) use authorize::{authorize, authorize_by, refused};
pub(crate) use core::Core;
use locals::Locals;
pub(crate) use model_rules::{AfterUpdate, ModelRules, ProtectedRows, RowChange, RowWrite};
pub(crate) use passwords::Passwords;
pub(crate) use row_operations::RowOperations;
use write_state::WriteState;

type AfterCommit = Pin<Box<dyn Future<Output = ()>>>;

/// The request that an interceptor runs in: its caller, its transaction, and values that its interceptors leave.
///
/// Operations on other models run in the same transaction. [`find`](Self::find), [`create`](Self::create),
/// [`update`](Self::update) and [`delete`](Self::delete) act with the rights of the caller; the methods of
/// [`as_system`](Self::as_system) with those of the application.
///
/// ```
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use api::{CreateComment, Post, UpdateUser, User};
/// use gable::{ApiError, Context, Patch};
///
/// /// Comments only on posts that the caller may view: `find` fails with 404 for any other.
/// async fn post_is_visible(ctx: &mut Context<'_>, comment: &mut CreateComment) -> Result<(), ApiError> {
///     ctx.find::<Post>(comment.post_id).await?;
///     Ok(())
/// }
///
/// /// Changes the author's row, which the caller may not be permitted to change.
/// async fn mention_in_bio(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
///     let bio = Patch::Value(format!("Author of {:?}.", post.title));
///     ctx.as_system().update::<User>(post.author_id, UpdateUser { bio, ..Default::default() }).await?;
///     Ok(())
/// }
/// ```
pub struct Context<'r> {
    pub(crate) core: &'r Core,
    pub(crate) principal: Principal,
    pub(crate) now: DateTime<Utc>,
    /// The model and id of the row that the operation is about.
    pub(crate) target: Option<(&'static str, Id)>,
    pub(crate) query: Option<ListQuery>,
    pub(crate) changes: Vec<AccessChange>,
    /// Whether an interceptor has run in this attempt at a write.
    pub(crate) ran_interceptors: bool,
    /// The error for a session cookie that was refused.
    pub(crate) session_error: Option<ApiError>,
    pub(crate) write: WriteState,
    pub(crate) answer: AnswerBudget,
    shared: Arc<Core>,
    request: Option<&'r HttpRequest>,
    transaction: Option<Transaction>,
    /// Whether `hold_rights` has locked the caller's rights for this transaction.
    holds_rights: Cell<bool>,
    /// SeaORM's connection for reading, created on first use.
    entities: OnceCell<DatabaseConnection>,
    locals: Locals,
    after_commit: Vec<AfterCommit>,
}

impl<'r> Context<'r> {
    pub(crate) fn new(core: &'r Arc<Core>, principal: Principal, request: Option<&'r HttpRequest>) -> Self {
        Self {
            core,
            shared: core.clone(),
            write: WriteState::new(core.app.query.max_nested),
            answer: http::answer_budget(core.app.query.max_bytes, request),
            principal,
            now: core.now(),
            target: None,
            query: None,
            changes: Vec::new(),
            ran_interceptors: false,
            session_error: None,
            request,
            transaction: None,
            holds_rights: Cell::new(false),
            entities: OnceCell::new(),
            locals: Locals::default(),
            after_commit: Vec::new(),
        }
    }

    /// Returns the caller.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns the id of the caller's account, as the type that the account model has for it.
    ///
    /// ```
    /// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
    /// # use gable::{ApiError, Context};
    /// use uuid::Uuid;
    ///
    /// async fn set_author(ctx: &mut Context<'_>, post: &mut api::CreatePost) -> Result<(), ApiError> {
    ///     let author: Uuid = ctx.account_id()?;
    ///     post.author_id = author;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// 401 `LoginRequired` for an anonymous caller; 500 if the id is of the other type.
    pub fn account_id<T: RowId>(&self) -> Result<T, ApiError> {
        let identity = self.principal.require()?;
        T::from_id(identity.account).ok_or_else(|| ApiError::internal("the account's id is of the other kind"))
    }

    /// Returns whether the caller holds the permission for at least some rows. A super user holds every permission.
    pub fn can(&self, permission: Permission) -> bool {
        self.principal.holds(permission)
    }

    /// Refuses callers who do not hold the permission for any row.
    ///
    /// ```
    /// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
    /// # use gable::{ApiError, Context};
    /// use api::{UpdatePost, permission};
    ///
    /// async fn slugs_are_for_editors(ctx: &mut Context<'_>, post: &mut UpdatePost) -> Result<(), ApiError> {
    ///     if post.slug.is_absent() { Ok(()) } else { ctx.require(permission::POST_PUBLISH) }
    /// }
    /// ```
    ///
    /// # Errors
    /// 401 `LoginRequired` for an anonymous caller, 403 `NotEnoughPermissions` for an account without the permission.
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        self.principal.require()?;
        if self.can(permission) { Ok(()) } else { Err(ApiError::not_enough_permissions()) }
    }

    /// Returns the time of the request, in milliseconds. Every row that the request writes gets this time.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Returns the first value of a request header. `None` if it is missing or not text, and for work that no request
    /// caused.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request?.headers().get(name)?.to_str().ok()
    }

    /// Returns the IP address of the client as text. Forwarding headers are trusted only from the proxies in
    /// `TRUSTED_PROXIES`. `None` for work that no request caused.
    pub fn client_address(&self) -> Option<String> {
        let extensions = self.request?.extensions();
        extensions.get::<Client>().map(|client| client.address.to_string())
    }

    /// Returns the first 400 characters of the `User-Agent` header.
    pub fn user_agent(&self) -> Option<String> {
        self.header("User-Agent").map(|agent| agent.chars().take(400).collect())
    }

    /// Returns the id of the row that is read, created, updated or deleted. `None` before a row is created, in
    /// operations on many rows, and if the row belongs to another model than `R`.
    ///
    /// ```
    /// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
    /// # use gable::{ApiError, Context};
    /// use api::{Post, UpdatePost};
    ///
    /// async fn title_is_final(ctx: &mut Context<'_>, post: &mut UpdatePost) -> Result<(), ApiError> {
    ///     let Some(id) = ctx.target::<Post>() else { return Ok(()) };
    ///     let stored = ctx.find::<Post>(id).await?;
    ///     if stored.slug.is_some() && post.title.value().is_some_and(|title| *title != stored.title) {
    ///         return Err(ApiError::conflict("TitleIsFinal", "The title of this post cannot be changed"));
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn target<R: Resource>(&self) -> Option<R::Id> {
        let (model, id) = self.target?;
        R::Id::from_id(id).filter(|_| model == R::META.name)
    }

    /// Returns the filter of an update of many rows, for its before interceptors to narrow. `None` in other operations.
    ///
    /// ```
    /// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
    /// # use gable::{ApiError, Context};
    /// async fn only_drafts(ctx: &mut Context<'_>, _: &mut api::UpdatePost) -> Result<(), ApiError> {
    ///     if let Some(query) = ctx.query_mut() {
    ///         query.narrow("status", "draft")?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn query_mut(&mut self) -> Option<&mut ListQuery> {
        self.query.as_mut()
    }

    /// Returns the open transaction, for work with SeaORM's entities. Neither access rules, nor validation, nor
    /// interceptors apply to that work; it is committed or rolled back with the rest of the request.
    ///
    /// ```
    /// # use gable::{ApiError, Context};
    /// use sea_orm::ConnectionTrait;
    ///
    /// async fn count_visit(ctx: &mut Context<'_>, _: &mut ()) -> Result<(), ApiError> {
    ///     ctx.transaction()?.execute_unprepared("UPDATE visits SET total = total + 1").await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// 500 in a read, which has no transaction; use [`database`](Self::database) there.
    pub fn transaction(&self) -> Result<&DatabaseConnection, ApiError> {
        Ok(self.open_transaction()?.entities())
    }

    /// Whether work waits for the commit, so that the commit must not end with its request.
    pub(crate) fn has_work_after_commit(&self) -> bool {
        !self.changes.is_empty() || !self.after_commit.is_empty()
    }

    /// The open transaction, for the runtime's own statements.
    pub(crate) fn open_transaction(&self) -> Result<&Transaction, ApiError> {
        self.transaction.as_ref().ok_or_else(|| ApiError::internal("a read operation has no transaction"))
    }

    /// Returns a connection for reading with SeaORM's entities. Access rules do not apply to it. Inside a write, it
    /// does not see the changes of the transaction.
    pub fn database(&self) -> &DatabaseConnection {
        self.entities.get_or_init(|| self.core.db.entities())
    }

    /// Makes the runtime reload all cached roles and permissions after the commit. Must be called by code that writes
    /// accounts, roles or permissions through SeaORM; the operations of this context do so themselves.
    pub fn access_changed(&mut self) {
        self.changes.push(AccessChange::Everything);
    }

    /// Returns the value of this type that an earlier interceptor of this request stored.
    pub fn local<T: 'static>(&self) -> Option<&T> {
        self.locals.get()
    }

    /// Stores a value for later interceptors of this request. There is one value per type; a second one replaces the
    /// first.
    ///
    /// ```
    /// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
    /// # use gable::{ApiError, Context};
    /// use api::{CreatePost, Post};
    ///
    /// struct TitleWasShortened;
    ///
    /// async fn shorten(ctx: &mut Context<'_>, post: &mut CreatePost) -> Result<(), ApiError> {
    ///     if let Some((end, _)) = post.title.char_indices().nth(80) {
    ///         post.title.truncate(end);
    ///         ctx.set_local(TitleWasShortened);
    ///     }
    ///     Ok(())
    /// }
    ///
    /// async fn log(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    ///     if ctx.local::<TitleWasShortened>().is_some() {
    ///         tracing::info!(id = %post.id, "a title was shortened");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn set_local<T: 'static>(&mut self, value: T) {
        self.locals.set(value);
    }

    /// Runs work after the transaction is committed and before the response is sent, for example to notify another
    /// service. The work is not run if the operation fails, and cannot make it fail.
    ///
    /// ```
    /// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
    /// # use gable::{ApiError, Context};
    /// # async fn purge_cache(_: uuid::Uuid) {}
    /// async fn purge(ctx: &mut Context<'_>, post: &mut api::Post) -> Result<(), ApiError> {
    ///     let id = post.id;
    ///     ctx.after_commit(async move { purge_cache(id).await });
    ///     Ok(())
    /// }
    /// ```
    pub fn after_commit(&mut self, work: impl Future<Output = ()> + 'static) {
        self.after_commit.push(Box::pin(work));
    }

    /// The core, for work that continues after the answer.
    pub(crate) fn shared(&self) -> Arc<Core> {
        self.shared.clone()
    }

    /// Where statements of this request run: its transaction, or a reading connection without one.
    pub(crate) fn source(&self) -> Source<'_> {
        match &self.transaction {
            Some(transaction) => Source::Transaction(transaction),
            None => self.core.db.reader(),
        }
    }
}
