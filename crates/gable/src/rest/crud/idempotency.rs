//! `Idempotency-Key`: a client that does not know whether its request succeeded repeats it and receives the first
//! answer; nothing is written twice. Follows draft-ietf-httpapi-idempotency-key-header.
//!
//! The key is claimed by a row that is written in the transaction of the write itself, and the answer is stored in that
//! row before the commit. So there is never a key without its answer or an answer without its write, even after a
//! crash. A second request with the same key waits for the first: in one process by `KeyedMutex`, between processes by
//! PostgreSQL's lock of the unique key or by SQLite's single writer.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;
use futures_core::Stream;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::answer::Answer;
use crate::access::{Identity, Scope};
use crate::context::{Context, Core};
use crate::crud::transact::transact;
use crate::db::{DbError, FixedSql, Row, Sharing, values};
use crate::error::ApiError;
use crate::http::set_header;
use crate::meta::{ModelMeta, canonical};
use crate::secrets::Use;

/// How long an answer is kept.
pub(crate) const REPEATABLE_FOR: TimeDelta = TimeDelta::hours(24);
const HEADER: &str = "Idempotency-Key";
const MAX_KEY_LENGTH: usize = 255;
/// How long a repeated request waits for the first one, if that is still being processed.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is kept, in bytes: `BASE_BYTES`, plus `BYTES_PER_BODY_BYTE` for each byte of the request
/// body, plus for each written row the length of its fields' names and `BYTES_PER_FIELD` for each field. Usual rows
/// fit; a small request with many includes must not fill the disk.
const BASE_BYTES: usize = 16 * 1024;
const BYTES_PER_BODY_BYTE: usize = 4;
const BYTES_PER_FIELD: usize = 64;

/// Makes a write and answers with it, or repeats the answer to the first request with the same key. Everything runs in
/// one transaction, including the reads for the answer.
///
/// # Errors
/// Those of the write, of `Repeatable::claim` and of `Repeatable::keep`. The caller rolls back.
pub(super) async fn once<I: Clone>(
    ctx: &mut Context<'_>,
    sharing: Sharing,
    repeatable: Option<Repeatable>,
    input: I,
    write: impl AsyncFn(&mut Context<'_>, I) -> Result<Answer, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let Some(repeatable) = repeatable else {
        return Ok(transact(ctx, sharing, input, write).await?.into_response());
    };
    let core = ctx.core;
    // Passwords are hashed here rather than in `begin`, so that the lock is not held meanwhile.
    ctx.hash_waiting().await?;
    let _guard = core.repeated.lock(&repeatable.id, FIRST_REQUEST_TIMEOUT).await.ok_or_else(in_progress)?;
    let outcome = transact(ctx, sharing, input, async |ctx, input| {
        if let Some(kept) = repeatable.claim(ctx).await? {
            return Ok(Outcome::Kept(kept));
        }
        let answer = write(ctx, input).await?;
        repeatable.keep(ctx, &answer).await?;
        Ok(Outcome::Made(answer))
    });
    Ok(match outcome.await? {
        Outcome::Kept(answer) => replayed(answer),
        Outcome::Made(answer) => answer.into_response(),
    })
}

/// Whether the answer is that of the first request with the same key.
enum Outcome {
    Kept(Answer),
    Made(Answer),
}

fn replayed(kept: Answer) -> HttpResponse {
    let mut response = kept.into_response();
    set_header(&mut response, "Idempotent-Replayed", "true");
    response
}

