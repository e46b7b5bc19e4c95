//! Locks by key within this process. A repeated request waits here for the first one, and a log-in for other attempts
//! at the password of its account. Neither holds a database connection while it waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

#[derive(Debug, Default)]
pub(crate) struct KeyedMutex(Mutex<HashMap<Vec<u8>, Arc<Queue<()>>>>);

/// Holds the lock of a key until it is dropped.
#[derive(Debug)]
pub(crate) struct KeyedGuard<'m> {
    mutex: &'m KeyedMutex,
    key: Vec<u8>,
    held: Option<OwnedMutexGuard<()>>,
}

impl KeyedMutex {
    /// Waits for the lock of a key; `None` if that takes longer than `timeout`.
    pub(crate) async fn lock(&self, key: &[u8], timeout: Duration) -> Option<KeyedGuard<'_>> {
        // Created before the wait, so that it cleans up even if the wait times out or is cancelled.
        let mut guard = KeyedGuard { mutex: self, key: key.to_vec(), held: None };
        let queue = self.queues().entry(guard.key.clone()).or_default().clone();
        guard.held = Some(tokio::time::timeout(timeout, queue.lock_owned()).await.ok()?);
        Some(guard)
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Queue<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyedGuard<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut queues = self.mutex.queues();
        // Every waiter holds a reference to the queue as well.
        if queues.get(&self.key).is_some_and(|queue| Arc::strong_count(queue) == 1) {
            queues.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn a_key_has_one_holder_and_is_removed_after_the_last() {
        let mutex = KeyedMutex::default();
        let first = mutex.lock(b"key", LOCK_TIMEOUT).await.expect("the key is free");
        assert!(mutex.lock(b"key", LOCK_TIMEOUT).await.is_none(), "it takes too long");
        assert!(mutex.lock(b"other", LOCK_TIMEOUT).await.is_some(), "another key is free");
        let (second, ()) = tokio::join!(mutex.lock(b"key", LOCK_TIMEOUT), async { drop(first) });
        assert!(second.is_some());
        drop(second);
        assert!(mutex.queues().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_wait_leaves_no_entry() {
        let mutex = KeyedMutex::default();
        let first = mutex.lock(b"key", LOCK_TIMEOUT).await;
        let gone = tokio::time::timeout(Duration::from_secs(1), mutex.lock(b"key", LOCK_TIMEOUT)).await;
        assert!(gone.is_err());
        drop(first);
        assert!(mutex.queues().is_empty());
    }
}
