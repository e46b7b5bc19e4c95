//! Secrets that are computed from stored data and the server's key by HMAC, so that they need not be stored themselves:
//! one-time links and codes, and the signatures of refresh tokens and cursors.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use twox_hash::XxHash3_128;
use uuid::Uuid;

/// Length of a tag in bytes: too long to guess, and short enough for a link.
const TAG: usize = 24;
const ID: usize = 16;
/// Number of possible codes. It is small enough for guessing, so the number of guesses is limited where codes are
/// checked.
const CODES: u32 = 1_000_000;

/// Computes and verifies secrets. The database alone, without the key, reveals none of them.
pub(crate) struct Secrets {
    key: Vec<u8>,
    /// The seed of `fingerprint`.
    seed: u64,
}

/// The use of a secret. A secret for one use is not valid for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Link,
    Code,
    Refresh,
    /// The stored form of a text that was typed as an identifier, for counting attempts.
    UnknownIdentifier,
    /// The cursor at the end of a page of a list.
    Cursor,
    /// The fingerprint of a request that may be repeated with an idempotency key.
    Repetition,
    /// The seed of the hashes in the `ETag`s of lists.
    Answers,
}

impl Use {
    fn label(self) -> &'static [u8] {
        match self {
            Use::Link => b"gable one-time link",
            Use::Code => b"gable one-time code",
            Use::Refresh => b"gable refresh token",
            Use::UnknownIdentifier => b"gable stranger",
            Use::Cursor => b"gable cursor",
            Use::Repetition => b"gable repeated request",
            Use::Answers => b"gable answers",
        }
    }
}

impl Secrets {
    /// Generates a key. Secrets then end with the process, except the seed, which is the same on every node.
    pub(crate) fn generated() -> Result<Self, getrandom::Error> {
        let mut key = vec![0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key, seed: 0 })
    }

    pub(crate) fn new(key: &[u8]) -> Self {
        let mut secrets = Self { key: key.to_vec(), seed: 0 };
        let mut seed = [0; 8];
        seed.copy_from_slice(&secrets.tag(Use::Answers, b"")[..8]);
        secrets.seed = u64::from_le_bytes(seed);
        secrets
    }

    /// A hash that tells an answer from others. It is fast rather than cryptographic; the seed, which is secret, makes
    /// it hard to construct two answers with the same hash.
    pub(crate) fn fingerprint(&self, answer: &[u8]) -> u128 {
        XxHash3_128::oneshot_with_seed(self.seed, answer)
    }

    /// The one-time token of a row: 54 characters of URL-safe base64.
    pub(crate) fn token(&self, row: Uuid) -> String {
        let mut bytes = row.as_bytes().to_vec();
        bytes.extend_from_slice(&self.tag(Use::Link, row.as_bytes()));
        encode(&bytes)
    }

    /// The id of the row of a one-time token; `None` if this server has not made the token.
    pub(crate) fn row_of(&self, token: &str) -> Option<Uuid> {
        let bytes = decode(token).filter(|bytes| bytes.len() == ID + TAG)?;
        let (row, tag) = bytes.split_at(ID);
        self.holds(Use::Link, row, tag).then(|| Uuid::from_slice(row).ok()).flatten()
    }

    /// The one-time code of a row: six digits.
    pub(crate) fn code(&self, row: Uuid) -> String {
        let tag = self.tag(Use::Code, row.as_bytes());
        let number = tag.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:06}", number % u64::from(CODES))
    }

    /// Whether the text is the code of a row. Compares in constant time.
    pub(crate) fn is_code(&self, row: Uuid, typed: &str) -> bool {
        self.code(row).as_bytes().ct_eq(typed.as_bytes()).into()
    }

    /// Encodes `body` with a tag that binds it to `about`. The text contains the body unencrypted, but not `about`.
    pub(crate) fn sign(&self, purpose: Use, about: &[u8], body: &[u8]) -> String {
        let mut bytes = self.tag(purpose, &joined(about, body)).to_vec();
        bytes.extend_from_slice(body);
        encode(&bytes)
    }

    /// The body of a text that `sign` has made for the same purpose and `about`; `None` for any other text.
    pub(crate) fn signed(&self, purpose: Use, about: &[u8], text: &str) -> Option<Vec<u8>> {
        let bytes = decode(text).filter(|bytes| bytes.len() >= TAG)?;
        let (tag, body) = bytes.split_at(TAG);
        self.holds(purpose, &joined(about, body), tag).then(|| body.to_vec())
    }

    pub(crate) fn tag(&self, purpose: Use, message: &[u8]) -> [u8; TAG] {
        let whole = self.mac(purpose, message).finalize().into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&whole[..TAG]);
        tag
    }

    /// Whether the tag belongs to the message. Compares in constant time.
    pub(crate) fn holds(&self, purpose: Use, message: &[u8], tag: &[u8]) -> bool {
        tag.len() == TAG && self.mac(purpose, message).verify_truncated_left(tag).is_ok()
    }

    fn mac(&self, purpose: Use, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(purpose.label());
        mac.update(&[0]);
        mac.update(message);
        mac
    }
}

/// Concatenates both parts. The length prefix ensures that different pairs never have the same concatenation.
fn joined(about: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = (about.len() as u64).to_be_bytes().to_vec();
    bytes.extend_from_slice(about);
    bytes.extend_from_slice(body);
    bytes
}

/// Encodes bytes as URL-safe base64 without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::new(b"a key that nobody knows")
    }

    #[test]
    fn a_token_leads_back_to_its_row() {
        let row = Uuid::now_v7();
        let token = secrets().token(row);
        assert_eq!((secrets().row_of(&token), token.len()), (Some(row), 54));
        assert_eq!(secrets().token(row), token);
    }

    #[test]
    fn a_token_that_was_changed_anywhere_leads_nowhere() {
        let token = secrets().token(Uuid::now_v7());
        for position in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("text");
            assert_eq!(secrets().row_of(&forged), None, "{position}");
        }
        for other in ["", "A", "not base64!", &token[1..], &format!("{token}A"), &format!("{token}=")] {
            assert_eq!(secrets().row_of(other), None, "{other}");
        }
    }

    #[test]
    fn another_key_makes_other_secrets() {
        let (row, other) = (Uuid::now_v7(), Secrets::new(b"another key"));
        assert_eq!(other.row_of(&secrets().token(row)), None);
        assert_ne!(other.tag(Use::Refresh, b"x"), secrets().tag(Use::Refresh, b"x"));
    }

    #[test]
    fn a_secret_serves_for_one_purpose() {
        let tag = secrets().tag(Use::Link, b"x");
        assert!(secrets().holds(Use::Link, b"x", &tag));
        assert!(!secrets().holds(Use::Refresh, b"x", &tag));
        assert!(!secrets().holds(Use::Link, b"x", &tag[1..]));
    }

    #[test]
    fn a_code_is_six_digits() {
        for _ in 0..100 {
            let code = secrets().code(Uuid::now_v7());
            assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        }
    }
}