/// The key that a client gave its request.
pub(super) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// # Errors
    /// 400 `InvalidIdempotencyKey` for more than one header, or an invalid key.
    pub(super) fn of(request: &HttpRequest) -> Result<Option<Self>, ApiError> {
        let mut lines = request.headers().get_all(HEADER);
        match (lines.next(), lines.next()) {
            (None, _) => Ok(None),
            (Some(line), None) => Self::read(line).map(Some).ok_or_else(invalid),
            (Some(_), Some(_)) => Err(invalid()),
        }
    }

    /// Parses a header line. A string of RFC 8941, `"abc"`, is the same key as the bare `abc`.
    fn read(line: &HeaderValue) -> Option<Self> {
        let text = line.to_str().ok()?;
        let key = match text.strip_prefix('"') {
            Some(quoted) => unquoted(quoted.strip_suffix('"')?)?,
            None => text.to_owned(),
        };
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && (1..=MAX_KEY_LENGTH).contains(&key.len())).then_some(Self(key))
    }
}

/// Removes the escapes from a quoted key; `None` if it contains an unescaped quote or an invalid escape.
fn unquoted(text: &str) -> Option<String> {
    let (mut key, mut characters) = (String::new(), text.chars());
    while let Some(character) = characters.next() {
        key.push(match character {
            '"' => return None,
            '\\' => characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?,
            character => character,
        });
    }
    Some(key)
}

fn invalid() -> ApiError {
    let message = format!("{HEADER} must be one key of 1 to {MAX_KEY_LENGTH} visible ASCII characters");
    ApiError::bad_request("InvalidIdempotencyKey", message)
}

/// A request body that is hashed while it is read, if the request has a key.
pub(super) struct KeyedBody<'p> {
    payload: &'p mut web::Payload,
    key: Option<IdempotencyKey>,
    digest: Sha256,
    size: usize,
}

impl<'p> KeyedBody<'p> {
    /// # Errors
    /// As for `IdempotencyKey::of`.
    pub(super) fn new(request: &HttpRequest, payload: &'p mut web::Payload) -> Result<Self, ApiError> {
        Ok(Self { payload, key: IdempotencyKey::of(request)?, digest: Sha256::new(), size: 0 })
    }

    /// Identifies the request by its key and its body, once the body was read; `None` without a key.
    pub(super) fn repeatable(
        self,
        ctx: &Context<'_>,
        scope: &Scope,
        request: &HttpRequest,
        written: Written,
    ) -> Result<Option<Repeatable>, ApiError> {
        let Self { key, digest, size, .. } = self;
        let body = Body { digest: &digest.finalize(), size };
        key.map(|key| Repeatable::new(ctx, scope, request, &key, body, written)).transpose()
    }
}

impl Stream for KeyedBody<'_> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut *self.payload).poll_next(context);
        if let (Some(_), Poll::Ready(Some(Ok(chunk)))) = (&self.key, &polled) {
            self.digest.update(chunk);
            self.size += chunk.len();
        }
        polled
    }
}

/// A request with a key: its identity, and a fingerprint that a repetition must match.
pub(super) struct Repeatable {
    /// Hash of the caller and the key: two callers who use the same key do not collide.
    id: Vec<u8>,
    fingerprint: Vec<u8>,
    /// The largest answer that is kept, in bytes.
    largest: usize,
}

/// The body of a request; empty for a request without one.
#[derive(Clone, Copy, Default)]
pub(super) struct Body<'b> {
    /// SHA-256 of the body.
    digest: &'b [u8],
    /// Length in bytes.
    size: usize,
}

/// The model and number of the rows that a request writes.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) meta: &'static ModelMeta,
    pub(super) rows: usize,
}

static CLAIM: FixedSql<4> = FixedSql::new(
    r#"INSERT INTO "gable_idempotency" AS k ("id", "fingerprint", "created_at") VALUES (?, ?, ?)
       ON CONFLICT ("id") DO UPDATE SET "fingerprint" = excluded."fingerprint", "created_at" = excluded."created_at"
       WHERE k."created_at" <= ?"#,
);
static LOAD_ANSWER: FixedSql<1> = FixedSql::new(
    r#"SELECT "fingerprint", "status", "location", "etag", "body" FROM "gable_idempotency" WHERE "id" = ?"#,
);
static STORE_ANSWER: FixedSql<5> = FixedSql::new(
    r#"UPDATE "gable_idempotency" SET "status" = ?, "location" = ?, "etag" = ?, "body" = ? WHERE "id" = ?"#,
);

