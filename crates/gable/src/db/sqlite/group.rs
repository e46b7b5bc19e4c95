//! The transaction that is open on the connection that writes. Several short writes may share one: each is a savepoint
//! of it, one after the other, and one commit ends all. A write that fails undoes its own savepoint only. If SQLite
//! ends the whole transaction, the writes before have a conflict and may be tried again.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::session::Session;
use crate::db::DbError;
use crate::db::options::Sharing;

/// How many writes one commit ends at most.
const MAX_WRITES: usize = 64;
/// How long after its begin a transaction takes further writes.
const MAX_AGE: Duration = Duration::from_millis(5);

/// Writes that are committed together.
#[derive(Default)]
pub(super) struct Group {
    result: OnceLock<Result<(), DbError>>,
    ended: Notify,
}

impl Group {
    /// Waits until there is a result. No later end is missed once this future was polled or enabled.
    pub(super) fn ended(&self) -> Notified<'_> {
        self.ended.notified()
    }

    /// Sets the result, unless there is one.
    fn end(&self, result: Result<(), DbError>) {
        if self.result.set(result).is_ok() {
            self.ended.notify_waiters();
        }
    }

    /// The result of the commit; `None` before.
    pub(super) fn result(&self) -> Option<Result<(), DbError>> {
        Some(match self.result.get()? {
            Ok(()) => Ok(()),
            Err(error) => Err(error.same()),
        })
    }
}

/// The open transaction of a connection.
#[derive(Default)]
pub(super) struct Current {
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
        self.group.end(Err(DbError::Conflict));
    }
}

