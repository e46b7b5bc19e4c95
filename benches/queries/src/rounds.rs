//! Measures servers in turns, so that other load on the machine affects all of them.

use std::error::Error;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Connection;
use crate::contender::Contender;

/// The requests of one measurement.
pub(crate) trait Work: Sync {
    /// Creates the next request; this time is not measured.
    fn request(&self) -> Vec<u8>;
    /// The status that every answer must have.
    fn status(&self) -> u16;
    /// Runs after each turn.
    fn clean_up(&self) -> Result<(), Box<dyn Error>> {
        Ok(())
    }
}

/// One turn of one contender.
#[derive(Clone, Copy, Default)]
struct Turn {
    requests: usize,
    /// total time that clients waited for answers
    waited: Duration,
    /// processor time of the server process, in seconds
    processor: f64,
}

/// The turns of one contender.
#[derive(Default)]
pub(crate) struct Measured {
    turns: Vec<Turn>,
    connections: usize,
}

/// The number of rounds, the duration of a turn, and the number of connections.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
    pub(crate) connections: usize,
}

/// Measures each server once in every round, after a short turn that warms it up.
///
/// # Errors
/// A server does not answer, or answers with another status.
pub(crate) fn in_turns(
    plan: Plan,
    contenders: &[&Contender],
    work: &dyn Work,
) -> Result<Vec<Measured>, Box<dyn Error>> {
    let measured = || Measured { turns: Vec::new(), connections: plan.connections };
    let mut all: Vec<Measured> = contenders.iter().map(|_| measured()).collect();
    let warming = Plan { turn: plan.turn / 4, ..plan };
    for contender in contenders {
        turn(warming, contender, work)?;
    }
    for _ in 0..plan.rounds {
        for (contender, measured) in contenders.iter().zip(&mut all) {
            measured.turns.push(turn(plan, contender, work)?);
        }
    }
    Ok(all)
}

fn turn(plan: Plan, contender: &Contender, work: &dyn Work) -> Result<Turn, Box<dyn Error>> {
    let before = contender.processor_time();
    let clients: Result<Vec<(usize, Duration)>, io::Error> = thread::scope(|scope| {
        let client = || scope.spawn(|| client(contender.port, plan.turn, work));
        let clients: Vec<_> = (0..plan.connections).map(|_| client()).collect();
        let joined = |client: thread::ScopedJoinHandle<'_, _>| client.join().expect("a client does not panic");
        clients.into_iter().map(joined).collect()
    });
    let mut turn = Turn { processor: contender.processor_time() - before, ..Turn::default() };
    for (requests, waited) in clients? {
        turn.requests += requests;
        turn.waited += waited;
    }
    work.clean_up()?;
    Ok(turn)
}

fn client(port: u16, time: Duration, work: &dyn Work) -> io::Result<(usize, Duration)> {
    let mut connection = Connection::open(port)?;
    let (mut requests, mut waited) = (0, Duration::ZERO);
    while waited < time {
        let request = work.request();
        let started = Instant::now();
        let (status, body) = connection.send(&request)?;
        waited += started.elapsed();
        if status != work.status() {
            return Err(io::Error::other(format!("{status} {}", String::from_utf8_lossy(body))));
        }
        requests += 1;
    }
    Ok((requests, waited))
}

/// The median, minimum and maximum of some values.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let middle = |nth: usize| values.get(nth).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self { median: middle(last / 2), least: middle(0), greatest: middle(last) }
    }
}

impl Measured {
    /// Median of the requests per second.
    pub(crate) fn rate(&self) -> f64 {
        Spread::of(self.rates()).median
    }

    /// Microseconds of the server's processor time for each request, over all turns. The time of a single turn would be
    /// too imprecise, because the system counts processor time in hundredths of a second.
    pub(crate) fn processor(&self) -> f64 {
        let requests: usize = self.turns.iter().map(|turn| turn.requests).sum();
        self.turns.iter().map(|turn| turn.processor).sum::<f64>() / requests as f64 * 1e6
    }

    /// Speed relative to the other server, computed for each round.
    pub(crate) fn ratio_to(&self, other: &Measured) -> Spread {
        Spread::of(self.rates().into_iter().zip(other.rates()).map(|(own, other)| own / other).collect())
    }

    fn rates(&self) -> Vec<f64> {
        let rate = |turn: &Turn| turn.requests as f64 / turn.waited.as_secs_f64() * self.connections as f64;
        self.turns.iter().map(rate).collect()
    }
}
