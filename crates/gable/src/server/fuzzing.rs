//! Access for `fuzz/` to the runtime: an application without a server, whose parsers and SQL can be called directly.
//! Compiled for fuzzing only.

use std::path::Path;
use std::sync::Arc;

use actix_web::rt::{System, SystemRunner};
use serde_json::{Map, Value};

use super::Gable;
use super::start::Started;
use crate::access::Principal;
pub use crate::auth::fuzzing::LogIn;
use crate::auth::{Auth, SuperUser, create_super_user};
use crate::context::{Context, Core, authorize};
use crate::db::Row;
use crate::error::ApiError;
use crate::mail::Mailbox;
use crate::meta::Operation;
use crate::model::Id;
use crate::model::input::json;
use crate::query::{ListQuery, Model, Preset, QueryParser, Viewer, load_included};
use crate::rest::crud::answer;
pub use crate::rest::crud::fuzzing::Body;
use crate::rest::crud::fuzzing::id_of;
use crate::secrets::Use;
use crate::server::api::Api;
use crate::settings::Settings;
use crate::{auth, crud};

/// An application with a database of its own.
pub struct Fuzzed {
    core: Arc<Core>,
    auth: Arc<Auth>,
    system: SystemRunner,
}

/// The caller of an operation.
#[derive(Clone, Default)]
pub struct Caller(Principal);

/// Numbers of rows that match a filter, its negation, and no filter.
#[derive(Debug)]
pub struct Shares {
    /// Rows that match the filter.
    pub kept: i64,
    /// Rows that match its negation.
    pub left: i64,
    /// All rows.
    pub all: i64,
}

/// Maximum bytes of memory for the values of a body.
const MAX_MEMORY: usize = 16 * 1024 * 1024;

/// Parses bytes as a body; `None` if they are not JSON that the API accepts.
pub fn json(bytes: &[u8]) -> Option<Value> {
    json::parse(bytes, MAX_MEMORY).ok().map(|parsed| parsed.value)
}

impl Fuzzed {
    /// Starts an application. `directory` holds its files, `variables` are its environment.
    ///
    /// # Panics
    /// If the application does not start.
    pub fn start<A: Api>(app: Gable<A>, directory: &Path, variables: &[(&str, &str)]) -> Self {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = Settings::from_list(A::APP, &variables, directory).expect("valid settings");
        let mut app = app.into_application();
        app.mailbox = Some(Mailbox::default());
        let system = System::new();
        let Started { core, auth, .. } = system.block_on(app.start(settings)).expect("an application that starts");
        Self { core, auth: auth.expect("an application with accounts"), system }
    }

    /// Creates a super user.
    ///
    /// # Panics
    /// If the fields are not valid for an account.
    pub fn super_user(&self, fields: Map<String, Value>) -> Caller {
        let id = self.system.block_on(create_super_user(&self.core, SuperUser { fields }));
        self.account(&id.expect("fields of an account"))
    }

    /// # Panics
    /// If there is no account with this id.
    pub fn account(&self, id: &str) -> Caller {
        let account = id_of(self.core.account_model().expect("a model of accounts"), id).expect("an id");
        let ctx = Context::new(&self.core, Principal::Anonymous, None);
        Caller(
            self.system
                .block_on(async {
                    match account {
                        Id::Uuid(id) => ctx.identify(id).await,
                        Id::Integer(id) => ctx.identify(id).await,
                    }
                })
                .expect("an account"),
        )
    }

    /// Creates a row, commits it, and returns its id.
    ///
    /// # Errors
    /// The error that the API would answer.
    pub fn make(&self, caller: &Caller, path: &str, body: Value) -> Result<String, ApiError> {
        self.system.block_on(async {
            let mut ctx = self.context(caller);
            let made = crate::rest::crud::fuzzing::write(&mut ctx, self.model(path), Body::New, body).await?;
            ctx.commit().await?;
            Ok(made.map(|id| id.to_string()).unwrap_or_default())
        })
    }

    /// Executes a write with this body, and rolls it back.
    ///
    /// # Errors
    /// The error that the API would answer.
    pub fn write(&self, caller: &Caller, path: &str, body: Body<'_>, value: Value) -> Result<(), ApiError> {
        self.system.block_on(async {
            let mut ctx = self.context(caller);
            let written = crate::rest::crud::fuzzing::write(&mut ctx, self.model(path), body, value).await;
            ctx.roll_back().await;
            written.map(|_| ())
        })
    }

