//! A bounded queue that serves its clients round-robin: however many jobs one client adds, another client waits for at
//! most one job of each client with waiting jobs.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Maximum numbers of waiting jobs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) of_one_client: usize,
    pub(crate) in_total: usize,
}

pub(crate) struct FairQueue<K, T> {
    bounds: Bounds,
    waiting: HashMap<K, VecDeque<T>>,
    /// The clients with waiting jobs, each once. The first one is served next.
    order: VecDeque<K>,
    len: usize,
}

impl<K: Clone + Eq + Hash, T> FairQueue<K, T> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, waiting: HashMap::new(), order: VecDeque::new(), len: 0 }
    }

    /// Adds a job. If the queue is full, the newest job of the client with the most waiting jobs is dropped.
    ///
    /// # Errors
    /// Returns the job if its client has reached its maximum, or if the queue is full and no other client has more
    /// waiting jobs than this client would have.
    pub(crate) fn push(&mut self, client: K, job: T) -> Result<(), T> {
        let own = self.waiting.get(&client).map_or(0, VecDeque::len);
        if own >= self.bounds.of_one_client || (self.len >= self.bounds.in_total && !self.make_room(own + 1)) {
            return Err(job);
        }
        if own == 0 {
            self.order.push_back(client.clone());
        }
        self.waiting.entry(client).or_default().push_back(job);
        self.len += 1;
        Ok(())
    }

    /// Takes the oldest job of the client whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let client = self.order.pop_front()?;
        let jobs = self.waiting.get_mut(&client)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.waiting.remove(&client);
        } else {
            self.order.push_back(client);
        }
        self.len -= usize::from(job.is_some());
        job
    }

    /// Removes the jobs for which `keep` returns false.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.waiting.values_mut().for_each(|jobs| jobs.retain(&mut keep));
        self.waiting.retain(|_, jobs| !jobs.is_empty());
        self.order.retain(|client| self.waiting.contains_key(client));
        self.len = self.waiting.values().map(VecDeque::len).sum();
    }

    /// Drops the newest job of the client with the most waiting jobs, if they are more than `fewest`. False if they are
    /// not.
    fn make_room(&mut self, fewest: usize) -> bool {
        let longest = self.waiting.values_mut().max_by_key(|jobs| jobs.len());
        let Some(jobs) = longest.filter(|jobs| jobs.len() > fewest) else { return false };
        let dropped = jobs.pop_back().is_some();
        self.len -= usize::from(dropped);
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> FairQueue<&'static str, u32> {
        FairQueue::new(Bounds { of_one_client: 4, in_total: 6 })
    }

    fn served(queue: &mut FairQueue<&'static str, u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn clients_are_served_in_turn_and_each_in_its_own_order() {
        let mut queue = queue();
        (1..=3).for_each(|job| queue.push("many", job).expect("room"));
        queue.push("one", 11).expect("room");
        assert_eq!(queue.pop(), Some(1));
        queue.push("late", 21).expect("room");
        assert_eq!(served(&mut queue), [11, 2, 21, 3]);
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn one_client_has_its_share_of_the_queue_and_no_more() {
        let mut queue = queue();
        (1..=4).for_each(|job| queue.push("many", job).expect("room"));
        assert_eq!(queue.push("many", 5), Err(5));
        queue.push("one", 11).expect("room");
        assert_eq!(served(&mut queue), [1, 11, 2, 3, 4]);
    }

    #[test]
    fn in_a_full_queue_the_client_with_most_makes_room_for_one_with_less() {
        let mut queue = queue();
        (1..=4).for_each(|job| queue.push("many", job).expect("room"));
        (11..=12).for_each(|job| queue.push("some", job).expect("room"));
        queue.push("one", 21).expect("the newest of many is dropped");
        assert_eq!(queue.push("many", 5), Err(5), "it has most already");
        queue.push("other", 31).expect("the newest of many is dropped again");
        assert_eq!(queue.push("some", 13), Err(13), "nobody has more than it would have");
        assert_eq!(served(&mut queue), [1, 11, 21, 31, 2, 12]);
    }

    #[test]
    fn many_clients_with_one_job_each_fill_the_queue() {
        let mut queue = queue();
        ["a", "b", "c", "d", "e", "f"]
            .into_iter()
            .zip(1..)
            .for_each(|(client, job)| queue.push(client, job).expect("room"));
        assert_eq!(queue.push("g", 7), Err(7));
        assert_eq!(served(&mut queue), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn jobs_that_nobody_waits_for_make_room() {
        let mut queue = queue();
        (1..=4).for_each(|job| queue.push("many", job).expect("room"));
        queue.push("gone", 11).expect("room");
        queue.retain(|job| *job % 2 == 0);
        queue.push("many", 6).expect("room");
        queue.push("gone", 12).expect("room");
        assert_eq!(served(&mut queue), [2, 12, 4, 6]);
    }
}
