//! Graceful shutdown: a signal turns readiness off, load balancers get time to notice it, requests in flight finish,
//! then the process ends.
//!
//! The server must be built with `.disable_signals()` and `.shutdown_timeout(settings.shutdown.as_secs())`: otherwise
//! actix aborts requests on an interrupt.

use std::io;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};

use super::listener::Listeners;
use crate::http::Load;
use crate::stopping::Stopping;

/// Interval at which requests in flight are counted while they finish.
const COUNT_INTERVAL: Duration = Duration::from_millis(10);
/// How long no request must be in flight: one sent before the socket was closed may not be counted yet.
const QUIET_PERIOD: Duration = Duration::from_millis(50);

/// The steps between the first signal and the end of the process.
pub(crate) struct Shutdown {
    pub(crate) stopping: Stopping,
    pub(crate) load: Load,
    pub(crate) listeners: Listeners,
    /// How long the server continues to serve while load balancers remove it.
    pub(crate) drain: Duration,
    /// How long requests in flight may take after that.
    pub(crate) patience: Duration,
}

impl Shutdown {
    /// Runs the server until it has stopped. The first signal stops it gracefully; a second one ends the process at
    /// once, because a graceful stop of actix cannot be shortened.
    pub(crate) async fn run(self, server: Server) -> io::Result<()> {
        self.run_until(signal, server).await
    }

    async fn run_until(self, signal: impl AsyncFn() -> io::Result<()>, server: Server) -> io::Result<()> {
        let handle = server.handle();
        let second_signal = async {
            wait_for(&signal).await;
            self.stopping.begin();
            let stopped = async {
                self.stop(&handle).await;
                // Completion of the server shows that it has stopped.
                std::future::pending().await
            };
            tokio::select! {
                () = wait_for(&signal) => {}
                () = stopped => {}
            }
        };
        tokio::select! {
            ended = server => ended,
            () = second_signal => Ok(()),
        }
    }

    async fn stop(&self, handle: &ServerHandle) {
        let seconds = self.drain.as_secs();
        tracing::info!(
            "stopping: serving for {seconds} more seconds, then requests in flight may finish; a second signal stops at once"
        );
        tokio::time::sleep(self.drain).await;
        // The order matters: clients that connect to a socket without an accepting server would be cut off.
        self.listeners.close().await;
        handle.pause().await;
        // Workers end one by one, and each owns the I/O of the database connections that it opened, which requests of
        // other workers may use. Therefore no worker is stopped before all requests are answered.
        let finished = tokio::time::timeout(self.patience, self.wait_until_idle()).await.is_ok();
        if !finished {
            tracing::warn!(requests = self.load.unanswered(), "requests in flight did not finish in time");
        }
        drop(handle.stop(finished));
    }

    async fn wait_until_idle(&self) {
        let mut quiet = Duration::ZERO;
        while quiet < QUIET_PERIOD {
            tokio::time::sleep(COUNT_INTERVAL).await;
            quiet = if self.load.unanswered() == 0 { quiet + COUNT_INTERVAL } else { Duration::ZERO };
        }
    }
}

/// Waits for a signal; forever, if signals cannot be received. Then only killing the process stops it.
async fn wait_for(signal: &impl AsyncFn() -> io::Result<()>) {
    if let Err(error) = signal().await {
        tracing::error!(%error, "signals cannot be received");
        std::future::pending().await
    }
}

/// Turns a write beyond the file size limit into an error of that write; by default, the signal ends the process.
#[cfg(target_os = "linux")]
pub(crate) fn survive_file_limits() {
    /// SIGXFSZ
    const FILE_SIZE: i32 = 25;
    // Once a handler was installed, the default is not restored.
    if let Err(error) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(FILE_SIZE)) {
        tracing::warn!(%error, "a limit on the size of files will end the process");
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn survive_file_limits() {}

/// Waits for SIGTERM from an orchestrator, SIGINT from a terminal, or SIGHUP from a terminal that is closed.
#[cfg(unix)]
async fn signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use actix_web::{App, HttpServer, web};
    use tokio::sync::Semaphore;

    use std::sync::Arc;

    use super::*;
    use crate::settings::LoadLimits;

    /// A server with one route, which signals in `arrived` that it was called and answers after `release`.
    fn server(arrived: &Arc<Semaphore>, release: &Arc<Semaphore>) -> (Server, SocketAddr) {
        let (arrived, release) = (Arc::clone(arrived), Arc::clone(release));
        let server = HttpServer::new(move || {
            let (arrived, release) = (Arc::clone(&arrived), Arc::clone(&release));
            let slow = move || {
                let (arrived, release) = (Arc::clone(&arrived), Arc::clone(&release));
                async move {
                    arrived.add_permits(1);
                    release.acquire().await.expect("open").forget();
                    "finished"
                }
            };
            App::new().route("/", web::get().to(slow))
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(20).bind("127.0.0.1:0").expect("a port");
        let address = server.addrs()[0];
        (server.run(), address)
    }

    fn get(address: SocketAddr) -> std::thread::JoinHandle<String> {
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").expect("sent");
            let mut answer = String::new();
            // A connection that is cut off ends early or with an error; the test compares the bytes received.
            let _ = stream.read_to_string(&mut answer);
            answer
        })
    }

    fn shutdown(stopping: &Stopping) -> Shutdown {
        let load = Load::new(LoadLimits { requests: 1, body_bytes: 0, answer_bytes: 0 });
        let patience = Duration::from_secs(20);
        let (stopping, listeners) = (stopping.clone(), Listeners::default());
        Shutdown { stopping, load, listeners, drain: Duration::ZERO, patience }
    }

    /// Receives as many signals as the semaphore has permits.
    async fn next(signals: &Semaphore) -> io::Result<()> {
        signals.acquire().await.expect("open").forget();
        Ok(())
    }

    #[actix_web::test]
    async fn a_request_in_flight_finishes_after_the_signal() {
        let (arrived, release) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (server, address) = server(&arrived, &release);
        let (signals, stopping) = (Semaphore::new(0), Stopping::default());
        let client = get(address);
        let request = async {
            arrived.acquire().await.expect("open").forget();
            signals.add_permits(1);
            while !stopping.has_begun() {
                tokio::task::yield_now().await;
            }
            release.add_permits(1);
        };
        let (ended, ()) = tokio::join!(shutdown(&stopping).run_until(async || next(&signals).await, server), request);
        ended.expect("a clean end");
        assert!(client.join().expect("no panic").ends_with("finished"));
    }

    #[actix_web::test]
    async fn a_second_signal_does_not_wait() {
        let (arrived, release) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (server, address) = server(&arrived, &release);
        let signals = Semaphore::new(0);
        let client = get(address);
        let request = async {
            arrived.acquire().await.expect("open").forget();
            signals.add_permits(2);
        };
        let run = shutdown(&Stopping::default()).run_until(async || next(&signals).await, server);
        let both = async { tokio::join!(run, request) };
        let (ended, ()) = tokio::time::timeout(Duration::from_secs(10), both).await.expect("at once, not after 20 s");
        ended.expect("an end");
        release.add_permits(1);
        client.join().expect("no panic");
    }
}
