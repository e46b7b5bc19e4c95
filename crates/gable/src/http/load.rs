//! Limits the load of requests: how many are processed at once, the bytes of their bodies, and the bytes held for
//! their answers until these are sent. A request beyond a limit gets a 503.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;
use crate::model::{AnswerBudget, AnswerMemory};
use crate::settings::LoadLimits;

/// One in this many requests in flight is processed; the others wait and hold little more than their connections.
/// Processing all at once would take more time and more memory in total.
const WAITING_SHARE: usize = 4;
/// Maximum time that a request waits for a slot before it is refused.
const SLOT_TIMEOUT: Duration = Duration::from_secs(2);
/// Value of `Retry-After` on a 503, in seconds.
const RETRY_AFTER: u64 = 1;
/// The first bytes of each body and answer are not counted: the connection has buffers of that size anyway, and
/// log-ins must stay possible while other clients send large bodies or receive large answers.
const FREE_BYTES: usize = 16 * 1024;

/// Bytes of an answer that a connection gets at once.
const PART: usize = 32 * 1024;

/// The load of this process; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Load(Arc<LoadState>);

#[derive(Debug)]
struct LoadState {
    /// Requests that have arrived and are not fully answered.
    unanswered: AtomicUsize,
    /// One permit for each request that may be processed.
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    body_bytes: AtomicUsize,
    max_body_bytes: usize,
    answer_bytes: AtomicUsize,
    max_answer_bytes: usize,
    refusals: Refusals,
}

/// Logs refused requests at most once a second, because logging each one would cost as much as serving it.
#[derive(Debug)]
struct Refusals {
    since: Instant,
    /// Refusals not logged yet.
    count: AtomicUsize,
    /// The second of the last log line, counted from `since`.
    logged_at: AtomicU64,
}

impl Refusals {
    fn note(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let now = self.since.elapsed().as_secs() + 1;
        if self.logged_at.swap(now, Ordering::Relaxed) != now {
            let requests = self.count.swap(0, Ordering::Relaxed);
            tracing::warn!(requests, "refused requests: too many, or too large ones, are in flight");
        }
    }
}

impl Load {
    pub(crate) fn new(limits: LoadLimits) -> Self {
        let slots = limits.requests.div_ceil(WAITING_SHARE);
        Self(Arc::new(LoadState {
            unanswered: AtomicUsize::new(0),
            slots: Arc::new(Semaphore::new(slots)),
            waiting: AtomicUsize::new(0),
            max_waiting: limits.requests - slots,
            body_bytes: AtomicUsize::new(0),
            max_body_bytes: limits.body_bytes,
            answer_bytes: AtomicUsize::new(0),
            max_answer_bytes: limits.answer_bytes,
            refusals: Refusals { since: Instant::now(), count: AtomicUsize::new(0), logged_at: AtomicU64::new(0) },
        }))
    }

    /// Returns the number of requests that have arrived and are not fully answered.
    pub(crate) fn unanswered(&self) -> usize {
        self.0.unanswered.load(Ordering::Acquire)
    }

    /// Counts a request that has arrived.
    pub(super) fn arrive(&self) -> Rc<RequestLoad> {
        self.0.unanswered.fetch_add(1, Ordering::AcqRel);
        Rc::new(RequestLoad {
            state: self.0.clone(),
            slot: RefCell::new(None),
            read: Cell::new(0),
            answer: Cell::new(0),
            refused: Cell::new(false),
        })
    }
}

/// The part of the load that belongs to one request, from its arrival until its answer is sent or dropped.
#[derive(Debug)]
pub(super) struct RequestLoad {
    state: Arc<LoadState>,
    slot: RefCell<Option<OwnedSemaphorePermit>>,
    /// Bytes held of its body.
    read: Cell<usize>,
    /// Bytes held for its answer.
    answer: Cell<usize>,
    refused: Cell<bool>,
}

/// Creates the budget of a request's answer; without a request, nothing is counted for other requests.
pub(crate) fn answer_budget(max_bytes: usize, request: Option<&HttpRequest>) -> AnswerBudget {
    let load = request.and_then(RequestLoad::of).map(|load| load as Rc<dyn AnswerMemory>);
    AnswerBudget::new(max_bytes, load, request.is_some_and(|request| request.method().is_safe()))
}

impl RequestLoad {
    pub(super) fn of(request: &HttpRequest) -> Option<Rc<Self>> {
        request.extensions().get::<Rc<Self>>().cloned()
    }

