//! Output that people and pipes can read.

use std::io::{self, ErrorKind, Write};

/// Writes a line. A closed pipe (`gable schema | head`) is not an error; a full disk is.
pub(crate) fn line(mut to: impl Write, text: &str) -> io::Result<()> {
    match writeln!(to, "{text}").and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
