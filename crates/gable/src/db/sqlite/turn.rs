//! The right to use the connection that writes. It is passed on from thread to thread, and all tasks of a thread that
//! wait for it take it one after the other, because waking another thread takes longer than a short transaction.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::db::serving_thread::serving_thread;

pub(super) struct Turns {
    state: Mutex<State>,
    /// Wakes the waiting tasks of a thread.
    wake: Box<[Notify]>,
}

struct State {
    taken: bool,
    /// The thread that takes the next turns.
    reserved: Option<usize>,
    /// Whether the reservation lasts until the thread has ended what it began, even if none of its tasks waits.
    kept: bool,
    /// The number of waiting tasks of each thread.
    waiting: Box<[usize]>,
}

impl State {
    fn is_free_for(&self, thread: usize) -> bool {
        !self.taken && self.reserved.is_none_or(|reserved| reserved == thread)
    }

    /// The next thread in turn that has waiting tasks.
    fn next(&self, thread: usize) -> Option<usize> {
        let count = self.waiting.len();
        (1..=count).map(|offset| (thread + offset) % count).find(|next| self.waiting[*next] > 0)
    }
}

impl Turns {
    /// `threads` is the number of threads that take turns.
    pub(super) fn new(threads: usize) -> Arc<Self> {
        let threads = threads.max(1);
        let state = State { taken: false, reserved: None, kept: false, waiting: vec![0; threads].into() };
        Arc::new(Self { state: Mutex::new(state), wake: (0..threads).map(|_| Notify::new()).collect() })
    }

    pub(super) async fn take(self: &Arc<Self>) -> Turn {
        let thread = serving_thread().unwrap_or_default() % self.wake.len();
        if let Some(turn) = self.try_take(thread) {
            return turn;
        }
        let _place = Place::new(self, thread);
        loop {
            let mut woken = pin!(self.wake[thread].notified());
            // From here on, no call is missed.
            woken.as_mut().enable();
            if let Some(turn) = self.try_take(thread) {
                return turn;
            }
            woken.await;
        }
    }

    fn try_take(self: &Arc<Self>, thread: usize) -> Option<Turn> {
        let mut state = self.lock();
        if !state.is_free_for(thread) {
            return None;
        }
        state.taken = true;
        state.kept = false;
        Some(Turn { turns: self.clone(), thread })
    }

    /// Reserves the next turns for the waiting tasks of the next thread, and wakes them.
    fn pass_on(&self, mut state: MutexGuard<'_, State>, thread: usize) {
        state.kept = false;
        state.reserved = state.next(thread);
        if let Some(next) = state.reserved {
            drop(state);
            self.wake[next].notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exclusive use of the connection that writes, until it is dropped.
pub(super) struct Turn {
    turns: Arc<Turns>,
    thread: usize,
}

impl Turn {
    /// Ends the turn, but leaves the next ones to the same thread, which takes one more to end what it began.
    pub(super) fn keep(self) -> Kept {
        let kept = Kept { turns: self.turns.clone(), thread: self.thread };
        self.turns.lock().kept = true;
        kept
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.turns.lock();
        state.taken = false;
        match state.kept {
            true => {
                state.reserved = Some(self.thread);
                drop(state);
                self.turns.wake[self.thread].notify_waiters();
            }
            false => self.turns.pass_on(state, self.thread),
        }
    }
}

/// The reservation of the next turns for a thread. Other threads may take them after it was dropped, or after a turn
/// that was not kept.
pub(super) struct Kept {
    turns: Arc<Turns>,
    thread: usize,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let state = self.turns.lock();
        if state.kept && state.reserved == Some(self.thread) && !state.taken {
            self.turns.pass_on(state, self.thread);
        }
    }
}

/// A waiting task.
struct Place<'t> {
    turns: &'t Turns,
    thread: usize,
}

impl<'t> Place<'t> {
    fn new(turns: &'t Turns, thread: usize) -> Self {
        turns.lock().waiting[thread] += 1;
        Self { turns, thread }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.lock();
        state.waiting[self.thread] -= 1;
        let unused = state.reserved == Some(self.thread) && state.waiting[self.thread] == 0;
        if unused && !state.taken && !state.kept {
            self.turns.pass_on(state, self.thread);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use tokio::task::{LocalSet, yield_now};

    use super::*;

    const THREADS: usize = 4;
    const TASKS: usize = 8;
    const TURNS: usize = 200;

    /// Takes turns, some of which are kept, some cancelled, and counts them.
    async fn take_turns(turns: Arc<Turns>, task: usize, inside: Arc<AtomicUsize>, taken: Arc<AtomicUsize>) {
        for number in 0..TURNS {
            if (number + task).is_multiple_of(7) {
                let _ = tokio::time::timeout(std::time::Duration::ZERO, turns.take()).await;
            }
            let turn = turns.take().await;
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "nobody else has the turn");
            if (number + task).is_multiple_of(3) {
                yield_now().await;
            }
            inside.fetch_sub(1, Ordering::SeqCst);
            taken.fetch_add(1, Ordering::SeqCst);
            let kept = (number + task).is_multiple_of(2).then(|| turn.keep());
            yield_now().await;
            drop(kept);
        }
    }

    #[test]
    fn one_task_at_a_time_has_the_turn_and_none_waits_forever() {
        let (turns, inside) = (Turns::new(THREADS), Arc::<AtomicUsize>::default());
        let taken = Arc::<AtomicUsize>::default();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let (turns, inside, taken) = (turns.clone(), inside.clone(), taken.clone());
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
                    let tasks = LocalSet::new();
                    for task in 0..TASKS {
                        tasks.spawn_local(take_turns(turns.clone(), task, inside.clone(), taken.clone()));
                    }
                    let all = async { tokio::time::timeout(std::time::Duration::from_secs(60), tasks).await };
                    runtime.expect("a runtime").block_on(all).expect("no task waits forever");
                });
            }
        });
        assert_eq!(taken.load(Ordering::SeqCst), THREADS * TASKS * TURNS);
    }
}
