//! A thread that keeps the write-ahead log short, so that requests need not do it, and that checks for health probes
//! whether the file can be written.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::location::{Location, Mode};
use super::session::Session;
use crate::db::DbError;
use crate::private_file;

/// How often the size of the log is checked.
const SIZE_CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// Size of the log in bytes at which its content is copied into the file.
const COPY_FROM: u64 = 1024 * 1024;
/// Size of the log in bytes at which it is also truncated, which makes writers wait up to `TRUNCATE_TIMEOUT`.
const CUT_FROM: u64 = 4 * 1024 * 1024;
/// How long truncating waits for readers, and writers wait for it.
const TRUNCATE_TIMEOUT: Duration = Duration::from_millis(100);
/// Probes write at most once in this time.
const PROBE_WRITE_INTERVAL: Duration = Duration::from_secs(5);
/// How long a probe waits for its answer.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);
/// Written by a probe to a separate file after a write has failed: there may be room in the log although the disk is
/// full.
static SAMPLE: [u8; 64 * 1024] = [0; 64 * 1024];

type Answer = oneshot::Sender<Result<(), &'static str>>;

pub(super) struct Upkeep {
    /// `None` after `stop`.
    probes: Mutex<Option<Sender<Answer>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Upkeep {
    pub(super) fn start(
        location: &Arc<Location>,
        open: impl Fn() -> Result<Session, DbError> + Send + 'static,
    ) -> Result<Self, DbError> {
        let (probes, received) = channel();
        let file = File {
            location: location.clone(),
            identity: identity(location.path()),
            session: Some(open()?),
            written: Instant::now(),
        };
        let thread = Builder::new().name("sqlite-upkeep".to_owned()).spawn(move || run(file, &received, &open));
        let thread = Mutex::new(Some(thread.map_err(DbError::other)?));
        Ok(Self { probes: Mutex::new(Some(probes)), thread })
    }

    pub(super) async fn probe(&self) -> Result<(), &'static str> {
        let (reply, answer) = oneshot::channel();
        let sent = {
            let probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
            probes.as_ref().is_some_and(|probes| probes.send(reply).is_ok())
        };
        if !sent {
            return Err("the database is closed");
        }
        match timeout(PROBE_TIMEOUT, answer).await {
            Ok(Ok(answer)) => answer,
            _ => Err("the database does not answer"),
        }
    }

    pub(super) async fn stop(&self) {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }
}

fn run(mut file: File, probes: &Receiver<Answer>, open: &impl Fn() -> Result<Session, DbError>) {
    let mut next_look = Instant::now() + SIZE_CHECK_INTERVAL;
    loop {
        match probes.recv_timeout(next_look.saturating_duration_since(Instant::now())) {
            Ok(answer) => answer_all(&mut file, answer, probes, open),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Also checked between probes, so that many of them cannot delay it.
        if Instant::now() >= next_look {
            if let Err(error) = file.shorten_log(open) {
                tracing::debug!(%error, "failed to shorten the write-ahead log");
            }
            next_look = Instant::now() + SIZE_CHECK_INTERVAL;
        }
    }
}

/// Answers all waiting probes at once.
fn answer_all(file: &mut File, first: Answer, probes: &Receiver<Answer>, open: &impl Fn() -> Result<Session, DbError>) {
    let waiting: Vec<Answer> = std::iter::once(first).chain(probes.try_iter()).collect();
    if waiting.iter().all(Answer::is_closed) {
        return;
    }
    let answer = file.probe(open);
    for waiting in waiting {
        let _ = waiting.send(answer);
    }
}

struct File {
    location: Arc<Location>,
    /// Device and inode of the opened file. Another file under the same name is another database.
    identity: Option<(u64, u64)>,
    /// `None` after an error; the next use opens it again.
    session: Option<Session>,
    written: Instant,
}

impl File {
    fn session(&mut self, open: &impl Fn() -> Result<Session, DbError>) -> Result<&mut Session, DbError> {
        match &mut self.session {
            Some(session) => Ok(session),
            none => Ok(none.insert(open()?)),
        }
    }

    /// Copies the content of the log into the file, and truncates the log if it is long and no reader uses it.
    fn shorten_log(&mut self, open: &impl Fn() -> Result<Session, DbError>) -> Result<(), DbError> {
        let size = fs::metadata(self.location.log()).map_or(0, |log| log.len());
        if size < COPY_FROM || self.location.mode() == Mode::ReadOnly {
            return Ok(());
        }
        let done = self.session(open)?.checkpoint((size >= CUT_FROM).then_some(TRUNCATE_TIMEOUT));
        if done.is_err() {
            self.session = None;
        }
        done
    }

    fn probe(&mut self, open: &impl Fn() -> Result<Session, DbError>) -> Result<(), &'static str> {
        if self.identity != identity(self.location.path()) {
            return Err("the database file was deleted or replaced");
        }
        let failing = self.location.is_failing();
        let writes =
            self.location.mode() != Mode::ReadOnly && (failing || self.written.elapsed() > PROBE_WRITE_INTERVAL);
        let done = if writes { self.try_to_write(open) } else { self.try_to_read(open) };
        done.map_err(|error| {
            self.session = None;
            tracing::warn!(%error, "the database cannot be used");
            if writes { "the database cannot be written" } else { "the database cannot be read" }
        })
    }

    fn try_to_read(&mut self, open: &impl Fn() -> Result<Session, DbError>) -> Result<(), DbError> {
        self.session(open)?.all("SELECT 1 FROM sqlite_schema LIMIT 1", &[]).map(drop)
    }

    fn try_to_write(&mut self, open: &impl Fn() -> Result<Session, DbError>) -> Result<(), DbError> {
        if self.location.is_failing() {
            self.sample().map_err(DbError::unavailable)?;
        }
        if self.session(open)?.touch(TRUNCATE_TIMEOUT)?.is_some() {
            self.written = Instant::now();
            self.location.set_working();
        }
        Ok(())
    }

    /// Checks whether the disk has room for another file.
    fn sample(&self) -> std::io::Result<()> {
        let path = self.location.beside("-probe");
        // Removes the file that a crashed process has left.
        let _ = fs::remove_file(&path);
        let written = private_file::write_new(&path, &SAMPLE);
        let _ = fs::remove_file(&path);
        written
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|_| (0, 0))
}