    /// Takes a slot for processing, unless the request has one.
    ///
    /// # Errors
    /// 503: at once if too many requests wait, or later if no slot becomes free in time.
    pub(super) async fn enter(&self) -> Result<(), ApiError> {
        if self.slot.borrow().is_some() {
            return Ok(());
        }
        let slots = self.state.slots.clone();
        let slot = match slots.clone().try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => {
                let _place = WaitingPlace::take(&self.state).ok_or_else(|| self.refuse())?;
                let waited = tokio::time::timeout(SLOT_TIMEOUT, slots.acquire_owned()).await;
                waited.map_err(|_| self.refuse())?.map_err(ApiError::internal)?
            }
        };
        self.slot.replace(Some(slot));
        Ok(())
    }

    /// Gives up the slot while the request waits for its client, so that slow clients cannot occupy all slots.
    pub(super) fn leave(&self) {
        self.slot.take();
    }

    /// Refuses a body whose announced length exceeds the remaining budget.
    ///
    /// # Errors
    /// 503.
    pub(super) fn expect_body(&self, length: usize) -> Result<(), ApiError> {
        let held = self.state.body_bytes.load(Ordering::Relaxed);
        let fits = held.saturating_add(budgeted(length)) <= self.state.max_body_bytes;
        if fits { Ok(()) } else { Err(self.refuse()) }
    }

    /// Takes bytes of its body from the budget.
    ///
    /// # Errors
    /// 503 when the budget is used up.
    pub(super) fn hold_body(&self, bytes: usize) -> Result<(), ApiError> {
        let before = self.read.get();
        let more = budgeted(before + bytes) - budgeted(before);
        let held = self.state.body_bytes.fetch_add(more, Ordering::Relaxed);
        self.read.set(before + bytes);
        if more > 0 && held + more > self.state.max_body_bytes { Err(self.refuse()) } else { Ok(()) }
    }

    /// Returns the total bytes that all bodies may take.
    pub(super) fn max_body(&self) -> usize {
        self.state.max_body_bytes
    }

    /// Counts the memory of the body's values instead of its bytes.
    ///
    /// # Errors
    /// 503 when the budget is used up.
    pub(super) fn exchange_body(&self, memory: usize) -> Result<(), ApiError> {
        self.release_body();
        self.hold_body(memory)
    }

    /// Returns the bytes of its body to the budget.
    pub(super) fn release_body(&self) {
        self.state.body_bytes.fetch_sub(budgeted(self.read.take()), Ordering::Relaxed);
    }

    fn refuse(&self) -> ApiError {
        self.refused.set(true);
        self.state.refusals.note();
        ApiError::unavailable(RETRY_AFTER)
    }

    /// Returns true if the request was refused because of the load.
    pub(super) fn was_refused(&self) -> bool {
        self.refused.get()
    }
}

impl AnswerMemory for RequestLoad {
    /// Takes bytes of its answer, or of rows read for it, from the budget.
    ///
    /// # Errors
    /// 503 when the budget is used up.
    fn hold_answer(&self, bytes: usize) -> Result<(), ApiError> {
        let before = self.answer.get();
        let more = budgeted(before + bytes) - budgeted(before);
        let held = self.state.answer_bytes.fetch_add(more, Ordering::Relaxed);
        self.answer.set(before + bytes);
        if more > 0 && held + more > self.state.max_answer_bytes { Err(self.refuse()) } else { Ok(()) }
    }

    /// Keeps the bytes of the finished answer counted until it is sent, and returns all other bytes.
    fn keep_answer(&self, bytes: usize) {
        let (before, now) = (budgeted(self.answer.replace(bytes)), budgeted(bytes));
        if now > before {
            self.state.answer_bytes.fetch_add(now - before, Ordering::Relaxed);
        } else {
            self.state.answer_bytes.fetch_sub(before - now, Ordering::Relaxed);
        }
    }
}

