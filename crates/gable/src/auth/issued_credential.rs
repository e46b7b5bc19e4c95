//! Credentials that a client keeps to prove its log-in: each surface has its own form, and each credential belongs to a
//! grant.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::error::AuthError;
use super::{Auth, grant};
use crate::access::{GrantState, LoginMethod};
use crate::context::Context;
use crate::error::ApiError;
use crate::model::Id;
use crate::secrets::{Secrets, Use};

/// A new credential, to be sent to the client. It is not stored in plain text anywhere.
pub(crate) enum IssuedCredential {
    Token(String),
    Session(String),
    Pair(Pair),
}

/// An access token and its refresh token.
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Length in bytes of the secret in a session id or a refresh token, which also contain the id of the grant.
const SECRET: usize = 16;
const ID: usize = 16;

/// Opens a log-in and issues its credential, in the open transaction.
pub(super) async fn open(
    ctx: &mut Context<'_>,
    auth: &Auth,
    account: Id,
    password_changed_at: i64,
    via: LoginMethod,
) -> Result<IssuedCredential, AuthError> {
    if via == LoginMethod::TokenPair && !auth.meta.token_pair.multiple_sessions {
        grant::keep_newest(ctx, account, via, 0).await?;
    }
    let secret = secret()?;
    let secret_hash = (via != LoginMethod::Jwt).then(|| hash(&secret));
    let grant = grant::open(ctx, auth.meta, account, via, secret_hash).await?;
    if via == LoginMethod::Session {
        grant::keep_newest(ctx, account, via, auth.meta.session.max_per_account).await?;
    }
    match via {
        LoginMethod::Session => Ok(IssuedCredential::Session(session_id(grant.id, secret))),
        LoginMethod::TokenPair => {
            Ok(IssuedCredential::Pair(pair(ctx, auth, account, grant, password_changed_at, secret)?))
        }
        LoginMethod::Jwt | LoginMethod::Console => {
            Ok(IssuedCredential::Token(token(ctx, auth, account, grant, password_changed_at)?))
        }
    }
}

/// Issues an access token of the jwt surface.
pub(crate) fn token(
    ctx: &Context<'_>,
    auth: &Auth,
    account: Id,
    grant: GrantState,
    password_changed_at: i64,
) -> Result<String, ApiError> {
    auth.tokens.issue(account, grant, password_changed_at, auth.meta.jwt.expires_in_seconds, ctx.now)
}

/// Issues the token pair of a grant's generation. The refresh token is the same for every call with the same
/// generation.
pub(crate) fn pair(
    ctx: &Context<'_>,
    auth: &Auth,
    account: Id,
    grant: GrantState,
    password_changed_at: i64,
    secret: [u8; SECRET],
) -> Result<Pair, ApiError> {
    let access =
        auth.tokens.issue(account, grant, password_changed_at, auth.meta.token_pair.access_seconds, ctx.now)?;
    let refresh = RefreshToken { grant: grant.id, secret, generation: grant.generation };
    Ok(Pair { access, refresh: refresh.write(&ctx.core.secrets) })
}

fn secret() -> Result<[u8; SECRET], ApiError> {
    let mut secret = [0; SECRET];
    getrandom::fill(&mut secret).map_err(ApiError::internal)?;
    Ok(secret)
}

/// The hash of a secret, as it is stored. A secret is 16 random bytes, so a slow hash is not needed.
fn hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Whether a secret belongs to the grant. Compares hashes in constant time.
pub(super) fn matches_secret(grant: &GrantState, secret: &[u8]) -> bool {
    grant.secret_hash.is_some_and(|known| known.ct_eq(&hash(secret)).into())
}

/// Formats a session id: 64 hexadecimal digits, the id of the grant followed by the secret.
fn session_id(grant: Uuid, secret: [u8; SECRET]) -> String {
    format!("{}{}", grant.simple(), Uuid::from_bytes(secret).simple())
}

/// Parses a session id into the id of the grant and the secret; `None` if the text is not a session id.
pub(super) fn read_session_id(text: &str) -> Option<(Uuid, [u8; SECRET])> {
    if text.len() != 2 * (ID + SECRET) || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let (grant, secret) = text.split_at(2 * ID);
    Some((Uuid::try_parse(grant).ok()?, Uuid::try_parse(secret).ok()?.into_bytes()))
}

/// The content of a refresh token. It is signed, so that a used token can be distinguished from a forged one.
pub(super) struct RefreshToken {
    pub(super) grant: Uuid,
    pub(super) secret: [u8; SECRET],
    pub(super) generation: i32,
}

impl RefreshToken {
    const BODY: usize = ID + SECRET + 4;

    fn write(&self, secrets: &Secrets) -> String {
        let mut bytes = self.grant.as_bytes().to_vec();
        bytes.extend_from_slice(&self.secret);
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        let tag = secrets.tag(Use::Refresh, &bytes);
        bytes.extend_from_slice(&tag);
        crate::secrets::encode(&bytes)
    }

    /// Parses a refresh token; `None` if this server has not issued it.
    pub(crate) fn read(secrets: &Secrets, text: &str) -> Option<Self> {
        let bytes = crate::secrets::decode(text).filter(|bytes| bytes.len() > Self::BODY)?;
        let (body, tag) = bytes.split_at(Self::BODY);
        if !secrets.holds(Use::Refresh, body, tag) {
            return None;
        }
        let (grant, rest) = body.split_at(ID);
        let (secret, generation) = rest.split_at(SECRET);
        Some(Self {
            grant: Uuid::from_slice(grant).ok()?,
            secret: secret.try_into().ok()?,
            generation: i32::from_be_bytes(generation.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_is_64_hexadecimal_digits_and_leads_back() {
        let (grant, secret) = (Uuid::now_v7(), [7; SECRET]);
        let id = session_id(grant, secret);
        assert_eq!((id.len(), read_session_id(&id)), (64, Some((grant, secret))));
        for other in ["", &id[1..], &format!("{id}0"), &id.to_uppercase(), &format!("{{{}}}", &id[2..])] {
            assert_eq!(read_session_id(other), None, "{other}");
        }
        assert_eq!(read_session_id(&"é".repeat(32)), None);
    }

    #[test]
    fn a_refresh_token_that_was_changed_anywhere_is_none() {
        let secrets = Secrets::new(b"key");
        let token = RefreshToken { grant: Uuid::now_v7(), secret: [7; SECRET], generation: 3 };
        let text = token.write(&secrets);
        let read = RefreshToken::read(&secrets, &text).expect("its own token");
        assert_eq!((read.grant, read.secret, read.generation), (token.grant, token.secret, 3));
        for position in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("text");
            assert!(RefreshToken::read(&secrets, &forged).is_none(), "{position}");
        }
        assert!(RefreshToken::read(&Secrets::new(b"another"), &text).is_none());
    }
}
