//! The limit: a server with six endpoints of the Gazette, written by hand for its tables with actix-web and tokio-postgres
//! or rusqlite. Nothing is shared between its worker threads, statements are prepared once per connection, and JSON is
//! written straight from the cells of rows.
//!
//! `DATABASE_URL`, `JWT_SECRET`, `CONNECTIONS`, `WORKERS` and `PORT` are read from the environment, and `PIPELINED=1`.

use std::env;
use std::error::Error;

use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, HttpServer};

use caller::Callers;
use store::{Settings, Store, Writer};

mod caller;
mod json;
mod log_in;
mod posts;
mod store;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BODY_LIMIT: usize = 1 << 20;

/// The state of one worker thread.
pub(crate) struct Worker {
    store: Store,
    callers: Callers,
}

fn settings(workers: usize) -> Result<Settings, Box<dyn Error>> {
    let url = env::var("DATABASE_URL")?;
    let connections: usize = env::var("CONNECTIONS")?.parse()?;
    let writer = match url.starts_with("sqlite:") {
        true => Some(Writer::start(&url).map_err(|error| error.to_string())?),
        false => None,
    };
    let pipelined = env::var("PIPELINED").is_ok_and(|value| value == "1");
    Ok(Settings { url, connections: connections.div_ceil(workers), pipelined, writer })
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let workers: usize = env::var("WORKERS")?.parse()?;
    let (settings, secret) = (settings(workers)?, env::var("JWT_SECRET")?);
    let verifying = Data::new(log_in::verifying());
    let server = HttpServer::new(move || {
        let (settings, secret) = (settings.clone(), secret.clone());
        App::new()
            .data_factory(move || {
                let (settings, callers) = (settings.clone(), Callers::new(secret.as_bytes()));
                async move { Store::open(settings).await.map(|store| Worker { store, callers }) }
            })
            .app_data(verifying.clone())
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .route("/health/live", web::get().to(async || "live"))
            .route("/api/posts", web::get().to(posts::list))
            .route("/api/posts", web::post().to(posts::create))
            .route("/api/posts/many", web::post().to(posts::create_many))
            .route("/api/posts/{id}", web::get().to(posts::read))
            .route("/api/posts/{id}", web::patch().to(posts::update))
            .route("/api/auth/login", web::post().to(log_in::log_in))
    });
    let server = server.workers(workers).bind(("127.0.0.1", env::var("PORT")?.parse()?))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    Ok(server.run().await?)
}
