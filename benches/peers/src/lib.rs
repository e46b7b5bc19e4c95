//! The part of the hand-written servers that does not depend on the database library: six endpoints of the Gazette, with
//! authentication and validation. A server adds a [`Store`].

use std::env;
use std::error::Error;
use std::pin::Pin;

use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, HttpServer};

use caller::Callers;
pub use store::{Account, LogIn, NewPost, Outcome, Page, Query, Rights, Store};

mod caller;
mod log_in;
mod posts;
mod store;

const BODY_LIMIT: usize = 1 << 20;

/// The state of one worker thread.
struct Worker<S> {
    store: S,
    callers: Callers,
}

/// Settings from the environment.
pub struct Settings {
    /// `DATABASE_URL`
    pub database: String,
    /// `CONNECTIONS` of the whole process
    pub connections: usize,
    /// `WORKERS`
    pub workers: usize,
}

impl Settings {
    /// # Errors
    /// A variable is missing or not a number.
    pub fn read() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            database: env::var("DATABASE_URL")?,
            connections: env::var("CONNECTIONS")?.parse()?,
            workers: env::var("WORKERS")?.parse()?,
        })
    }
}

type Opening<S> = Pin<Box<dyn Future<Output = Outcome<S>>>>;

/// Serves until the process is ended. `open` is called on each worker thread.
///
/// # Errors
/// A variable is missing, or the port is taken.
pub async fn serve<S: Store>(
    settings: &Settings,
    open: impl Fn() -> Opening<S> + Clone + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    let secret = env::var("JWT_SECRET")?;
    let verifying = Data::new(log_in::verifying());
    let server = HttpServer::new(move || {
        let (open, secret) = (open.clone(), secret.clone());
        App::new()
            .data_factory(move || {
                let (opening, callers) = (open(), Callers::new(secret.as_bytes()));
                async move { opening.await.map(|store| Worker { store, callers }) }
            })
            .app_data(verifying.clone())
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .route("/api/posts", web::get().to(posts::list::<S>))
            .route("/api/posts", web::post().to(posts::create::<S>))
            .route("/api/posts/many", web::post().to(posts::create_many::<S>))
            .route("/api/posts/{id}", web::get().to(posts::read::<S>))
            .route("/api/posts/{id}", web::patch().to(posts::update::<S>))
            .route("/api/auth/login", web::post().to(log_in::log_in::<S>))
    });
    let server = server.workers(settings.workers).bind(("127.0.0.1", env::var("PORT")?.parse()?))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    Ok(server.run().await?)
}
