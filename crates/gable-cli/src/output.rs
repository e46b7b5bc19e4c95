//! Writes to standard output and standard error.

use std::io::{self, ErrorKind, Write};

/// Writes a line. A closed pipe (`gable schema | head`) is not an error; a full disk is.
pub(crate) fn line(mut stream: impl Write, text: &str) -> io::Result<()> {
    match writeln!(stream, "{text}").and_then(|()| stream.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
