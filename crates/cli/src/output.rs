//! Lines for people and pipes.

use std::io::{self, ErrorKind, Write};

/// Writes a line. A reader that has gone (`gable schema | head`) has seen enough; a full disk is an error.
pub(crate) fn line(mut to: impl Write, text: &str) -> io::Result<()> {
    match writeln!(to, "{text}").and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
