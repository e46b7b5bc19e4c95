//! Parallel requests.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use super::Reply;

/// Sends `count` requests in parallel.
pub(crate) fn at_once<T: Send>(count: usize, send: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(count);
    thread::scope(|scope| {
        let one = |number: usize| {
            let (start, send) = (&start, &send);
            scope.spawn(move || {
                start.wait();
                send(number)
            })
        };
        let threads: Vec<_> = (0..count).map(one).collect();
        threads.into_iter().map(|thread| thread.join().expect("a request was answered")).collect()
    })
}

/// Sends requests until one is refused with 429, and returns the number of the others and the refusal. They are sent in
/// parallel, because the quota refills while a slow machine sends; the number is therefore a minimum.
pub(crate) fn until_refused(send: impl Fn() -> Reply + Sync) -> (usize, Reply) {
    let mut passed = 0;
    loop {
        let (refused, answered): (Vec<_>, Vec<_>) =
            at_once(16, |_| send()).into_iter().partition(|reply| reply.status == 429);
        passed += answered.len();
        if let Some(reply) = refused.into_iter().next() {
            return (passed, reply);
        }
        assert!(passed < 20_000, "there is no limit");
    }
}

/// The number of answers of each status, sorted by status.
pub(crate) fn statuses(replies: &[Reply]) -> Vec<(u16, usize)> {
    let mut counts = BTreeMap::new();
    replies.iter().for_each(|reply| *counts.entry(reply.status).or_default() += 1);
    counts.into_iter().collect()
}
