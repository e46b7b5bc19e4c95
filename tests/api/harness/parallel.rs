//! Many requests at the same moment.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use super::Reply;

/// Sends `count` requests at the same moment.
pub(crate) fn at_once(count: usize, send: impl Fn(usize) -> Reply + Sync) -> Vec<Reply> {
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

/// How many were answered with each status, in the order of the statuses.
pub(crate) fn statuses(replies: &[Reply]) -> Vec<(u16, usize)> {
    let mut counts = BTreeMap::new();
    replies.iter().for_each(|reply| *counts.entry(reply.status).or_default() += 1);
    counts.into_iter().collect()
}
