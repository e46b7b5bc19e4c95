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

/// Begins a transaction, and runs a check and a first statement in it, in one round trip if both are prepared.
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
    let statements = check.into_iter().chain(first.map(|(statement, _)| statement));
    if prepared == PreparedStatements::Off || statements.into_iter().all(|statement| session.is_prepared(statement)) {
        // In this order, each future sends its messages when it is polled first, and the server answers in their order.
        let (begun, checked, answered) = tokio::join!(biased; begun, checked, answered);
        return Answers { begun, checked, answered };
    }
    let begun = begun.await;
    let checked = if begun.is_ok() { checked.await } else { Ok(Vec::new()) };
    let answered = if begun.is_ok() && checked.is_ok() { answered.await } else { None };
    Answers { begun, checked, answered }
}
