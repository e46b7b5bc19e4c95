//! Decoy hashes, so that verifying a password takes the same time for every account and for an unknown identifier.
//! Imported accounts may have hashes of another function or cost. So every verification computes one hash of each kind
//! that is known to be stored: the account's own hash, and a decoy for every other kind.

use std::sync::{Arc, Mutex, PoisonError};

use super::stored_hash::{Kind, StoredHash};

/// Maximum number of kinds with a decoy, in addition to the server's own. A system that accounts are imported from
/// usually has one or two. Hashes of further kinds are verified, but have no decoy.
pub(crate) const FOREIGN_KINDS: usize = 2;

/// One hash of each stored kind, with no known password.
pub(crate) struct Decoys {
    own: StoredHash,
    foreign: Mutex<Arc<[StoredHash]>>,
}

impl Decoys {
    /// `cost` is the configured cost of bcrypt for new hashes.
    pub(crate) fn new(cost: u32) -> Self {
        Self { own: Kind::Bcrypt { cost }.decoy(), foreign: Mutex::default() }
    }

    /// Replaces the foreign kinds. At most `FOREIGN_KINDS` are kept.
    pub(crate) fn set(&self, kinds: impl IntoIterator<Item = Kind>) {
        let mut foreign: Vec<Kind> = Vec::new();
        for kind in kinds {
            if kind != self.own.kind && !foreign.contains(&kind) && foreign.len() < FOREIGN_KINDS {
                foreign.push(kind);
            }
        }
        *self.lock() = foreign.into_iter().map(Kind::decoy).collect();
    }

    /// Whether the password matches the hash. Does the same work without a hash, and returns false.
    pub(crate) fn verify(&self, password: &str, hash: Option<&StoredHash>) -> bool {
        let matches = hash.is_some_and(|hash| hash.matches(password));
        if let Some(hash) = hash {
            self.note(hash.kind);
        }
        let foreign = self.lock().clone();
        for decoy in [&self.own].into_iter().chain(foreign.iter()) {
            if hash.is_none_or(|hash| hash.kind != decoy.kind) {
                decoy.matches(password);
            }
        }
        matches
    }

    /// Adds a kind that was stored after the table was last scanned.
    fn note(&self, kind: Kind) {
        let mut foreign = self.lock();
        let is_known = kind == self.own.kind || foreign.iter().any(|decoy| decoy.kind == kind);
        if !is_known && foreign.len() < FOREIGN_KINDS {
            *foreign = foreign.iter().map(|decoy| decoy.kind).chain([kind]).map(Kind::decoy).collect();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<[StoredHash]>> {
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAYS: Kind = Kind::Bcrypt { cost: 4 };
    const CHEAPER: Kind = Kind::Bcrypt { cost: 5 };
    const ARGON2ID: Kind = Kind::Argon2id { memory: 64, passes: 1, lanes: 1 };

    fn kinds(decoys: &Decoys) -> Vec<Kind> {
        decoys.lock().iter().map(|decoy| decoy.kind).collect()
    }

    #[test]
    fn the_kinds_that_are_stored_are_remembered_and_forgotten_with_the_table() {
        let decoys = Decoys::new(4);
        decoys.set([TODAYS, ARGON2ID, ARGON2ID]);
        assert_eq!(kinds(&decoys), [ARGON2ID]);
        decoys.set([]);
        assert_eq!(kinds(&decoys), []);
    }

    #[test]
    fn a_kind_that_is_met_is_remembered_within_bounds() {
        let decoys = Decoys::new(4);
        for kind in [TODAYS, CHEAPER, ARGON2ID, Kind::Bcrypt { cost: 6 }, CHEAPER] {
            assert!(!decoys.verify("Correct-Horse-7", Some(&kind.decoy())), "no password is behind a decoy");
        }
        assert_eq!(kinds(&decoys), [CHEAPER, ARGON2ID]);
        assert!(!decoys.verify("Correct-Horse-7", None));
    }
}
