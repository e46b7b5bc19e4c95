//! Background work: deleting expired rows, and following changes of accounts and roles.

use std::sync::Arc;
use std::time::Duration;

use super::clean_up::{clean_up, note_hashes, trim_histories};
use crate::context::Core;

/// Starts the work; it ends with the process.
pub(super) fn start(core: &Arc<Core>) {
    actix_web::rt::spawn(refresh(core.clone()));
    actix_web::rt::spawn(follow(core.clone()));
    actix_web::rt::spawn(clean_up_regularly(core.clone()));
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
        tokio::time::sleep(CLEAN_UP_INTERVAL).await;
    }
}

/// Interval between two searches for expired rows.
const CLEAN_UP_INTERVAL: Duration = Duration::from_secs(60);
/// Number of these intervals after which histories are trimmed and the kinds of password hashes are determined.
const TRIM_EVERY: u32 = 60;

/// Receives changes of accounts and roles that other nodes make.
async fn follow(core: Arc<Core>) {
    if let Some(access) = &core.access {
        access.follow(&core.db).await;
    }
}

/// Reloads roles at regular intervals, because other nodes and commands change them.
async fn refresh(core: Arc<Core>) {
    let Some(access) = &core.access else { return };
    let Some(interval) = access.refresh_interval() else { return };
    loop {
        tokio::time::sleep(interval).await;
        if let Err(error) = access.refresh(&core.db).await {
            tracing::warn!(%error, "failed to reload roles and permissions");
        }
    }
}
