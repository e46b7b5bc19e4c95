//! A thread that keeps the write-ahead log short, away from requests, and that tries for probes whether the file can be
//! written.

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

/// How often the log is looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// Bytes of the log from which on its content is copied into the file.
const COPY_FROM: u64 = 1024 * 1024;
/// Bytes of the log from which on it is also cut, which makes writers wait for a moment.
const CUT_FROM: u64 = 4 * 1024 * 1024;
/// How long cutting waits for readers, and writers for it.
const CUTTING: Duration = Duration::from_millis(100);
/// How often probes write.
const WRITE_EVERY: Duration = Duration::from_secs(5);
/// How long a probe waits for its answer.
const PROBE: Duration = Duration::from_millis(1500);
/// Bytes that a probe writes beside the file after a write has failed: the log may have room left where the disk has none.
static SAMPLE: [u8; 64 * 1024] = [0; 64 * 1024];

type Answer = oneshot::Sender<Result<(), &'static str>>;

pub(super) struct Upkeep {
    /// None once it was told to stop.
    probes: Mutex<Option<Sender<Answer>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Upkeep {
    pub(super) fn start(
        location: &Arc<Location>,
        open: impl Fn() -> Result<Session, DbError> + Send + 'static,
    ) -> Result<Self, DbError> {
        let (probes, asked) = channel();
        let file = File {
            location: location.clone(),
            identity: identity(location.path()),
            session: Some(open()?),
            written: Instant::now(),
        };
        let thread = Builder::new().name("sqlite-upkeep".to_owned()).spawn(move || run(file, &asked, &open));
        let thread = Mutex::new(Some(thread.map_err(DbError::other)?));
        Ok(Self { probes: Mutex::new(Some(probes)), thread })
    }

    pub(super) async fn probe(&self) -> Result<(), &'static str> {
        let (reply, answer) = oneshot::channel();
        let asked = {
            let probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
            probes.as_ref().is_some_and(|probes| probes.send(reply).is_ok())
        };
        if !asked {
            return Err("the database is closed");
        }
        match timeout(PROBE, answer).await {
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
    let mut next_look = Instant::now() + PERIOD;
    loop {
        match probes.recv_timeout(next_look.saturating_duration_since(Instant::now())) {
            Ok(answer) => answer_all(&mut file, answer, probes, open),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // However many probes come.
        if Instant::now() >= next_look {
            if let Err(error) = file.shorten_log(open) {
                tracing::debug!(%error, "failed to shorten the write-ahead log");
            }
            next_look = Instant::now() + PERIOD;
        }
    }
}

/// Everybody who waits meanwhile gets the same answer.
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
    /// Of the file that was opened; another one under its name is another database.
    identity: Option<(u64, u64)>,
    /// None after an error: it is opened again.
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

    /// Copies what is in the log into the file, and cuts the log once nobody reads from it.
    fn shorten_log(&mut self, open: &impl Fn() -> Result<Session, DbError>) -> Result<(), DbError> {
        let size = fs::metadata(self.location.log()).map_or(0, |log| log.len());
        if size < COPY_FROM || self.location.mode() == Mode::ReadOnly {
            return Ok(());
        }
        let done = self.session(open)?.checkpoint((size >= CUT_FROM).then_some(CUTTING));
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
        let writes = self.location.mode() != Mode::ReadOnly && (failing || self.written.elapsed() > WRITE_EVERY);
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
        if self.session(open)?.touch(CUTTING)?.is_some() {
            self.written = Instant::now();
            self.location.set_working();
        }
        Ok(())
    }

    /// Whether there is room beside the file.
    fn sample(&self) -> std::io::Result<()> {
        let path = self.location.beside("-probe");
        // One that a crash has left behind.
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
