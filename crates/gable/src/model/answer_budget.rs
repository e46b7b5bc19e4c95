//! Limits the bytes of one answer, from the rows read for it to its JSON. `query.maxBytes` limits the answer itself;
//! the memory held until it is sent counts towards the limit for all answers (`load`).

use std::cell::Cell;
use std::fmt::Debug;
use std::rc::Rc;

use crate::db::{DbError, RawRow, Source, Statement};
use crate::error::ApiError;

/// Bytes of rows that may be read for each byte of an answer. Rows are read with all columns, of which an answer may
/// show few.
const ROW_BYTES_PER_ANSWER_BYTE: usize = 4;
/// Bytes that an answer may grow by before the growth is counted in the load.
const STEP: usize = 16 * 1024;

/// The bytes that a buffer has room for when it is made: at least those of a usual row, and at most those that need not be
/// counted in the load.
const SMALL_ANSWER: usize = 512;
const MAX_CAPACITY: usize = STEP;

/// Returns the maximum bytes held for an answer of `max_bytes`: the answer and the rows read for it.
pub(crate) fn most_held(max_bytes: usize) -> usize {
    max_bytes.saturating_mul(ROW_BYTES_PER_ANSWER_BYTE + 1)
}

/// Counts the bytes that all requests in flight hold for their answers. Implemented by the HTTP layer.
pub(crate) trait AnswerMemory: Debug {
    /// Counts more bytes held for the answer of this request.
    ///
    /// # Errors
    /// 503 if all answers in flight hold too many bytes.
    fn hold_answer(&self, bytes: usize) -> Result<(), ApiError>;

    /// Counts only these bytes for the answer of this request from now on.
    fn keep_answer(&self, bytes: usize);
}

/// Limits the bytes that one request may read and return.
#[derive(Debug)]
pub(crate) struct AnswerBudget {
    max_bytes: usize,
    /// Bytes of rows read so far.
    read: Cell<usize>,
    /// None outside of HTTP.
    load: Option<Rc<dyn AnswerMemory>>,
    /// Whether the request's method is safe, so that it changes nothing.
    is_safe: bool,
}

impl AnswerBudget {
    /// `load` is `None` outside of HTTP; `is_safe` is true for a request that changes nothing.
    pub(crate) fn new(max_bytes: usize, load: Option<Rc<dyn AnswerMemory>>, is_safe: bool) -> Self {
        Self { max_bytes, read: Cell::new(0), load, is_safe }
    }

    /// Reads rows for an answer, or for a write that checks them.
    ///
    /// # Errors
    /// 400 `AnswerTooLarge` if the rows of the request exceed the bytes that may be read, 503 if all answers in
    /// flight exceed theirs, and errors of the database.
    pub(crate) async fn read(&self, source: Source<'_>, statement: Statement) -> Result<Vec<RawRow>, AnswerError> {
        let left = self.max_bytes.saturating_mul(ROW_BYTES_PER_ANSWER_BYTE).saturating_sub(self.read.get());
        let rows = source.all(statement.at_most(left)).await.map_err(|error| match error {
            DbError::TooLarge => AnswerError::Refused(self.too_large()),
            error => AnswerError::Database(error),
        })?;
        let size = rows.iter().map(RawRow::size).sum::<usize>();
        self.read.set(self.read.get() + size);
        self.hold(size).map_err(AnswerError::Refused)?;
        Ok(rows)
    }

    /// Counts bytes held for the answer.
    ///
    /// # Errors
    /// 503 if all answers in flight hold too many bytes.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), ApiError> {
        self.load.as_ref().map_or(Ok(()), |load| load.hold_answer(bytes))
    }

    /// Returns a buffer for the JSON of the answer.
    pub(crate) fn buffer(&self) -> JsonBuffer {
        // JSON takes about as many bytes as the rows that it is made from.
        let bytes = Vec::with_capacity(self.read.get().clamp(SMALL_ANSWER, MAX_CAPACITY));
        JsonBuffer { bytes, max: self.max_bytes, load: self.load.clone(), counted: 0, error: None }
    }

    /// Returns a buffer without a limit of its own for one row, whose columns limit its size. The answer to a change is
    /// never refused, because the change may be committed already.
    pub(crate) fn row_buffer(&self) -> JsonBuffer {
        let load = self.load.clone().filter(|_| self.is_safe);
        JsonBuffer { load, ..JsonBuffer::unbounded() }
    }

    /// Returns the complete JSON of an answer, which is counted until it is sent.
    ///
    /// # Errors
    /// 400 `AnswerTooLarge`, or 503 if all answers in flight hold too many bytes.
    pub(crate) fn finish(&self, buffer: JsonBuffer) -> Result<Vec<u8>, ApiError> {
        if let Some(error) = buffer.error {
            return Err(error);
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

    /// Resets the count of rows read, for a write that is tried again.
    pub(crate) fn reset_rows_read(&self) {
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

/// Why rows were not read. Database errors stay separate, because each operation maps them to its own errors.
#[derive(Debug)]
pub(crate) enum AnswerError {
    Database(DbError),
    Refused(ApiError),
}

impl AnswerError {
    /// Converts to an `ApiError`; `name` maps a database error.
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

/// A buffer for JSON. Once it is full, writers skip further values, so that it exceeds its limit by one value at
/// most; `finish` then returns an error.
#[derive(Debug)]
pub(crate) struct JsonBuffer {
    bytes: Vec<u8>,
    max: usize,
    load: Option<Rc<dyn AnswerMemory>>,
    /// Bytes already counted in the load.
    counted: usize,
    /// The error that ends the answer: no more bytes may be held, or a value cannot be read.
    error: Option<ApiError>,
}

impl JsonBuffer {
    /// Creates a buffer without a limit, for one row whose columns limit its size.
    pub(crate) fn unbounded() -> Self {
        Self { bytes: Vec::with_capacity(SMALL_ANSWER), max: usize::MAX, load: None, counted: 0, error: None }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Ends the answer with an error, unless it has ended with another one.
    pub(super) fn fail(&mut self, error: impl Into<ApiError>) {
        self.error.get_or_insert_with(|| error.into());
    }

    /// Returns the bytes that a value writes itself to.
    pub(super) fn raw(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Returns true if the buffer is full. Counts the bytes written so far.
    pub(crate) fn is_full(&mut self) -> bool {
        let grown = self.bytes.len() - self.counted;
        if let Some(load) = self.load.as_ref().filter(|_| grown >= STEP && self.error.is_none()) {
            self.error = load.hold_answer(grown).err();
            self.counted = self.bytes.len();
        }
        self.error.is_some() || self.bytes.len() > self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_as_many_bytes_as_allowed_is_whole_and_one_more_is_refused() {
        let budget = AnswerBudget::new(4, None, true);
        let written = |text: &str| {
            let mut buffer = budget.buffer();
            buffer.push(text);
            (buffer.is_full(), budget.finish(buffer).map_err(|error| (error.status(), error.code().to_owned())))
        };
        assert_eq!(written("1234"), (false, Ok(b"1234".to_vec())));
        assert_eq!(written("12345"), (true, Err((400, "AnswerTooLarge".to_owned()))));
    }
}
