//! Numbers the threads that serve requests, so that each can have connections that no other thread uses: waking another
//! thread takes longer than a short statement.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static NUMBER: OnceCell<usize> = const { OnceCell::new() };
}

/// Gives the calling thread a number. Called once by each thread that serves requests.
pub(crate) fn number_serving_thread() {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NUMBER.with(|number| {
        number.get_or_init(|| NEXT.fetch_add(1, Ordering::Relaxed));
    });
}

/// The number of the calling thread; `None` if it does not serve requests.
pub(super) fn serving_thread() -> Option<usize> {
    NUMBER.with(|number| number.get().copied())
}
