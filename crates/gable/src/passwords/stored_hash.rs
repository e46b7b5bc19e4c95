//! Stored password hashes: those of bcrypt, which the server makes, and argon2id hashes of imported accounts. The cost
//! of a hash is limited, so that no stored hash can exhaust the server.

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use crate::meta::limits;

pub(crate) const MAX_BCRYPT_BYTES: usize = limits::MAX_BCRYPT_BYTES as usize;
/// Maximum cost of a bcrypt hash that is verified, unless the configured cost is higher: about half a second of work.
/// While such a hash is stored, every verification does this work, because of the decoys.
const MOST_BCRYPT: u32 = 13;
/// Maximum memory of an argon2id hash, in KiB.
const MOST_MEMORY: u32 = 128 * 1024;
/// Maximum memory times passes of an argon2id hash, in KiB: about half a second of work.
const MOST_WORK: u64 = 512 * 1024;
/// Allowed lengths of the salt and the output, in bytes.
const SALT: std::ops::RangeInclusive<usize> = 8..=64;
const OUTPUT: std::ops::RangeInclusive<usize> = 16..=64;
/// Maximum length of a password for argon2id, in bytes. No policy allows half as many.
const ARGON2_BYTES: usize = 1024;

/// The function and cost of a hash. Hashes of the same kind take the same time to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Bcrypt { cost: u32 },
    Argon2id { memory: u32, passes: u32, lanes: u32 },
}

impl Kind {
    /// A hash of this kind that no password is known for.
    pub(crate) fn decoy(self) -> StoredHash {
        let (version, salt, output) = (Version::V0x13, vec![0; *SALT.start()], vec![0; 32]);
        let text = match self {
            Kind::Bcrypt { cost } => format!("$2b${cost:02}${}", ".".repeat(53)),
            Kind::Argon2id { .. } => String::new(),
        };
        StoredHash { kind: self, text, version, salt, output }
    }
}

/// Why passwords cannot be verified against a stored text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnusableHash {
    #[error("it is neither bcrypt ($2a$, $2b$, $2y$) nor argon2id")]
    Unknown,
    #[error("it asks for more memory or time than the server spends on a password")]
    TooExpensive,
}

