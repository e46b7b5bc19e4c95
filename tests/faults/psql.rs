//! A session of `psql` that keeps a transaction and its locks open.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// A session that is ended, and its transaction rolled back, when this value is dropped.
pub(crate) struct Psql {
    child: Child,
    stdin: ChildStdin,
    notices: Receiver<String>,
}

impl Psql {
    pub(crate) fn open(url: &str) -> Self {
        let mut command = Command::new("psql");
        command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("psql, of Debian's postgresql-client");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let (sender, notices) = channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, stdin, notices }
    }

    /// A session in the server's default database, for statements about another one.
    pub(crate) fn administrator() -> Self {
        Self::open(&std::env::var("TEST_POSTGRES_URL").expect("a server"))
    }

    /// Runs statements and waits for their end. `\warn` writes to stderr, which is not buffered.
    #[track_caller]
    pub(crate) fn run(&mut self, sql: &str) {
        writeln!(self.stdin, "{sql};\n\\warn done").expect("psql reads");
        self.stdin.flush().expect("psql reads");
        loop {
            let line = self.notices.recv_timeout(Duration::from_secs(30)).expect("psql is done");
            if line == "done" {
                return;
            }
            eprintln!("psql: {line}");
        }
    }
}

impl Drop for Psql {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
