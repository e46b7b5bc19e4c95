//! Requests as raw bytes, for those that no HTTP client sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::App;

impl App {
    /// Opens a connection for raw bytes.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("the application listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout can be set");
        stream
    }

    /// Sends these bytes and reads until the server closes the connection, as the request should demand.
    pub(crate) fn exchange(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(request).expect("the request is sent");
        read_answer(&mut stream)
    }
}

pub(crate) fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer until the end");
    String::from_utf8_lossy(&answer).into_owned()
}
