//! The limit: actix-web with tokio-postgres or rusqlite. Nothing is shared between its worker threads, statements are
//! prepared once per connection, and JSON is written straight from the cells of rows.
//!
//! `PIPELINED=1` pipelines the reads of each worker on one PostgreSQL connection.

use std::env;
use std::error::Error;

use peers::Settings;
use postgres::Postgres;
use sqlite::{Sqlite, Writer};

mod json;
mod pool;
mod postgres;
mod sql;
mod sqlite;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::read()?;
    let url = settings.database.clone();
    if url.starts_with("sqlite:") {
        let writer = Writer::start(&url).map_err(|error| error.to_string())?;
        let open = move || Sqlite::open(&url, writer.clone());
        return peers::serve(&settings, move || Box::pin(std::future::ready(open()))).await;
    }
    let connections = settings.connections.div_ceil(settings.workers);
    let pipelined = env::var("PIPELINED").is_ok_and(|value| value == "1");
    peers::serve(&settings, move || {
        let url = url.clone();
        Box::pin(async move { Postgres::open(&url, connections, pipelined).await })
    })
    .await
}
