//! Listening sockets, and limits that the kernel enforces for each connection.

use std::any::Any;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, ToSocketAddrs};
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::time::sleep;

/// Maximum number of connections that wait to be accepted.
const BACKLOG: i32 = 2048;

/// How long the last connections may take to be accepted.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(1);

/// Duplicate handles of the listening sockets: actix closes its own only when its workers end.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Vec<TcpListener>);

impl Listeners {
    /// Duplicates the handles of these sockets.
    pub(crate) fn of(sockets: &[TcpListener]) -> io::Result<Self> {
        sockets.iter().map(TcpListener::try_clone).collect::<io::Result<_>>().map(Self)
    }

    /// Refuses new connections; established ones stay open. Those that wait to be accepted are accepted first: the kernel
    /// resets the rest, and a proxy does not repeat a write that it has sent already.
    pub(crate) async fn close(&self) {
        for listener in &self.0 {
            let start = Instant::now();
            while has_waiting(listener) && start.elapsed() < ACCEPT_TIMEOUT {
                sleep(Duration::from_millis(1)).await;
            }
            // Systems other than Linux may not support shutting a listening socket down. Connections then wait until
            // the server ends.
            let _ = SockRef::from(listener).shutdown(Shutdown::Both);
        }
    }
}

/// Whether connections wait to be accepted.
#[cfg(unix)]
fn has_waiting(listener: &TcpListener) -> bool {
    let mut sockets = [PollFd::new(listener, PollFlags::IN)];
    poll(&mut sockets, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
}

#[cfg(not(unix))]
fn has_waiting(_: &TcpListener) -> bool {
    false
}

/// Listens on every address of a host.
///
/// # Errors
/// The last error, if the server cannot listen on any of the addresses.
pub(crate) fn listen(host: &str, port: u16) -> io::Result<Vec<TcpListener>> {
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    let mut listeners = Vec::new();
    for address in (host, port).to_socket_addrs()? {
        match listen_at(address) {
            Ok(listener) => listeners.push(listener),
            Err(cause) => error = cause,
        }
    }
    if listeners.is_empty() { Err(error) } else { Ok(listeners) }
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On systems other than Unix, this would let another process take over the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Closes the connection of a client that has not read any part of its answer within a time limit. actix has no such
/// limit; the kernel enforces it on Linux only.
pub(crate) fn limit_writes(connection: &dyn Any, limit: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        // An error means that the connection has already ended.
        let _ = SockRef::from(stream).set_tcp_user_timeout(Some(limit));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection.is::<TcpStream>(), limit);
}