    /// Returns the body of a `GET` of a list.
    ///
    /// # Errors
    /// The error that the API would answer.
    pub fn list(&self, caller: &Caller, path: &str, query: &str) -> Result<Vec<u8>, ApiError> {
        let model = self.model(path);
        self.system.block_on(async {
            let mut ctx = self.context(caller);
            let scope = authorize(&mut ctx, model, model.meta.action_of(Operation::FindMany)).await?;
            let query = query_parser(&ctx, model, &scope).list(query)?;
            let page = crud::find_many(&mut ctx, model, &scope, query).await?;
            let included = load_included(
                &ctx.core.models,
                (ctx.source(), &ctx.answer),
                model.meta,
                &page.query.selection,
                &page.rows,
            )
            .await?;
            answer::page(model.resource.as_ref(), &page, &included, &ctx.answer)
        })
    }

    /// Counts the rows that match the filter of a bulk write, those that match its negation, and all rows.
    ///
    /// # Errors
    /// The error that the API would answer.
    pub fn shares(&self, caller: &Caller, path: &str, query: &str) -> Result<Shares, ApiError> {
        let model = self.model(path);
        self.system.block_on(async {
            let mut ctx = self.context(caller);
            let scope = authorize(&mut ctx, model, model.meta.action_of(Operation::UpdateMany)).await?;
            let query = query_parser(&ctx, model, &scope).filter(query)?;
            let mut counted = [0; 3];
            for (count, condition) in counted.iter_mut().zip(query.shares()) {
                let row = ctx.source().one(model.sql.total(&scope, &condition)).await?;
                *count = row.map_or(Ok(0), |row| Row::new(&row).next())?;
            }
            let [kept, left, all] = counted;
            Ok(Shares { kept, left, all })
        })
    }

    /// Appends a cursor with the content `body` to the query, signed for this query.
    ///
    /// # Errors
    /// The error that the API would answer to the query.
    pub fn with_cursor(&self, caller: &Caller, path: &str, query: &str, body: &[u8]) -> Result<String, ApiError> {
        let model = self.model(path);
        self.system.block_on(async {
            let mut ctx = self.context(caller);
            let scope = authorize(&mut ctx, model, model.meta.action_of(Operation::FindMany)).await?;
            let ListQuery { fingerprint, .. } = query_parser(&ctx, model, &scope).list(query)?;
            let cursor = self.core.secrets.sign(Use::Cursor, fingerprint.as_bytes(), body);
            Ok(format!("{query}&cursor={cursor}"))
        })
    }

    /// Logs an account in, once through each surface.
    ///
    /// # Panics
    /// If the caller is anonymous.
    pub fn log_in(&self, caller: &Caller) -> LogIn {
        let identity = caller.0.identity().expect("an account");
        self.system.block_on(auth::fuzzing::log_in(&self.core, &self.auth, identity))
    }

    /// Authenticates a request with these headers; the inner `None` is an anonymous caller.
    ///
    /// # Errors
    /// The error that the API would answer. The outer `None` means that the headers cannot be sent.
    pub fn authenticate(&self, authorization: &[u8], cookie: &[u8]) -> Option<Result<Option<String>, ApiError>> {
        self.system.block_on(auth::fuzzing::authenticate(&self.core, &self.auth, authorization, cookie))
    }

    /// Returns whether the text is a valid refresh token.
    pub fn is_refresh_token(&self, text: &str) -> bool {
        auth::fuzzing::is_refresh_token(&self.core, text)
    }

    /// Returns true if a link contains a one-time token.
    pub fn is_one_time_token(&self, text: &str) -> bool {
        auth::fuzzing::is_one_time_token(&self.core, text)
    }

    /// Returns the model with this path, or else the first one.
    fn model(&self, path: &str) -> &Model {
        self.core.models.iter().find(|model| model.meta.path == path).unwrap_or(&self.core.models[0])
    }

    fn context(&self, caller: &Caller) -> Context<'_> {
        Context::new(&self.core, caller.0.clone(), None)
    }
}

fn query_parser<'a>(ctx: &'a Context<'_>, model: &Model, scope: &'a crate::access::Scope) -> QueryParser<'a> {
    let viewer = Viewer::new(&ctx.core.models, &ctx.principal);
    QueryParser {
        viewer,
        secrets: &ctx.core.secrets,
        meta: model.meta,
        scope,
        limits: ctx.core.app.query,
        preset: Preset::default(),
    }
}