/// A hash that passwords can be verified against.
pub(crate) struct StoredHash {
    pub(crate) kind: Kind,
    text: String,
    version: Version,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl StoredHash {
    /// Parses a stored hash; `cost` is the configured cost of bcrypt.
    ///
    /// # Errors
    /// `UnusableHash` for an unknown function or format, or a cost above the limit.
    pub(crate) fn read(text: &str, cost: u32) -> Result<Self, UnusableHash> {
        match text.strip_prefix("$argon2id$") {
            Some(rest) => argon2id(text, rest),
            None => bcrypt_of(text, cost),
        }
    }

    /// Whether it is the hash of this password. Takes the same time for a right and a wrong password.
    pub(crate) fn matches(&self, password: &str) -> bool {
        match self.kind {
            Kind::Bcrypt { .. } => {
                let matches = bcrypt::verify(password, &self.text).unwrap_or(false);
                matches && password.len() <= MAX_BCRYPT_BYTES
            }
            Kind::Argon2id { memory, passes, lanes } => {
                let Ok(params) = Params::new(memory, passes, lanes, Some(self.output.len())) else { return false };
                let argon2 = Argon2::new(Algorithm::Argon2id, self.version, params);
                let read = &password.as_bytes()[..password.len().min(ARGON2_BYTES)];
                let mut output = vec![0; self.output.len()];
                // One at a time: all threads together could need more memory than there is.
                let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
                let done = argon2.hash_password_into(read, &self.salt, &mut output).is_ok();
                done && bool::from(output.ct_eq(&self.output)) && password.len() <= ARGON2_BYTES
            }
        }
    }

    /// Whether a new hash would have another function, version or cost; `cost` is the configured cost of bcrypt.
    pub(crate) fn is_outdated(&self, cost: u32) -> bool {
        self.kind != Kind::Bcrypt { cost } || !self.text.starts_with("$2b$")
    }
}

static ALONE: Mutex<()> = Mutex::new(());

fn bcrypt_of(text: &str, cost: u32) -> Result<StoredHash, UnusableHash> {
    let known = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
    let parts = text.parse::<bcrypt::HashParts>().ok().filter(|_| known).ok_or(UnusableHash::Unknown)?;
    match parts.get_cost() {
        found if found > MOST_BCRYPT.max(cost) => Err(UnusableHash::TooExpensive),
        cost @ 4.. => {
            let (version, salt, output) = (Version::default(), Vec::new(), Vec::new());
            Ok(StoredHash { kind: Kind::Bcrypt { cost }, text: text.to_owned(), version, salt, output })
        }
        _ => Err(UnusableHash::Unknown),
    }
}

/// Parses `v=19$m=19456,t=2,p=1$salt$output`, with salt and output in base64 without padding. Other parameters, such as
/// `keyid`, are not supported.
fn argon2id(text: &str, rest: &str) -> Result<StoredHash, UnusableHash> {
    let parts: Vec<&str> = rest.split('$').collect();
    let (version, costs, salt, output) = match parts[..] {
        ["v=19", costs, salt, output] => (Version::V0x13, costs, salt, output),
        ["v=16", costs, salt, output] | [costs, salt, output] => (Version::V0x10, costs, salt, output),
        _ => return Err(UnusableHash::Unknown),
    };
    let costs: Vec<&str> = costs.split(',').collect();
    let &[memory, passes, lanes] = costs.as_slice() else { return Err(UnusableHash::Unknown) };
    let (memory, passes, lanes) = (number(memory, "m=")?, number(passes, "t=")?, number(lanes, "p=")?);
    if memory > MOST_MEMORY || u64::from(memory) * u64::from(passes) > MOST_WORK {
        return Err(UnusableHash::TooExpensive);
    }
    let (salt, output) = (bytes(salt, SALT)?, bytes(output, OUTPUT)?);
    // The remaining constraints of the argon2 crate.
    Params::new(memory, passes, lanes, Some(output.len())).map_err(|_| UnusableHash::Unknown)?;
    Ok(StoredHash { kind: Kind::Argon2id { memory, passes, lanes }, text: text.to_owned(), version, salt, output })
}

fn number(text: &str, name: &str) -> Result<u32, UnusableHash> {
    let digits = text.strip_prefix(name).ok_or(UnusableHash::Unknown)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UnusableHash::Unknown);
    }
    digits.parse().map_err(|_| UnusableHash::TooExpensive)
}

fn bytes(text: &str, length: std::ops::RangeInclusive<usize>) -> Result<Vec<u8>, UnusableHash> {
    let bytes = BASE64_STANDARD_NO_PAD.decode(text).map_err(|_| UnusableHash::Unknown)?;
    if length.contains(&bytes.len()) { Ok(bytes) } else { Err(UnusableHash::Unknown) }
}

