//! The connections of one worker thread.

use std::cell::RefCell;
use std::ops::Deref;

use tokio::sync::{Semaphore, SemaphorePermit};

pub(crate) struct Pool<T> {
    idle: RefCell<Vec<T>>,
    free: Semaphore,
}

/// A connection that returns to its pool when this is dropped.
pub(crate) struct Pooled<'a, T> {
    pool: &'a Pool<T>,
    connection: Option<T>,
    _permit: SemaphorePermit<'a>,
}

impl<T> Pool<T> {
    pub(crate) fn new(connections: Vec<T>) -> Self {
        Self { free: Semaphore::new(connections.len()), idle: RefCell::new(connections) }
    }

    pub(crate) async fn get(&self) -> Pooled<'_, T> {
        let permit = self.free.acquire().await.expect("the semaphore is never closed");
        Pooled { connection: self.idle.borrow_mut().pop(), pool: self, _permit: permit }
    }
}

impl<T> Deref for Pooled<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.connection.as_ref().expect("a permit stands for an idle connection")
    }
}

impl<T> Drop for Pooled<'_, T> {
    fn drop(&mut self) {
        self.pool.idle.borrow_mut().extend(self.connection.take());
    }
}
