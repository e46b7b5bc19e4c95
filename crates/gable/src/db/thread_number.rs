//! Numbers the threads that use a database, so that each can prefer connections that no other thread uses.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The position of the calling thread among those that have asked.
pub(super) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}
