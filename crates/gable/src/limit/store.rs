//! The state of each client of a limiter, in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

use super::limiter::LimitKey;

const SHARDS: usize = 16;

/// A map of bounded size, so that a client with many addresses cannot exhaust memory. Once a shard is full, clients
/// that it does not contain share one quota until there is room. Removing a known client instead would let anybody
/// with enough addresses reset their quota.
pub(super) struct BoundedStore {
    shards: [Mutex<Shard>; SHARDS],
    // Randomly seeded, so that nobody can choose addresses that all belong to one shard.
    hasher: RandomState,
    keys_per_shard: usize,
}

#[derive(Default)]
struct Shard {
    /// The time at which each client's quota will be full again, which is the whole state of GCRA.
    known: HashMap<LimitKey, Nanos>,
    crowd: Option<Nanos>,
}

impl BoundedStore {
    pub(super) fn new(most_keys: usize) -> Self {
        Self { shards: Default::default(), hasher: RandomState::new(), keys_per_shard: most_keys.div_ceil(SHARDS) }
    }

    fn shard(&self, key: &LimitKey) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(key) as usize % SHARDS;
        lock(&self.shards[index])
    }
}

/// A poisoned lock is ignored: every update is one assignment, so a panic cannot leave a shard half written.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StateStore for BoundedStore {
    type Key = LimitKey;

    fn measure_and_replace<T, F, E>(&self, key: &LimitKey, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut shard = self.shard(key);
        if let Some(state) = shard.known.get_mut(key) {
            let (outcome, next) = decide(Some(*state))?;
            *state = next;
            return Ok(outcome);
        }
        if shard.known.len() >= self.keys_per_shard {
            let (outcome, next) = decide(shard.crowd)?;
            shard.crowd = Some(next);
            return Ok(outcome);
        }
        let (outcome, next) = decide(None)?;
        shard.known.insert(key.clone(), next);
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<LimitKey> for BoundedStore {
    fn retain_recent(&self, drop_below: Nanos) {
        for shard in &self.shards {
            lock(shard).known.retain(|_, state| *state >= drop_below);
        }
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).known.len()).sum()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
