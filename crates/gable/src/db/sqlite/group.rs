//! The transaction that is open on the connection that writes. Several short writes may share one: each is a savepoint
//! of it, one after the other, and one commit ends all. A write that fails undoes its own savepoint only. If SQLite
//! ends the whole transaction, the writes before have a conflict and may be tried again.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::session::Session;
use crate::db::DbError;
use crate::db::options::Sharing;

/// How many writes one commit ends at most.
const MAX_WRITES: usize = 64;
/// How long after its begin a transaction takes further writes.
const MAX_AGE: Duration = Duration::from_millis(5);

/// Writes that are committed together.
#[derive(Default)]
pub(super) struct Group(OnceLock<Result<(), DbError>>);

impl Group {
    /// The result of the commit; `None` before.
    pub(super) fn result(&self) -> Option<Result<(), DbError>> {
        let result = self.0.get()?;
        Some(match result {
            Ok(()) => Ok(()),
            Err(error) => Err(error.same()),
        })
    }
}

/// The open transaction of a connection.
#[derive(Default)]
pub(super) struct Open {
    group: Option<OpenGroup>,
    /// The write that is under way.
    write: Option<Part>,
}

/// The part of its transaction that a write is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// The first write of a group.
    First,
    /// A savepoint.
    Later,
}

/// A group whose transaction is open. Dropped without a commit, its writes are lost.
struct OpenGroup {
    group: Arc<Group>,
    began: Instant,
    /// How many writes have ended.
    writes: usize,
}

impl Default for OpenGroup {
    fn default() -> Self {
        Self { group: Arc::default(), began: Instant::now(), writes: 0 }
    }
}

impl Drop for OpenGroup {
    fn drop(&mut self) {
        // Ignored if there is a result.
        let _ = self.group.0.set(Err(DbError::Conflict));
    }
}

/// Begins a write: alone in its transaction, or as one of a group.
pub(super) fn begin(
    session: &mut Session,
    sharing: Sharing,
    reopen: &dyn Fn() -> Result<Session, DbError>,
) -> Result<(), DbError> {
    if sharing == Sharing::Shared && !session.is_suspect() && takes_more(session) {
        session.command("SAVEPOINT gable_write")?;
        session.open.write = Some(Part::Later);
        return Ok(());
    }
    commit(session)?;
    session.make_idle(reopen)?;
    session.command("BEGIN IMMEDIATE")?;
    session.open = match sharing {
        Sharing::Alone => Open { group: None, write: Some(Part::Whole) },
        Sharing::Shared => Open { group: Some(OpenGroup::default()), write: Some(Part::First) },
    };
    Ok(())
}

fn takes_more(session: &mut Session) -> bool {
    let open = open_group(session);
    open.is_some_and(|open| open.writes < MAX_WRITES && open.began.elapsed() < MAX_AGE)
}

/// Ends the write that is under way. One that is alone is committed; otherwise its group is returned, which must be
/// committed.
pub(super) fn end_write(session: &mut Session) -> Result<Option<Arc<Group>>, DbError> {
    match session.open.write {
        Some(Part::Later) => session.command("RELEASE gable_write")?,
        Some(Part::First) => {}
        Some(Part::Whole) | None => session.commit()?,
    }
    session.open.write = None;
    Ok(session.open.group.as_mut().map(|open| {
        open.writes += 1;
        open.group.clone()
    }))
}

/// Undoes the write that is under way, if there is one, and nothing else of its group.
pub(super) fn undo_write(session: &mut Session) -> Result<(), DbError> {
    match session.open.write.take() {
        None => Ok(()),
        Some(Part::Later) if open_group(session).is_some() => {
            session.command("ROLLBACK TO gable_write")?;
            session.command("RELEASE gable_write")
        }
        Some(_) => {
            session.open = Open::default();
            session.roll_back()
        }
    }
}

/// Commits the open group, if there is one. Its writes learn the result.
///
/// # Errors
/// `LockTimeout`: the group is still open.
pub(super) fn commit(session: &mut Session) -> Result<(), DbError> {
    if open_group(session).is_none() {
        return Ok(());
    }
    match session.commit() {
        Err(DbError::LockTimeout) => Err(DbError::LockTimeout),
        committed => {
            end_group(session, committed);
            Ok(())
        }
    }
}

/// Commits the open group. If that is impossible, its writes are lost.
pub(super) fn commit_now(session: &mut Session) -> Result<(), DbError> {
    if let Err(error) = commit(session) {
        end_group(session, Err(error));
    }
    Ok(())
}

fn end_group(session: &mut Session, result: Result<(), DbError>) {
    // Before its writes learn of a failure, so that none of them is committed with the next transaction. If this fails,
    // the connection is opened again before that.
    if result.is_err()
        && let Err(error) = session.roll_back()
    {
        tracing::warn!(%error, "failed to roll back");
    }
    if let Some(open) = session.open.group.take() {
        let _ = open.group.0.set(result);
    }
}

/// The open group. It is lost if SQLite has ended its transaction.
fn open_group(session: &mut Session) -> Option<&OpenGroup> {
    if session.is_idle() {
        session.open.group = None;
    }
    session.open.group.as_ref()
}
