//! Property tests: no text that a client may send as a credential makes the server panic or is accepted as one that it
//! has issued.

use chrono::Utc;
use proptest::prelude::*;
use uuid::Uuid;

use super::authenticate::bearer;
use super::issued_credential::{RefreshToken, read_session_id};
use super::tokens::Tokens;
use crate::secrets::{Secrets, encode};

/// Arbitrary text, text in the alphabets of credentials, and encoded arbitrary bytes.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[A-Za-z0-9_-]{0,120}",
        "[0-9a-f]{60,68}",
        "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,80}){1,3}",
        prop::collection::vec(any::<u8>(), 0..100).prop_map(|bytes| encode(&bytes)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_a_credential(text in texts(), key in any::<[u8; 32]>()) {
        let secrets = Secrets::new(&key);
        prop_assert!(RefreshToken::read(&secrets, &text).is_none());
        prop_assert!(secrets.row_of(&text).is_none());
        prop_assert!(Tokens::new(&key, "Gazette").verify(&text, Utc::now()).is_err());
        if let Some((grant, _)) = read_session_id(&text) {
            prop_assert!(text.starts_with(&grant.simple().to_string()));
        }
        if let Some(token) = bearer(&text) {
            prop_assert!(text.ends_with(token) || text.trim_end().ends_with(token));
        }
    }

    #[test]
    fn a_link_that_was_cut_lengthened_or_mixed_leads_nowhere(row in any::<u128>(), at in 0_usize..54, more in texts()) {
        let secrets = Secrets::new(b"a key that nobody knows");
        let token = secrets.token(Uuid::from_u128(row));
        prop_assert_eq!(secrets.row_of(&token), Some(Uuid::from_u128(row)));
        for forged in [token[..at].to_owned(), format!("{}{more}", &token[..at]), format!("{more}{}", &token[at..])] {
            prop_assert!(forged == token || secrets.row_of(&forged).is_none(), "{}", forged);
        }
    }

    #[test]
    fn only_its_own_six_digits_are_a_code(row in any::<u128>(), typed in prop_oneof![any::<String>(), "[0-9]{4,8}"]) {
        let (secrets, row) = (Secrets::new(b"a key that nobody knows"), Uuid::from_u128(row));
        prop_assert_eq!(secrets.is_code(row, &typed), secrets.code(row) == typed);
    }
}
