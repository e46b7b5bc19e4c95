//! The sockets that connections arrive at, and the limits that the kernel keeps for each connection.

use std::any::Any;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Connections that wait to be accepted, at most.
const BACKLOG: i32 = 2048;

/// Second handles of the sockets that the server listens at: actix closes its own only with its workers.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Vec<TcpListener>);

impl Listeners {
    /// Keeps second handles of these sockets.
    pub(crate) fn of(sockets: &[TcpListener]) -> io::Result<Self> {
        sockets.iter().map(TcpListener::try_clone).collect::<io::Result<_>>().map(Self)
    }

    /// Refuses new connections from now on; those that are established stay.
    pub(crate) fn close(&self) {
        for listener in &self.0 {
            // Systems other than Linux may not shut a listening socket down. Connections then wait until the server ends.
            let _ = SockRef::from(listener).shutdown(Shutdown::Both);
        }
    }
}

/// Listens at every address of a host.
///
/// # Errors
/// None of them can be listened at; the last error.
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
    // Elsewhere than on Unix, this would let another process take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Ends the connection of a client that has not read anything of its answer for so long. actix has no such limit;
/// Linux keeps it, others do not.
pub(crate) fn limit_writes(connection: &dyn Any, limit: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        // An error means that the connection has ended already.
        let _ = SockRef::from(stream).set_tcp_user_timeout(Some(limit));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection.is::<TcpStream>(), limit);
}
