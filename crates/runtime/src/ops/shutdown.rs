//! The end: a signal turns readiness off, requests in flight finish, then the process ends.
//!
//! The server must be built with `.disable_signals()` and `.shutdown_timeout(settings.shutdown.as_secs())`: actix
//! would answer an interrupt by cutting requests off.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::Server;

/// Whether the server is on its way out; clones share the answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopping(Arc<AtomicBool>);

impl Stopping {
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Runs the server until it has stopped. The first signal stops it gracefully; a second one ends the wait, and the
/// process with it: a graceful stop that has begun cannot be hurried.
pub(crate) async fn run(server: Server, stopping: Stopping) -> io::Result<()> {
    run_until(signal, server, stopping).await
}

async fn run_until(signal: impl AsyncFn() -> io::Result<()>, server: Server, stopping: Stopping) -> io::Result<()> {
    let handle = server.handle();
    let second_signal = async {
        wait_for(&signal).await;
        tracing::info!("stopping: requests in flight may finish; a second signal stops at once");
        stopping.begin();
        // The command is sent here; that it was carried out shows in the server's own end.
        drop(handle.stop(true));
        wait_for(&signal).await;
    };
    tokio::select! {
        ended = server => ended,
        () = second_signal => Ok(()),
    }
}

/// Forever, where signals cannot be received: then only killing the process stops it.
async fn wait_for(signal: &impl AsyncFn() -> io::Result<()>) {
    if let Err(error) = signal().await {
        tracing::error!(%error, "signals cannot be received");
        std::future::pending().await
    }
}

/// A write beyond a limit on the size of files is an error of that write, and not the end of the process, as it is by default.
#[cfg(target_os = "linux")]
pub(crate) fn survive_file_limits() {
    /// SIGXFSZ
    const FILE_SIZE: i32 = 25;
    // Once there was a handler, the default does not come back.
    if let Err(error) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(FILE_SIZE)) {
        tracing::warn!(%error, "a limit on the size of files will end the process");
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn survive_file_limits() {}

/// SIGTERM, as an orchestrator sends it, or SIGINT, as a terminal does.
#[cfg(unix)]
async fn signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
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
    use std::time::Duration;

    use actix_web::{App, HttpServer, web};
    use tokio::sync::Semaphore;

    use super::*;

    /// A server with one route that says in `arrived` that it was reached, and answers once `release` lets it.
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
            // A connection that is cut off ends in an error or early; what came is what counts.
            let _ = stream.read_to_string(&mut answer);
            answer
        })
    }

    /// As many signals as the semaphore has permits.
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
        let (ended, ()) = tokio::join!(run_until(async || next(&signals).await, server, stopping.clone()), request);
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
        let run = run_until(async || next(&signals).await, server, Stopping::default());
        let both = async { tokio::join!(run, request) };
        let (ended, ()) = tokio::time::timeout(Duration::from_secs(10), both).await.expect("at once, not after 20 s");
        ended.expect("an end");
        release.add_permits(1);
        client.join().expect("no panic");
    }
}
