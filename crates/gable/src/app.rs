//! Assembles an actix application from models, surfaces and settings, and runs it.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, web};
use serde_json::json;

use crate::access::Via;
use crate::api::{Api, Mounted};
use crate::app_meta::{AppMeta, AuthOperation};
use crate::auth::surfaces::{endpoint, jwt, roles, session, token_pair};
use crate::clock::Clock;
use crate::core::{Core, Model};
use crate::crud;
use crate::db::{Database, MigrateError, Migration};
use crate::http::{ErrorFormats, Load, Transport, get_only, route_not_found, transport};
use crate::limit::{RateLimits, RouteLimit};
use crate::mail::{self, MailError, MailRoom, Mailbox};
use crate::ops::clean_up::{clean_up, trim_histories};
use crate::ops::command;
use crate::ops::health::{Health, Readiness};
use crate::ops::listener::{self, Listeners, limit_writes};
use crate::ops::shutdown::{self, Shutdown, Stopping};
use crate::ops::stored_addresses::normalize_stored_addresses;
use crate::ops::stored_passwords::note_stored_hashes;
use crate::resource::Operation;
use crate::settings::{Settings, Switch};

/// An application: the generated API with the registered interceptors.
pub struct Gable<A: Api> {
    hooks: A::Hooks,
    clock: Clock,
}

/// Why an application did not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("the database: {0}")]
    Database(#[from] crate::db::DbError),
    #[error(
        "the tables are not as the migrations made them:\n  - {}\nChange them back, restore a backup, or bring the schema in line \
         with them and run `gable migrate`",
        .0.join("\n  - ")
    )]
    Tables(Vec<String>),
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error("listening on {address}: {cause}")]
    Listen { address: String, cause: io::Error },
    #[error(transparent)]
    Server(#[from] io::Error),
}

impl<A: Api> Default for Gable<A> {
    fn default() -> Self {
        Self { hooks: A::Hooks::default(), clock: Clock::default() }
    }
}

impl<A: Api> Gable<A> {
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers interceptors; may be called more than once.
    #[must_use]
    pub fn interceptors(mut self, install: impl FnOnce(&mut A::Hooks)) -> Self {
        install(&mut self.hooks);
        self
    }

    /// Replaces the system's clock, for tests that depend on time.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Executes the command line; serves if there are no arguments. Errors are printed, all at once if there are
    /// several.
    pub fn run(self) -> ExitCode {
        command::run(self.into_application())
    }

    pub(crate) fn into_application(self) -> Application {
        let Self { hooks, clock } = self;
        let mounted = A::mount(hooks);
        Application {
            app: A::APP,
            migrations: A::MIGRATIONS,
            tables: A::TABLES,
            mail_templates: A::MAIL_TEMPLATES,
            mounted,
            clock,
            mailbox: None,
        }
    }
}

/// The contents of `Gable` without its type parameter: all further code is compiled once, with the runtime, and not
/// again with every application.
pub(crate) struct Application {
    pub(crate) app: &'static AppMeta,
    migrations: &'static [Migration],
    tables: &'static str,
    mail_templates: &'static [(&'static str, &'static str)],
    mounted: Mounted,
    clock: Clock,
    /// Receives the mail of a test.
    pub(crate) mailbox: Option<Mailbox>,
}

impl Application {
    /// Opens the database, migrates its tables and creates the state that requests share.
    pub(crate) async fn start(self, settings: Settings) -> Result<Core, StartError> {
        let mail = MailRoom::new(self.app, &settings, self.mail_templates, self.mailbox)?;
        let db = open(&settings).await?;
        let applied = db.migrate(self.migrations, self.tables).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = applied.join(", "), "brought the tables up to date");
        }
        db.migrate_system(self.mounted.account()).await?;
        let differences = db.table_differences(&self.mounted.metas()).await?;
        if !differences.is_empty() {
            return Err(StartError::Tables(differences));
        }
        let core = Core::start(self.app, settings, db, self.mounted, self.clock, mail).await?;
        normalize_stored_addresses(&core).await?;
        note_hashes(&core).await;
        Ok(core)
    }
}

async fn open(settings: &Settings) -> Result<Database, StartError> {
    let url = settings.database_url.expose();
    Ok(Database::connect(url, &settings.database).await?)
}

