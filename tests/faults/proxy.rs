//! A TCP proxy between the application and its database that disturbs connections.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The treatment of the bytes of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Each packet is delayed.
    Delay(Duration),
    /// Nothing is read, so the sender's buffers fill up.
    Freeze,
    /// Bytes are read and dropped.
    Swallow,
}

/// A proxy that stops listening and closes every connection when it is dropped.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    /// The mode of new connections.
    fresh: Mutex<Modes>,
    links: Mutex<Vec<Arc<Link>>>,
    ended: AtomicBool,
}

#[derive(Clone, Copy)]
struct Modes {
    up: Mode,
    down: Mode,
}

/// One connection through the proxy.
struct Link {
    modes: Mutex<Modes>,
    ends: [TcpStream; 2],
    closed: AtomicBool,
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

impl Proxy {
    /// Starts a proxy to the database server of a URL.
    pub(crate) fn before(url: &str) -> Self {
        let upstream = authority(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let modes = Modes { up: Mode::Pass, down: Mode::Pass };
        let shared =
            Arc::new(Shared { fresh: Mutex::new(modes), links: Mutex::default(), ended: AtomicBool::new(false) });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener, &upstream));
        Self { shared, address }
    }

    /// The URL of the database through the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replacen(authority(url), &self.address.to_string(), 1)
    }

    /// Sets the mode of all connections, including new ones.
    pub(crate) fn all(&self, mode: Mode) {
        self.directions(mode, mode);
    }

    /// Like `all`, with one mode towards the server and one towards the application.
    pub(crate) fn directions(&self, up: Mode, down: Mode) {
        let modes = Modes { up, down };
        *self.shared.fresh.lock().unwrap_or_else(PoisonError::into_inner) = modes;
        for link in self.links() {
            *link.modes.lock().unwrap_or_else(PoisonError::into_inner) = modes;
        }
    }

    /// Sets the mode of new connections.
    pub(crate) fn new_ones(&self, mode: Mode) {
        *self.shared.fresh.lock().unwrap_or_else(PoisonError::into_inner) = Modes { up: mode, down: mode };
    }

    /// Closes every open connection, at both ends.
    pub(crate) fn cut(&self) {
        self.links().iter().for_each(|link| link.close());
        self.shared.links.lock().unwrap_or_else(PoisonError::into_inner).retain(|link| !link.is_closed());
    }

    fn links(&self) -> Vec<Arc<Link>> {
        self.shared.links.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        self.cut();
    }
}

impl Shared {
    fn accept(&self, listener: &TcpListener, upstream: &str) {
        for client in listener.incoming() {
            if self.ended.load(Ordering::Acquire) {
                return;
            }
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(upstream)) else { continue };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            self.open(client, server);
        }
    }

    fn open(&self, client: TcpStream, server: TcpStream) {
        let copy = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
        let (from_client, from_server) = (copy(&client), copy(&server));
        // Both locks are held, so that a mode that is set meanwhile applies.
        let modes = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let link = Arc::new(Link { modes: Mutex::new(*modes), ends: [client, server], closed: AtomicBool::new(false) });
        self.links.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&link));
        drop(modes);
        for (from, direction) in [(from_client, Direction::Up), (from_server, Direction::Down)] {
            let link = Arc::clone(&link);
            thread::spawn(move || link.pump(from, direction));
        }
    }
}

impl Link {
    fn pump(&self, mut from: TcpStream, direction: Direction) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if self.forward(&buffer[..count], direction).is_err() {
                break;
            }
        }
        // A frozen or losing connection does not close its other end, like a network that has failed.
        while !self.is_closed() && matches!(self.mode(direction), Mode::Freeze | Mode::Swallow) {
            thread::sleep(Duration::from_millis(10));
        }
        self.close();
    }

    fn forward(&self, bytes: &[u8], direction: Direction) -> std::io::Result<()> {
        while self.mode(direction) == Mode::Freeze && !self.is_closed() {
            thread::sleep(Duration::from_millis(10));
        }
        match self.mode(direction) {
            Mode::Swallow => return Ok(()),
            Mode::Delay(delay) => thread::sleep(delay),
            Mode::Pass | Mode::Freeze => {}
        }
        let [client, server] = &self.ends;
        let mut to = match direction {
            Direction::Up => server,
            Direction::Down => client,
        };
        to.write_all(bytes)
    }

    fn mode(&self, direction: Direction) -> Mode {
        let modes = self.modes.lock().unwrap_or_else(PoisonError::into_inner);
        match direction {
            Direction::Up => modes.up,
            Direction::Down => modes.down,
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for end in &self.ends {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

/// `127.0.0.1:5432` of `postgres://user:password@127.0.0.1:5432/name`
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}