impl Drop for RequestLoad {
    fn drop(&mut self) {
        self.release_body();
        self.keep_answer(0);
        self.state.unanswered.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A place among the requests that wait for a slot.
struct WaitingPlace<'s>(&'s LoadState);

impl<'s> WaitingPlace<'s> {
    fn take(state: &'s LoadState) -> Option<Self> {
        let place = Self(state);
        let before = state.waiting.fetch_add(1, Ordering::AcqRel);
        (before < state.max_waiting).then_some(place)
    }
}

impl Drop for WaitingPlace<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

fn budgeted(bytes: usize) -> usize {
    bytes.saturating_sub(FREE_BYTES)
}

/// The body of an answer with the load of its request. It is sent in parts that fit into the buffer of the
/// connection, so that the load counts until the client has received nearly everything.
pub(super) struct LoadedBody<B> {
    body: Pin<Box<B>>,
    /// The rest of the current chunk, not sent yet.
    rest: Bytes,
    _load: Rc<RequestLoad>,
}

impl<B> LoadedBody<B> {
    pub(super) fn new(body: B, load: Rc<RequestLoad>) -> Self {
        Self { body: Box::pin(body), rest: Bytes::new(), _load: load }
    }
}

impl<B: MessageBody> MessageBody for LoadedBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        while self.rest.is_empty() {
            match std::task::ready!(self.body.as_mut().poll_next(context)) {
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => self.rest = chunk,
                end => return Poll::Ready(end),
            }
        }
        let part = self.rest.len().min(PART);
        Poll::Ready(Some(Ok(self.rest.split_to(part))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(requests: usize, body_bytes: usize) -> Load {
        Load::new(LoadLimits { requests, body_bytes, answer_bytes: 100 })
    }

    #[actix_web::test]
    async fn a_request_past_the_bound_is_refused_in_time_with_the_time_to_retry() {
        let load = load(1, 0);
        let first = load.arrive();
        first.enter().await.expect("a slot");
        first.enter().await.expect("the same slot");
        let started = Instant::now();
        let error = load.arrive().enter().await.expect_err("no slot");
        assert_eq!((error.status(), started.elapsed() < SLOT_TIMEOUT), (503, true));
        first.leave();
        load.arrive().enter().await.expect("the slot of a request that waits for its client");
    }

    #[tokio::test(start_paused = true)]
    async fn some_requests_wait_for_their_turn_and_no_longer_than_they_should() {
        let load = load(2, 0);
        let (first, second, third) = (load.arrive(), load.arrive(), load.arrive());
        first.enter().await.expect("a slot");
        let (waited, refused) = tokio::join!(second.enter(), third.enter());
        assert_eq!(refused.expect_err("the queue is full").status(), 503);
        assert_eq!(waited.expect_err("it waited too long").status(), 503);
        let (waited, ()) = tokio::join!(second.enter(), async { first.leave() });
        waited.expect("its turn");
    }

    #[actix_web::test]
    async fn a_request_counts_until_it_is_dropped() {
        let load = load(1, 0);
        let (first, second) = (load.arrive(), load.arrive());
        assert_eq!(load.unanswered(), 2);
        drop((first, second));
        assert_eq!(load.unanswered(), 0);
    }

    #[test]
    fn bodies_share_a_budget_that_small_ones_do_not_need() {
        let load = load(1, 100);
        let (large, other) = (load.arrive(), load.arrive());
        large.hold_body(FREE_BYTES).expect("free");
        large.hold_body(60).expect("room");
        assert!(other.expect_body(FREE_BYTES + 41).is_err() && other.expect_body(FREE_BYTES + 40).is_ok());
        assert!(other.hold_body(FREE_BYTES + 41).is_err());
        load.arrive().hold_body(FREE_BYTES).expect("a small body has room");
        drop(other);
        large.hold_body(40).expect("given back");
        large.exchange_body(FREE_BYTES + 70).expect("its bytes were given back");
        assert!(load.arrive().hold_body(FREE_BYTES + 31).is_err());
        large.release_body();
        drop(large);
        load.arrive().hold_body(FREE_BYTES + 100).expect("everything was given back");
    }

    #[test]
    fn answers_share_a_budget_until_they_are_sent() {
        let load = load(1, 0);
        let (sent, other) = (load.arrive(), load.arrive());
        sent.hold_answer(FREE_BYTES + 100).expect("room");
        assert_eq!(other.hold_answer(FREE_BYTES + 1).expect_err("no room").status(), 503);
        drop(other);
        sent.keep_answer(FREE_BYTES + 40);
        let other = load.arrive();
        other.hold_answer(FREE_BYTES + 60).expect("what the rows took was given back");
        load.arrive().hold_answer(FREE_BYTES).expect("a small answer has room");
        drop((sent, other));
        load.arrive().hold_answer(FREE_BYTES + 100).expect("everything was given back");
    }
}
