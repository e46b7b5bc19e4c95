//! A child process whose output is recorded, and which ends when its owner is dropped.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Generous, because the machine may be busy.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(60);

/// The directory and the environment that the application is started with.
#[derive(Clone, Copy)]
pub(super) struct Launch<'a> {
    pub(super) directory: &'a Path,
    pub(super) environment: &'a [(String, String)],
}

impl Launch<'_> {
    /// The environment contains only the test's variables, so that no variable of the developer has an effect.
    fn command(self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gazette"));
        command.args(arguments).current_dir(self.directory).env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// Starts the application and returns while it runs.
    pub(super) fn start(self, arguments: &[&str]) -> Process {
        self.start_logging_to(arguments, Stdio::piped())
    }

    /// Like `spawn`, with another standard error, which is read only if it is `piped`.
    pub(super) fn start_logging_to(self, arguments: &[&str], stderr: Stdio) -> Process {
        let mut child = self.command(arguments).stderr(stderr).spawn().expect("the binary that Cargo built starts");
        let log = Log::default();
        log.follow(child.stdout.take().expect("stdout is piped"));
        if let Some(stderr) = child.stderr.take() {
            log.follow(stderr);
        }
        Process { child, log }
    }

    /// Runs a command of the application until it ends.
    pub(super) fn run(self, arguments: &[&str]) -> Output {
        self.run_logging_to(arguments, Stdio::piped())
    }

    /// Like `run`, with another standard error.
    pub(super) fn run_logging_to(self, arguments: &[&str], stderr: Stdio) -> Output {
        let output = self.command(arguments).stderr(stderr).output().expect("the binary that Cargo built starts");
        Output {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The exit code and output of a command of the application.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(super) struct Process {
    child: Child,
    pub(super) log: Log,
}

impl Process {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The rest of the first line that contains `marker`.
    pub(super) fn wait_for(&mut self, marker: &str) -> String {
        let deadline = Instant::now() + PROCESS_TIMEOUT;
        loop {
            if let Some(rest) = self.log.after(marker) {
                return rest;
            }
            let ended = self.child.try_wait().expect("the child is ours to wait for");
            assert!(ended.is_none() && Instant::now() < deadline, "no `{marker}` in:\n{}", self.log.text());
            self.log.changed();
        }
    }

    pub(super) fn wait_for_end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PROCESS_TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours to wait for") {
                return status;
            }
            assert!(Instant::now() < deadline, "it did not end:\n{}", self.log.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the child is ours to wait for").is_some()
    }

    pub(super) fn kill(&mut self) {
        // An error means that the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            self.log.show_trouble(0);
        }
    }
}

/// The lines of both output streams of a running process.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    lines: Mutex<Vec<String>>,
    grew: Condvar,
}

impl Log {
    fn follow(&self, stream: impl Read + Send + 'static) {
        let log = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                log.0.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                log.0.grew.notify_all();
            }
        });
    }

    /// Waits for a new line, for a short time at most.
    fn changed(&self) {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.0.grew.wait_timeout(lines, Duration::from_millis(20)));
    }

    pub(super) fn wait_for_line(&self, is_meant: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PROCESS_TIMEOUT;
        while !self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|line| is_meant(line)) {
            assert!(Instant::now() < deadline, "no such line in:\n{}", self.text());
            self.changed();
        }
    }

    fn after(&self, marker: &str) -> Option<String> {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find_map(|line| Some(line.split_once(marker)?.1.to_owned()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn text(&self) -> String {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Prints the log of a failed test from this line on, without the requests that succeeded.
    pub(super) fn show_trouble(&self, since: usize) {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = lines.iter().skip(since).filter(|line| !line.contains(" INFO "));
        eprintln!("--- the application's warnings and errors meanwhile:");
        trouble.for_each(|line| eprintln!("{line}"));
    }
}