/// The prefix of a stored hash that all hashes of its kind have; the whole text if it is not a hash.
pub(crate) fn prefix(text: &str) -> &str {
    let before = if text.starts_with("$argon2id$v=") { 3 } else { 2 };
    match text.match_indices('$').nth(before) {
        Some((end, _)) => &text[..=end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// argon2id of "Correct-Horse-7", cheap: 64 KiB, 3 passes.
    fn made() -> String {
        let params = Params::new(64, 3, 1, Some(32)).expect("parameters");
        let mut output = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(b"Correct-Horse-7", b"sixteen bytes of", &mut output).expect("a hash");
        let encode = |bytes: &[u8]| BASE64_STANDARD_NO_PAD.encode(bytes);
        format!("$argon2id$v=19$m=64,t=3,p=1${}${}", encode(b"sixteen bytes of"), encode(&output))
    }

    #[track_caller]
    fn unusable(text: &str, why: UnusableHash) {
        assert_eq!(StoredHash::read(text, 12).map(|hash| hash.kind), Err(why), "{text}");
    }

    #[test]
    fn the_hash_of_the_argon2_reference_is_recognized() {
        // The test vector of the reference implementation: argon2id, version 19, t=2, m=64 MiB, p=1.
        let reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let stored = StoredHash::read(reference, 12).expect("a hash");
        assert!(stored.matches("password"));
        assert!(!stored.matches("Password"));
    }

    #[test]
    fn a_hash_matches_its_password_alone_and_is_outdated() {
        let stored = StoredHash::read(&made(), 12).expect("a hash");
        assert!(stored.matches("Correct-Horse-7") && !stored.matches("correct-horse-7") && !stored.matches(""));
        assert!(stored.is_outdated(12));
        for version in ["2a", "2b", "2y"] {
            let text = bcrypt::hash("Correct-Horse-7", 4).expect("a hash").replacen("2b", version, 1);
            let stored = StoredHash::read(&text, 12).expect("a hash");
            assert!(stored.matches("Correct-Horse-7") && !stored.matches("x"), "{text}");
            assert_eq!((stored.is_outdated(4), stored.is_outdated(5)), (version != "2b", true));
        }
    }

    #[test]
    fn what_asks_for_too_much_is_not_verified() {
        let made = made();
        for costs in ["m=131073,t=1,p=1", "m=131072,t=5,p=1", "m=64,t=8193,p=1", "m=99999999999,t=1,p=1"] {
            unusable(&made.replace("m=64,t=3,p=1", costs), UnusableHash::TooExpensive);
        }
        let dear = bcrypt::hash("x", 4).expect("a hash").replacen("$04$", "$14$", 1);
        unusable(&dear, UnusableHash::TooExpensive);
        assert!(StoredHash::read(&dear, 14).is_ok(), "the configured cost is");
    }

    #[test]
    fn what_is_no_such_hash_is_not_verified() {
        let made = made();
        for (part, other) in [
            ("argon2id", "argon2i"),
            ("v=19", "v=18"),
            ("m=64,t=3,p=1", "m=64,t=3"),
            ("m=64,t=3,p=1", "m=64,t=0,p=1"),
            ("m=64,t=3,p=1", "m=64,t=3,p=9"),
            ("m=64,t=3,p=1", "m=64,t=3,p=0"),
            ("m=64,t=3,p=1", "m=64,t=3,p=1,keyid=Zm9v"),
            ("m=64,t=3,p=1", "m=+64,t=3,p=1"),
            ("c2l4", "c2l"),
        ] {
            unusable(&made.replacen(part, other, 1), UnusableHash::Unknown);
        }
        for text in ["", "!", "$", "$argon2id$", "$2b$12$", "$2x$04$abc", "5f4dcc3b5aa765d61d8327deb882cf99"] {
            unusable(text, UnusableHash::Unknown);
        }
        unusable(&bcrypt::hash("x", 4).expect("a hash").replacen("2b", "2x", 1), UnusableHash::Unknown);
        unusable(&format!("{made}$x"), UnusableHash::Unknown);
    }

    #[test]
    fn a_decoy_takes_the_work_of_its_kind_and_matches_nothing() {
        for kind in [Kind::Bcrypt { cost: 10 }, Kind::Argon2id { memory: 8192, passes: 8, lanes: 1 }] {
            let started = std::time::Instant::now();
            assert!(!kind.decoy().matches("Correct-Horse-7"));
            assert!(started.elapsed() > std::time::Duration::from_millis(2), "{kind:?} took {:?}", started.elapsed());
        }
    }

    #[test]
    fn hashes_of_one_kind_begin_alike() {
        assert_eq!(prefix(&made()), "$argon2id$v=19$m=64,t=3,p=1$");
        assert_eq!(prefix("$2y$10$abcdefghijklmnopqrstuv"), "$2y$10$");
        assert_eq!(prefix("!"), "!");
    }
}