impl Repeatable {
    /// Identifies a request by its key, and computes its fingerprint.
    ///
    /// # Errors
    /// 500 if the caller's rights have no canonical form.
    pub(super) fn new(
        ctx: &Context<'_>,
        scope: &Scope,
        request: &HttpRequest,
        key: &IdempotencyKey,
        body: Body<'_>,
        written: Written,
    ) -> Result<Self, ApiError> {
        let owner = match ctx.principal.account() {
            Some(account) => format!("account {account}"),
            None => format!("address {}", ctx.client_address().unwrap_or_default()),
        };
        // An answer shows what its caller could see at the time. It must not be repeated for a caller whose rights have
        // changed since, nor under another schema.
        let rights = canonical::bytes(&(ctx.principal.identity().map(Identity::rights), scope));
        let rights = rights.map_err(ApiError::internal)?;
        let (method, path, query) = (request.method().as_str(), request.path(), request.query_string());
        let (body, size) = (body.digest, body.size);
        let schema = ctx.core.schema.as_slice();
        let parts = [method.as_bytes(), path.as_bytes(), query.as_bytes(), body, &rights, schema];
        Ok(Self {
            id: Sha256::digest(joined(&[owner.as_bytes(), key.0.as_bytes()])).to_vec(),
            fingerprint: fingerprint(ctx.core, &joined(&parts)),
            largest: BASE_BYTES + size * BYTES_PER_BODY_BYTE + written.rows * row_size(written.meta),
        })
    }

    /// Claims the key for this request. If an earlier request holds it, returns the answer to that request.
    ///
    /// # Errors
    /// 409 `IdempotencyKeyReused` if the earlier request was a different one, `IdempotencyKeyInUse` if it is still
    /// running; and those of `revalidate_principal`, as the claim may have waited.
    async fn claim(&self, ctx: &mut Context<'_>) -> Result<Option<Answer>, ApiError> {
        let claimed = self.insert(ctx).await.map_err(in_use)?;
        ctx.revalidate_principal().await?;
        if claimed { Ok(None) } else { self.kept(ctx).await.map(Some) }
    }

    /// Claims the key; `false` if another request holds it. An expired key is claimed like a free one.
    async fn insert(&self, ctx: &Context<'_>) -> Result<bool, DbError> {
        let (id, fingerprint) = (self.id.clone(), self.fingerprint.clone());
        let insert = CLAIM.with(values![id, fingerprint, ctx.now, ctx.now - REPEATABLE_FOR]);
        Ok(ctx.source().execute(insert).await? > 0)
    }

    /// The stored answer of the request that holds the key, if its fingerprint matches this request.
    async fn kept(&self, ctx: &Context<'_>) -> Result<Answer, ApiError> {
        let kept = ctx.source().one(LOAD_ANSWER.with(values![self.id.clone()])).await?;
        let kept = kept.ok_or_else(|| ApiError::internal("the row of a claimed key does not exist"))?;
        let mut row = Row::new(&kept);
        if !bool::from(row.next::<Vec<u8>>()?.ct_eq(&self.fingerprint)) {
            return Err(reused());
        }
        let status: i32 = row.next()?;
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.ok_or_else(|| ApiError::internal("an answer was kept without its status"))?;
        let answer = Answer { status, location: row.next()?, etag: row.next()?, body: row.next()? };
        ctx.answer.hold(answer.body.len())?;
        Ok(answer)
    }

