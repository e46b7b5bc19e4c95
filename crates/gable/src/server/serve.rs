//! Binds the address, and serves requests until a signal ends the process.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::{App, HttpServer};

use super::background;
use super::health::{Health, Readiness};
use super::listener::{self, Listeners, limit_writes};
use super::shutdown::{self, Shutdown};
use super::start::{StartError, Started};
use crate::context::Core;
use crate::db::number_serving_thread;
use crate::http::transport;
use crate::mail;
use crate::rest::{self, AppState};
use crate::stopping::Stopping;

struct DatabaseAnswers(Arc<Core>);

impl Readiness for DatabaseAnswers {
    fn is_ready(&self) -> Pin<Box<dyn Future<Output = Result<(), &'static str>> + '_>> {
        Box::pin(self.0.db.probe())
    }
}

/// Serves requests until a signal stops the server.
pub(crate) async fn serve(started: Started, stopping: Stopping) -> Result<(), StartError> {
    shutdown::survive_file_limits();
    let Listening { core, server, addresses, mail, shutdown } = listen(started, stopping)?;
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
pub(crate) fn listen(started: Started, stopping: Stopping) -> Result<Listening, StartError> {
    let Started { core, auth, mail } = started;
    let state = AppState::new(core.clone(), auth, rest::limits(&core), stopping.clone());
    let load = state.load.clone();
    let health = Health::new(Arc::new(DatabaseAnswers(core.clone())), stopping.clone());
    let mut server = {
        let transported = rest::transport(&state);
        HttpServer::new(move || {
            number_serving_thread();
            let (state, health) = (state.clone(), health.clone());
            transport(App::new(), &transported)
                .configure(|config| health.configure(config))
                .configure(|config| rest::configure(config, &state))
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
        // Otherwise the last segment of a large answer waits 40 ms for the acknowledgement of the previous one.
        .tcp_nodelay(true)
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
    background::start(&core);
    let addresses = server.addrs();
    let port = addresses.first().map_or(core.settings.port, SocketAddr::port);
    let mail = mail::Worker::start(core.clone(), mail, port);
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