/// Begins a write: alone in its transaction, or as one of a group. An open group that takes no more is committed before.
///
/// # Errors
/// `LockTimeout`, if the group must be committed and `may_commit` is false.
pub(super) fn begin(
    session: &mut Session,
    sharing: Sharing,
    may_commit: bool,
    reopen: &dyn Fn() -> Result<Session, DbError>,
) -> Result<(), DbError> {
    if sharing == Sharing::Shared && !session.is_suspect() && takes_more(session) {
        session.command("SAVEPOINT gable_write")?;
        session.current.write = Some(Part::Later);
        return Ok(());
    }
    if !may_commit && open_group(session).is_some() {
        return Err(DbError::LockTimeout);
    }
    commit(session)?;
    session.make_idle(reopen)?;
    session.command("BEGIN IMMEDIATE")?;
    session.current = match sharing {
        Sharing::Alone => Current { group: None, write: Some(Part::Whole) },
        Sharing::Shared => Current { group: Some(OpenGroup::default()), write: Some(Part::First) },
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
    match session.current.write {
        Some(Part::Whole) => session.commit()?,
        Some(Part::First) => {}
        Some(Part::Later) => session.command("RELEASE gable_write")?,
        None => return Err(DbError::other("no write is under way")),
    }
    session.current.write = None;
    Ok(session.current.group.as_mut().map(|open| {
        open.writes += 1;
        open.group.clone()
    }))
}

/// Undoes the write that is under way, if there is one, and nothing else of its group. If that is impossible, the whole
/// group is lost.
pub(super) fn undo_write(session: &mut Session) -> Result<(), DbError> {
    let Some(part) = session.current.write.take() else { return Ok(()) };
    if part == Part::Later && open_group(session).is_some() {
        let undone = session.command("ROLLBACK TO gable_write").and_then(|()| session.command("RELEASE gable_write"));
        return undone.inspect_err(|_| end_group(session, Err(DbError::Conflict)));
    }
    session.current = Current::default();
    session.roll_back()
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
pub(super) fn commit_or_lose(session: &mut Session) {
    if let Err(error) = commit(session) {
        end_group(session, Err(error));
    }
}

fn end_group(session: &mut Session, result: Result<(), DbError>) {
    // Before its writes learn of a failure, so that none of them is committed with the next transaction. If this fails,
    // the connection is opened again before that.
    if result.is_err()
        && let Err(error) = session.roll_back()
    {
        tracing::warn!(%error, "failed to roll back");
    }
    if let Some(open) = session.current.group.take() {
        open.group.end(result);
    }
}

/// The open group. It is lost if SQLite has ended its transaction.
fn open_group(session: &mut Session) -> Option<&OpenGroup> {
    if session.is_idle() {
        session.current.group = None;
    }
    session.current.group.as_ref()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::location::Location;
    use super::super::session::Role;
    use super::*;
    use crate::db::options::Synchronous;

    /// A connection to an empty table of unique numbers. The number 13 ends the whole transaction.
    fn session() -> (TempDir, Session) {
        let directory = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", directory.path().join("data.db").display());
        let location = Arc::new(Location::parse(&url).expect("a URL"));
        location.make_file().expect("a file");
        let mut session = Session::open(&location, Role::Writer, Synchronous::Normal).expect("a connection");
        let trigger =
            "CREATE TRIGGER unlucky BEFORE INSERT ON t WHEN NEW.n = 13 BEGIN SELECT RAISE(ROLLBACK, '13'); END";
        session.script(&format!("CREATE TABLE t (n integer UNIQUE); {trigger}")).expect("a table");
        (directory, session)
    }

    fn begin_as(session: &mut Session, sharing: Sharing) {
        begin(session, sharing, true, &|| Err(DbError::other("not opened again"))).expect("a write begins");
    }

    fn insert(session: &mut Session, number: i32) -> Result<(), DbError> {
        session.execute(&format!("INSERT INTO t VALUES ({number})"), &[]).map(drop)
    }

    /// A write of one row that has ended.
    fn write(session: &mut Session, number: i32) -> Arc<Group> {
        begin_as(session, Sharing::Shared);
        insert(session, number).expect("a new number");
        end_write(session).expect("the end").expect("a group")
    }

    fn numbers(session: &mut Session) -> Vec<i64> {
        let rows = session.all("SELECT n FROM t ORDER BY n", &[]).expect("rows");
        let number = |row: &super::super::SqliteRow| super::super::decode::integer(row.cell(0).expect("a cell"));
        rows.iter().map(|row| number(row).expect("a number")).collect()
    }

    fn is_lost(group: &Group) -> bool {
        matches!(group.result(), Some(Err(DbError::Conflict)))
    }

    #[test]
    fn writes_are_committed_together_and_learn_it() {
        let (_directory, mut session) = session();
        let groups = [write(&mut session, 1), write(&mut session, 2)];
        assert!(Arc::ptr_eq(&groups[0], &groups[1]) && groups[0].result().is_none() && !session.is_idle());
        commit(&mut session).expect("a commit");
        assert!(session.is_idle() && matches!(groups[1].result(), Some(Ok(()))));
        assert_eq!(numbers(&mut session), [1, 2]);
    }

    #[test]
    fn a_write_that_fails_is_undone_alone() {
        let (_directory, mut session) = session();
        let first = write(&mut session, 1);
        begin_as(&mut session, Sharing::Shared);
        insert(&mut session, 2).expect("a new number");
        assert!(matches!(insert(&mut session, 1), Err(DbError::Unique(_))));
        undo_write(&mut session).expect("undone");
        write(&mut session, 3);
        commit(&mut session).expect("a commit");
        assert!(matches!(first.result(), Some(Ok(()))));
        assert_eq!(numbers(&mut session), [1, 3]);
    }

    #[test]
    fn a_first_write_that_fails_ends_its_transaction() {
        let (_directory, mut session) = session();
        begin_as(&mut session, Sharing::Shared);
        insert(&mut session, 1).expect("a new number");
        undo_write(&mut session).expect("undone");
        assert!(session.is_idle());
        write(&mut session, 2);
        commit(&mut session).expect("a commit");
        assert_eq!(numbers(&mut session), [2]);
    }

    #[test]
    fn all_are_lost_if_the_transaction_ends_by_itself() {
        let (_directory, mut session) = session();
        let first = write(&mut session, 1);
        begin_as(&mut session, Sharing::Shared);
        insert(&mut session, 13).expect_err("it ends the transaction");
        assert!(session.is_idle());
        undo_write(&mut session).expect("nothing is left to undo");
        assert!(is_lost(&first));
        write(&mut session, 2);
        commit(&mut session).expect("a commit");
        assert_eq!(numbers(&mut session), [2]);
    }

    #[test]
    fn all_are_lost_if_a_write_cannot_be_undone_alone() {
        let (_directory, mut session) = session();
        let first = write(&mut session, 1);
        begin_as(&mut session, Sharing::Shared);
        insert(&mut session, 2).expect("a new number");
        session.script("RELEASE gable_write").expect("the savepoint is gone");
        undo_write(&mut session).expect_err("there is no savepoint");
        assert!(is_lost(&first) && session.is_idle());
        assert!(numbers(&mut session).is_empty());
    }

    #[test]
    fn a_write_that_is_alone_is_committed_after_the_group() {
        let (_directory, mut session) = session();
        let group = write(&mut session, 1);
        begin_as(&mut session, Sharing::Alone);
        assert!(matches!(group.result(), Some(Ok(()))));
        insert(&mut session, 2).expect("a new number");
        undo_write(&mut session).expect("undone");
        assert_eq!(numbers(&mut session), [1]);
    }

    #[test]
    fn a_full_group_is_committed_before_the_next_write() {
        let (_directory, mut session) = session();
        let first = write(&mut session, 0);
        session.current.group.as_mut().expect("a group").writes = MAX_WRITES;
        let not_here = begin(&mut session, Sharing::Shared, false, &|| Err(DbError::other("not opened again")));
        assert!(matches!(not_here, Err(DbError::LockTimeout)) && first.result().is_none());
        let next = write(&mut session, 1);
        assert!(matches!(first.result(), Some(Ok(()))) && next.result().is_none());
    }

    #[test]
    fn what_is_dropped_without_a_commit_is_lost() {
        let (_directory, mut session) = session();
        let group = write(&mut session, 1);
        drop(session);
        assert!(is_lost(&group));
    }
}