    /// Stores the answer with its key.
    ///
    /// # Errors
    /// 400 `AnswerTooLarge` for an answer that is larger than is kept. The client can ask for fewer fields; without a
    /// stored answer, its key would have no effect.
    async fn keep(&self, ctx: &Context<'_>, answer: &Answer) -> Result<(), ApiError> {
        if answer.body.len() > self.largest {
            return Err(too_large());
        }
        let update = STORE_ANSWER.with(values![
            i32::from(answer.status.as_u16()),
            answer.location.clone(),
            answer.etag.clone(),
            answer.body.clone(),
            self.id.clone(),
        ]);
        ctx.source().execute(update).await?;
        Ok(())
    }
}

/// Concatenates the parts, each preceded by its length, so that different lists of parts never yield the same bytes.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let lengths = parts.iter().map(|part| (part.len() as u64).to_be_bytes());
    lengths.zip(parts).flat_map(|(length, part)| [&length[..], part].concat()).collect()
}

/// Keyed with a secret of the server if there are accounts: a body may then hold a password, and a reader of the table
/// must not be able to test guesses.
fn fingerprint(core: &Core, request: &[u8]) -> Vec<u8> {
    match &core.access {
        Some(_) => core.secrets.tag(Use::Repetition, request).to_vec(),
        None => Sha256::digest(request).to_vec(),
    }
}

fn in_use(error: DbError) -> ApiError {
    match error {
        DbError::LockTimeout | DbError::Conflict => in_progress(),
        other => other.into(),
    }
}

fn in_progress() -> ApiError {
    let message = format!("A request with this {HEADER} is still being worked on. Please try again shortly.");
    ApiError::conflict("IdempotencyKeyInUse", message).with_header("Retry-After", "1".to_owned())
}

/// Expected size of a row as JSON in bytes, without long texts.
fn row_size(meta: &ModelMeta) -> usize {
    meta.fields.iter().map(|field| field.name.len() + BYTES_PER_FIELD).sum()
}

fn reused() -> ApiError {
    let message = format!("This {HEADER} belongs to another request, or to one that was made with other rights");
    ApiError::conflict("IdempotencyKeyReused", message)
}

fn too_large() -> ApiError {
    let message = format!("The answer is too large to be kept for its {HEADER}: ask for fewer 'fields'");
    ApiError::bad_request("AnswerTooLarge", message)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn key(lines: &[&str]) -> Result<Option<String>, u16> {
        let request = lines.iter().fold(TestRequest::post(), |request, line| request.append_header((HEADER, *line)));
        let key = IdempotencyKey::of(&request.to_http_request());
        key.map(|key| key.map(|IdempotencyKey(key)| key)).map_err(|error| error.status())
    }

    #[test]
    fn a_key_is_the_same_with_quotes_and_without() {
        for line in ["abc", "\"abc\""] {
            assert_eq!(key(&[line]), Ok(Some("abc".to_owned())), "{line}");
        }
        assert_eq!(key(&[r#""a\"b\\c""#]), key(&[r#"a"b\c"#]));
        assert_eq!(key(&[]), Ok(None));
    }

    #[test]
    fn a_key_has_1_to_255_visible_characters() {
        let longest = "x".repeat(MAX_KEY_LENGTH);
        assert_eq!(key(&[&longest]), Ok(Some(longest.clone())));
        assert_eq!(key(&[&format!("\"{longest}\"")]), Ok(Some(longest.clone())));
        let refused =
            ["", "\"\"", "\"", "\"abc", "\"a\"b\"", r#""a\b""#, r#""a\""#, "a b", "\"a b\"", "\"a\";b=1", "\u{e9}"];
        for line in refused.iter().copied().chain([format!("{longest}x").as_str()]) {
            assert_eq!(key(&[line]), Err(400), "{line}");
        }
        assert_eq!(key(&["abc", "abc"]), Err(400), "two of them");
    }

    #[test]
    fn parts_with_other_boundaries_differ() {
        assert_ne!(joined(&[b"ab", b"c"]), joined(&[b"a", b"bc"]));
        assert_ne!(joined(&[b"", b"ab"]), joined(&[b"ab", b""]));
    }
}
