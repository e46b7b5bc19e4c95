//! Bounds the bytes of one answer, from the rows that are read for it to the JSON that leaves. `query.maxBytes` says how many
//! the answer may have; what it holds meanwhile is counted with that of all other answers (`load`).

use std::cell::Cell;
use std::rc::Rc;

use actix_web::HttpRequest;

use super::ApiError;
use super::load::RequestLoad;
use crate::db::{DbError, RawRow, Source, Statement};

/// Bytes of rows that are read for each byte of an answer. Rows are read with all their columns, of which an answer may show
/// few.
const READ_FOR_EACH: usize = 4;
/// Bytes that an answer may grow by before they are counted with those of other answers.
const STEP: usize = 16 * 1024;

/// Bytes that an answer of at most `max_bytes` holds at worst: itself, and the rows that were read for it.
pub(crate) fn most_held(max_bytes: usize) -> usize {
    max_bytes.saturating_mul(READ_FOR_EACH + 1)
}

/// The bytes that one request may read and answer with.
#[derive(Debug)]
pub(crate) struct AnswerBudget {
    max_bytes: usize,
    /// Bytes of rows that were read.
    read: Cell<usize>,
    /// None outside of HTTP.
    load: Option<Rc<RequestLoad>>,
    /// Whether the request changes nothing.
    is_safe: bool,
}

impl AnswerBudget {
    pub(crate) fn new(max_bytes: usize, request: Option<&HttpRequest>) -> Self {
        Self {
            max_bytes,
            read: Cell::new(0),
            load: request.and_then(RequestLoad::of),
            is_safe: request.is_some_and(|request| request.method().is_safe()),
        }
    }

    /// Reads rows that an answer shows, or that a write looks at.
    ///
    /// # Errors
    /// 400 `AnswerTooLarge` once all rows of the request have more bytes than may be read, 503 where all answers in flight
    /// have; and the errors of the database.
    pub(crate) async fn read(&self, source: Source<'_>, statement: Statement) -> Result<Vec<RawRow>, AnswerError> {
        let left = self.max_bytes.saturating_mul(READ_FOR_EACH).saturating_sub(self.read.get());
        let rows = source.all(statement.at_most(left)).await.map_err(|error| match error {
            DbError::TooLarge => AnswerError::Refused(self.too_large()),
            error => AnswerError::Database(error),
        })?;
        let size = rows.iter().map(RawRow::size).sum::<usize>();
        self.read.set(self.read.get() + size);
        self.hold(size).map_err(AnswerError::Refused)?;
        Ok(rows)
    }

    /// Counts bytes that are held for the answer.
    ///
    /// # Errors
    /// 503 where all answers in flight have too many bytes.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), ApiError> {
        self.load.as_ref().map_or(Ok(()), |load| load.hold_answer(bytes))
    }

    /// For the JSON of the answer.
    pub(crate) fn buffer(&self) -> JsonBuffer {
        JsonBuffer { bytes: Vec::new(), max: self.max_bytes, load: self.load.clone(), counted: 0, busy: None }
    }

    /// For the caller's own account, which its columns bound. The answer of a change is only counted: it is made by now.
    pub(crate) fn account_buffer(&self) -> JsonBuffer {
        let load = self.load.clone().filter(|_| self.is_safe);
        JsonBuffer { load, ..JsonBuffer::unbounded() }
    }

    /// The whole JSON of an answer, counted until it is sent.
    ///
    /// # Errors
    /// 400 `AnswerTooLarge`, or 503 where all answers in flight have too many bytes.
    pub(crate) fn finish(&self, buffer: JsonBuffer) -> Result<Vec<u8>, ApiError> {
        if let Some(busy) = buffer.busy {
            return Err(busy);
        }
        if let Some(load) = &buffer.load {
            load.hold_answer(buffer.bytes.len() - buffer.counted)?;
        }
        if buffer.bytes.len() > buffer.max {
            return Err(self.too_large());
        }
        if let Some(load) = &self.load {
            load.keep_answer(buffer.bytes.len());
        }
        Ok(buffer.bytes)
    }

    /// Forgets what was read for a write that is tried again.
    pub(crate) fn start_again(&self) {
        self.read.set(0);
        if let Some(load) = &self.load {
            load.keep_answer(0);
        }
    }

    fn too_large(&self) -> ApiError {
        let message = format!(
            "The answer would have more than {} bytes: ask for fewer 'fields', include fewer rows, set a lower 'limit', \
             or narrow the filter",
            self.max_bytes
        );
        ApiError::bad_request("AnswerTooLarge", message)
    }
}

/// Why rows were not read: an operation has its own words for errors of the database.
#[derive(Debug)]
pub(crate) enum AnswerError {
    Database(DbError),
    Refused(ApiError),
}

impl AnswerError {
    /// The error, where `name` says what one of the database means.
    pub(crate) fn or_named(self, name: impl FnOnce(DbError) -> ApiError) -> ApiError {
        match self {
            AnswerError::Database(error) => name(error),
            AnswerError::Refused(error) => error,
        }
    }
}

impl From<AnswerError> for ApiError {
    fn from(error: AnswerError) -> Self {
        error.or_named(ApiError::from)
    }
}

impl From<DbError> for AnswerError {
    fn from(error: DbError) -> Self {
        AnswerError::Database(error)
    }
}

/// JSON that is being written. Once it is full, writers leave the rest out, so that it never grows by more than one value
/// beyond its bound; what was left out is an error when it is finished.
#[derive(Debug)]
pub(crate) struct JsonBuffer {
    bytes: Vec<u8>,
    max: usize,
    load: Option<Rc<RequestLoad>>,
    /// Bytes that are counted with those of other answers.
    counted: usize,
    /// Why nothing more may be held.
    busy: Option<ApiError>,
}

impl JsonBuffer {
    /// For one row by itself, which its own columns bound.
    pub(crate) fn unbounded() -> Self {
        Self { bytes: Vec::new(), max: usize::MAX, load: None, counted: 0, busy: None }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// For a value to write itself to.
    pub(super) fn raw(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Whether nothing more needs to be written. Counts what was.
    pub(super) fn is_full(&mut self) -> bool {
        let grown = self.bytes.len() - self.counted;
        if let Some(load) = self.load.as_ref().filter(|_| grown >= STEP && self.busy.is_none()) {
            self.busy = load.hold_answer(grown).err();
            self.counted = self.bytes.len();
        }
        self.busy.is_some() || self.bytes.len() > self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_as_many_bytes_as_allowed_is_whole_and_one_more_is_refused() {
        let budget = AnswerBudget::new(4, None);
        let written = |text: &str| {
            let mut buffer = budget.buffer();
            buffer.push(text);
            (buffer.is_full(), budget.finish(buffer).map_err(|error| (error.status(), error.code().to_owned())))
        };
        assert_eq!(written("1234"), (false, Ok(b"1234".to_vec())));
        assert_eq!(written("12345"), (true, Err((400, "AnswerTooLarge".to_owned()))));
    }
}
