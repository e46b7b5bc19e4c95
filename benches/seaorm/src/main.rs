//! A server with SeaORM and its default settings: one pool for all worker threads, typed entities, and JSON by serde.

use std::error::Error;

use peers::Settings;
use sea_orm::{ConnectOptions, Database};

use store::SeaOrm;

mod entities;
mod store;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::read()?;
    let mut options = ConnectOptions::new(&settings.database);
    // As durable as Gable.
    options.map_sqlx_sqlite_opts(|options| options.pragma("synchronous", "NORMAL"));
    let database = Database::connect(options).await?;
    peers::serve(&settings, move || Box::pin(std::future::ready(Ok(SeaOrm(database.clone()))))).await
}