/// The state from which every worker mounts the application.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) core: Arc<Core>,
    limits: Arc<RateLimits>,
    load: Load,
    stopping: Stopping,
}

impl Shared {
    pub(crate) fn new(core: Arc<Core>, stopping: Stopping) -> Self {
        let limits = Arc::new(limits(&core));
        let load = Load::new(core.settings.load);
        Self { core, limits, load, stopping }
    }

    /// Returns the limit that was set up under this name.
    pub(crate) fn route_limit(&self, name: &str) -> RouteLimit {
        RouteLimit::new(self.limits.named(name))
    }

    fn transport(&self) -> Transport {
        Transport {
            proxies: Arc::new(self.core.settings.proxies.clone()),
            public_by_tls: self.core.settings.is_public_by_tls(),
            limits: self.limits.clone(),
            origins: self.core.app.cors,
            formats: error_formats(&self.core),
            load: self.load.clone(),
            stopping: self.stopping.clone(),
        }
    }

    /// Mounts every path of the application.
    fn configure(&self, config: &mut web::ServiceConfig) {
        let app = self.core.app;
        config.service(
            web::scope(app.api)
                .configure(|config| jwt::configure(config, self))
                .configure(|config| roles::configure(config, self))
                .configure(|config| crud::configure(config, self))
                .service(get_only("", move || async move { web::Json(about(app)) }))
                .default_service(web::route().to(route_not_found)),
        );
        session::configure(config, self);
        token_pair::configure(config, self);
        config.default_service(web::route().to(route_not_found));
    }
}

/// Sets the error format below the prefix of each surface, whatever refused the request.
fn error_formats(core: &Core) -> ErrorFormats {
    let Some(auth) = &core.auth else { return ErrorFormats::default() };
    token_pair::error_formats(auth, session::error_formats(auth, ErrorFormats::default()))
}

fn about(app: &AppMeta) -> serde_json::Value {
    json!({ "name": app.name, "version": app.version })
}

/// Creates the global limit, the limits in the YAML, and the default limit of the auth routes.
fn limits(core: &Core) -> RateLimits {
    if core.settings.rate_limits == Switch::Off {
        return RateLimits::off();
    }
    let routed = |model: &Model| -> Vec<_> {
        let limit = |operation: Operation| {
            Some((crud::limit_name(model.meta, operation), model.meta.route(operation)?.rate_limit?))
        };
        model.meta.routes.iter().filter_map(|route| limit(route.operation)).collect()
    };
    let mut limits = RateLimits::in_process(core.app.rate_limit);
    for (name, rule) in core.models.iter().flat_map(routed) {
        limits = limits.with(name, rule);
    }
    for operation in AuthOperation::ALL {
        let Some(auth) = &core.app.auth else { break };
        let own = auth.route(operation).and_then(|route| route.rate_limit);
        // Routes for the caller's own account have only the global limit, unless the YAML sets one.
        let usual = (!operation.is_own_page()).then_some(auth.rate_limit);
        if let Some(rule) = own.or(usual) {
            limits = limits.with(endpoint::limit_name(Via::Jwt, operation), rule);
        }
        let at_session = endpoint::limit_name(Via::Session, operation);
        if at_session != endpoint::limit_name(Via::Jwt, operation) {
            limits = limits.with(at_session, own.unwrap_or(session::CHANGE_PASSWORD));
        }
    }
    limits
}

struct DatabaseAnswers(Arc<Core>);

impl Readiness for DatabaseAnswers {
    fn is_ready(&self) -> Pin<Box<dyn Future<Output = Result<(), &'static str>> + '_>> {
        Box::pin(self.0.db.probe())
    }
}

/// Serves requests until a signal stops the server.
pub(crate) async fn serve(core: Core, stopping: Stopping) -> Result<(), StartError> {
    shutdown::survive_file_limits();
    let Listening { core, server, addresses, mail, shutdown } = listen(core, stopping)?;
    announce(&core, &addresses);
    let ended = shutdown.run(server).await;
    mail.stop().await;
    core.db.close().await;
    Ok(ended?)
}

/// A running server.
pub(crate) struct Listening {
    pub(crate) core: Arc<Core>,
    pub(crate) server: Server,
    pub(crate) addresses: Vec<SocketAddr>,
    /// Must be stopped before the database is closed.
    pub(crate) mail: mail::Worker,
    shutdown: Shutdown,
}

