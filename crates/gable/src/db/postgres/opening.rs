//! Sends the first statements of a transaction.

use tokio_postgres::{Error, Row};

use super::error::is_stale_plan;
use super::session::{Outcome, Session, Wanted, send as send_statement};
use crate::db::Statement;
use crate::db::options::PreparedStatements;

/// The answers; after an error, the later statements were not run.
pub(super) struct Answers {
    pub(super) begun: Result<(), Error>,
    /// No rows without a check.
    pub(super) checked: Result<Vec<Row>, Error>,
    pub(super) answered: Option<Result<Outcome, Error>>,
}

impl Answers {
    pub(super) fn is_stale(&self) -> bool {
        let errors = [self.checked.as_ref().err(), self.answered.as_ref().and_then(|answer| answer.as_ref().err())];
        errors.into_iter().flatten().any(is_stale_plan)
    }
}

/// Begins a transaction, and runs a check and a first statement in it. `BEGIN` and the check are one round trip if the
/// check is prepared. So is the first statement if it is prepared, too, and is a read or has the condition that its
/// transaction has begun. Any other write waits for the answer to `BEGIN`: if `BEGIN` is refused, the write must not be
/// committed by itself.
pub(super) async fn send(
    session: &Session,
    prepared: PreparedStatements,
    begin: &str,
    check: Option<&Statement>,
    first: Option<(&Statement, Wanted)>,
) -> Answers {
    let begun = session.client.batch_execute(begin);
    let checked = async {
        let Some(check) = check else { return Ok(Vec::new()) };
        check.trace();
        match send_statement(session, prepared, check, Wanted::Rows).await? {
            Outcome::Rows(rows) => Ok(rows),
            Outcome::Count(_) | Outcome::TooLarge => Ok(Vec::new()),
        }
    };
    let answered = async {
        let (statement, wanted) = first?;
        statement.trace();
        Some(send_statement(session, prepared, statement, wanted).await)
    };
    // Each future sends its messages when it is polled first, and the server answers in their order.
    let at_once = |statement: &Statement| prepared == PreparedStatements::Off || session.is_prepared(statement);
    let check_at_once = check.is_none_or(at_once);
    let can_precede = |statement: &Statement| statement.needs_transaction() || is_select(&statement.sql);
    if check_at_once && first.is_some_and(|(statement, _)| can_precede(statement) && at_once(statement)) {
        let (begun, checked, answered) = tokio::join!(biased; begun, checked, answered);
        return Answers { begun, checked, answered };
    }
    let (begun, checked) = match check_at_once {
        true => tokio::join!(biased; begun, checked),
        false => match begun.await {
            Ok(()) => (Ok(()), checked.await),
            refused => (refused, Ok(Vec::new())),
        },
    };
    let answered = if begun.is_ok() && checked.is_ok() { answered.await } else { None };
    Answers { begun, checked, answered }
}

/// Whether a statement only reads, or locks what it reads.
fn is_select(sql: &str) -> bool {
    sql.starts_with("SELECT")
}
