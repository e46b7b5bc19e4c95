//! How long a look at a password takes. Accounts that came from another system are verified by another function, or at
//! another cost, than a name that nobody has. So that this tells nothing, every look takes as long as the slowest kind of
//! hash that is known to be stored.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::stored_hash::Kind;

/// Kinds that are told apart. A table has a few; more are let through unpaced.
const KINDS: usize = 32;
/// A look that was kept waiting by a busy machine is not stretched without a limit.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// The shortest time that each kind has taken: the work itself, without what else the machine did meanwhile.
#[derive(Default)]
pub(super) struct Pace(Mutex<HashMap<Kind, Duration>>);

impl Pace {
    /// Notes how long a hash of this kind took, and answers how long to rest until the slowest kind would be done: in
    /// proportion, as a busy machine would have slowed that one down as well.
    pub(super) fn rest(&self, kind: Kind, took: Duration) -> Duration {
        let mut shortest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shortest.len() >= KINDS && !shortest.contains_key(&kind) {
            return Duration::ZERO;
        }
        let own = shortest.entry(kind).or_insert(took);
        *own = took.min(*own);
        let own = own.as_secs_f64();
        let slowest = shortest.values().max().map_or(own, Duration::as_secs_f64);
        if own <= 0.0 || slowest <= own {
            return Duration::ZERO;
        }
        let rest = took.as_secs_f64() * (slowest / own - 1.0);
        Duration::try_from_secs_f64(rest).unwrap_or(LONGEST_REST).min(LONGEST_REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAYS: Kind = Kind::Bcrypt { cost: 12 };
    const FOREIGN: Kind = Kind::Bcrypt { cost: 10 };

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn one_kind_alone_is_never_kept_waiting() {
        let pace = Pace::default();
        for took in [250, 900, 251, 249] {
            assert_eq!(pace.rest(TODAYS, ms(took)), Duration::ZERO);
        }
    }

    #[test]
    fn every_kind_takes_as_long_as_the_slowest() {
        let pace = Pace::default();
        pace.rest(TODAYS, ms(250));
        assert_eq!(pace.rest(FOREIGN, ms(50)).as_millis(), 200);
        assert_eq!(pace.rest(FOREIGN, ms(100)).as_millis(), 400, "twice as long on a machine that is twice as slow");
        assert_eq!(pace.rest(TODAYS, ms(250)), Duration::ZERO);
        let slower = Kind::Bcrypt { cost: 13 };
        pace.rest(slower, ms(500));
        assert_eq!(pace.rest(TODAYS, ms(250)).as_millis(), 250);
    }

    #[test]
    fn no_rest_is_endless() {
        let pace = Pace::default();
        pace.rest(TODAYS, ms(1000));
        pace.rest(FOREIGN, ms(1));
        assert_eq!(pace.rest(FOREIGN, ms(900)), LONGEST_REST);
    }
}
