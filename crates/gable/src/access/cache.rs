//! Caches the identity of each log-in, so that a request with a cached log-in needs no SQL.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::Identity;
use crate::model::Id;

/// Maximum number of cached log-ins. When it is reached, the cache is emptied: one query for each log-in that returns.
const CAPACITY: usize = 100_000;

#[derive(Debug)]
pub(crate) struct IdentityCache {
    entries: RwLock<Entries>,
    /// Incremented by every invalidation, so that a query that began before one cannot store its outdated result.
    epoch: AtomicU64,
    /// How long an entry is used after it was loaded.
    lifetime: Duration,
}

#[derive(Debug, Default)]
struct Entries {
    by_grant: HashMap<Uuid, (Arc<Identity>, Instant)>,
    by_account: HashMap<Id, Vec<Uuid>>,
}

/// The number of invalidations when a query began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch(u64);

impl IdentityCache {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { entries: RwLock::default(), epoch: AtomicU64::new(0), lifetime }
    }

    pub(crate) fn get(&self, grant: Uuid) -> Option<Arc<Identity>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let (identity, loaded) = entries.by_grant.get(&grant)?;
        (loaded.elapsed() < self.lifetime).then(|| identity.clone())
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    /// Stores an identity that was read after `epoch` was taken, unless the cache was invalidated in between.
    pub(crate) fn insert(&self, epoch: Epoch, grant: Uuid, identity: Arc<Identity>) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.epoch.load(Ordering::Acquire) != epoch.0 {
            return;
        }
        if entries.by_grant.len() >= CAPACITY {
            *entries = Entries::default();
        }
        let account = identity.account;
        if entries.by_grant.insert(grant, (identity, Instant::now())).is_none() {
            entries.by_account.entry(account).or_default().push(grant);
        }
    }

    pub(crate) fn forget_account(&self, account: Id) {
        let mut entries = self.change();
        for grant in entries.by_account.remove(&account).unwrap_or_default() {
            entries.by_grant.remove(&grant);
        }
    }

    pub(crate) fn forget_all(&self) {
        *self.change() = Entries::default();
    }

    fn change(&self) -> RwLockWriteGuard<'_, Entries> {
        let entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::AcqRel);
        entries
    }
}