/// Binds the address and starts the background tasks.
pub(crate) fn listen(core: Core, stopping: Stopping) -> Result<Listening, StartError> {
    let core = Arc::new(core);
    let shared = Shared::new(core.clone(), stopping.clone());
    let load = shared.load.clone();
    let health = Health::new(Arc::new(DatabaseAnswers(core.clone())), stopping.clone());
    let mut server = {
        let transported = shared.transport();
        HttpServer::new(move || {
            let (shared, health) = (shared.clone(), health.clone());
            transport(App::new(), &transported)
                .configure(|config| health.configure(config))
                .configure(|config| shared.configure(config))
        })
    };
    let settings = &core.settings;
    let write_timeout = settings.write_timeout;
    server = server
        .workers(settings.workers)
        .disable_signals()
        // A client that has closed its connection does not wait for an answer: its request is dropped, and so is the
        // statement.
        .h1_allow_half_closed(false)
        .shutdown_timeout(settings.shutdown.as_secs())
        .on_connect(move |connection, _| limit_writes(connection, write_timeout));
    let sockets = listener::listen(&settings.host, settings.port);
    let sockets = sockets
        .map_err(|cause| StartError::Listen { address: format!("{}:{}", settings.host, settings.port), cause })?;
    let listeners = Listeners::of(&sockets)?;
    for socket in sockets {
        server = server.listen(socket)?;
    }
    let shutdown = Shutdown { stopping, load, listeners, drain: settings.drain, patience: settings.shutdown };
    actix_web::rt::spawn(refresh(core.clone()));
    actix_web::rt::spawn(follow(core.clone()));
    actix_web::rt::spawn(clean_up_regularly(core.clone()));
    let addresses = server.addrs();
    let port = addresses.first().map_or(core.settings.port, SocketAddr::port);
    let mail = mail::Worker::start(core.clone(), port);
    Ok(Listening { core, server: server.run(), addresses, mail, shutdown })
}

/// Writes the bound addresses to standard output; with `PORT=0`, there is no other way to learn the port. A separate
/// thread writes them, because a pipe that nobody reads must not keep the server from serving or stopping.
fn announce(core: &Core, addresses: &[SocketAddr]) {
    let line = |address: &SocketAddr| format!("{} is listening on http://{address}\n", core.app.name);
    let lines: String = addresses.iter().map(line).collect();
    let write = move || {
        let mut output = io::stdout();
        let _ = output.write_all(lines.as_bytes()).and_then(|()| output.flush());
    };
    if let Err(error) = std::thread::Builder::new().name("announce".to_owned()).spawn(write) {
        tracing::warn!(%error, "failed to write the address to standard output");
    }
}

/// Deletes expired rows in small portions, at regular intervals.
async fn clean_up_regularly(core: Arc<Core>) {
    for round in 0_u32.. {
        if let Err(error) = clean_up(&core).await {
            tracing::warn!(%error, "failed to delete expired rows");
        }
        if round % TRIM_EVERY == 0
            && let Err(error) = trim_histories(&core).await
        {
            tracing::warn!(%error, "failed to trim the histories of accounts");
        }
        if round % TRIM_EVERY == 0 && round > 0 {
            note_hashes(&core).await;
        }
        tokio::time::sleep(CLEAN_UP).await;
    }
}

async fn note_hashes(core: &Core) {
    if let Err(error) = note_stored_hashes(core).await {
        tracing::warn!(%error, "failed to look for password hashes of other kinds");
    }
}

/// Interval between two searches for expired rows.
const CLEAN_UP: Duration = Duration::from_secs(60);
/// Number of these intervals after which histories are trimmed and the kinds of password hashes are determined.
const TRIM_EVERY: u32 = 60;

/// Receives changes of accounts and roles that other nodes make.
async fn follow(core: Arc<Core>) {
    if let Some(auth) = &core.auth {
        auth.access.follow(&core.db).await;
    }
}

/// Reloads roles at regular intervals, because other nodes and commands change them.
async fn refresh(core: Arc<Core>) {
    let Some(auth) = &core.auth else { return };
    let Some(interval) = auth.access.refresh_interval() else { return };
    loop {
        tokio::time::sleep(interval).await;
        if let Err(error) = auth.access.refresh(&core.db).await {
            tracing::warn!(%error, "failed to reload roles and permissions");
        }
    }
}
