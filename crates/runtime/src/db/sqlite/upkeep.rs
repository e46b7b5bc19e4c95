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
/// What a probe writes beside the file after a write has failed; the log may have room left where the disk has none.
static SAMPLE: [u8; 64 * 1024] = [0; 64 * 1024];

type Answer = oneshot::Sender<Result<(), String>>;

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

    pub(super) async fn probe(&self) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        let asked = {
            let probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
            probes.as_ref().is_some_and(|probes| probes.send(reply).is_ok())
        };
        if !asked {
            return Err("the database is closed".to_owned());
        }
        match timeout(PROBE, answer).await {
            Ok(Ok(answer)) => answer,
            _ => Err("the database does not answer".to_owned()),
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
    loop {
        match probes.recv_timeout(PERIOD) {
            Ok(answer) => {
                let _ = answer.send(file.probe(open));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = file.shorten_log(open) {
                    tracing::debug!(%error, "failed to shorten the write-ahead log");
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
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
        let done = self.session(open)?.checkpoint(size >= CUT_FROM, CUTTING);
        if done.is_err() {
            self.session = None;
        }
        done
    }

    fn probe(&mut self, open: &impl Fn() -> Result<Session, DbError>) -> Result<(), String> {
        if self.identity != identity(self.location.path()) {
            return Err("the database file was deleted or replaced".to_owned());
        }
        let failing = self.location.is_failing();
        if self.location.mode() == Mode::ReadOnly || !(failing || self.written.elapsed() > WRITE_EVERY) {
            let read = self.session(open).and_then(|session| session.all("SELECT 1", &[]));
            return read.map(drop).map_err(|error| error.to_string());
        }
        if failing {
            self.sample().map_err(|error| format!("the database cannot be written: {error}"))?;
        }
        match self.session(open).and_then(|session| session.touch(CUTTING)) {
            Ok(()) => {
                self.written = Instant::now();
                self.location.set_failing(false);
                Ok(())
            }
            Err(error) => {
                self.session = None;
                Err(format!("the database cannot be written: {error}"))
            }
        }
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
