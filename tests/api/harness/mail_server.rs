//! A mail server whose behaviour a test controls.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The behaviour of the server towards new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailServerMode {
    /// Sends nothing.
    Silent,
    /// Receives a mail and does not acknowledge it.
    Withholding,
    Answering,
}

/// A mail server that listens until the tests end.
pub(crate) struct MailServer {
    url: String,
    state: Arc<State>,
}

struct State {
    mode: Mutex<MailServerMode>,
    /// Complete mails, the oldest first.
    taken: Mutex<Vec<String>>,
}

impl MailServer {
    pub(crate) fn start(mode: MailServerMode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State { mode: Mutex::new(mode), taken: Mutex::default() });
        let own = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let own = own.clone();
                // A killed client causes an error, which is not one of the server.
                thread::spawn(move || drop(own.converse(stream)));
            }
        });
        Self { url, state }
    }

    /// The value for `SMTP_URL`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn set_mode(&self, mode: MailServerMode) {
        *self.state.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// The mails received so far, acknowledged or not.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.state.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a number of mails and returns them.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            assert!(Instant::now() < deadline, "{} of {count} mails came", taken.len());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl State {
    fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mode = *self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        if mode == MailServerMode::Silent {
            return stream.read_to_end(&mut Vec::new()).map(drop);
        }
        stream.write_all(b"220 here\r\n")?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        while let Some(line) = lines.next().transpose()? {
            let reply = match line.as_str() {
                "DATA" => {
                    stream.write_all(b"354 go ahead\r\n")?;
                    let mail = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".");
                    let mail = mail.collect::<Vec<_>>().join("\n");
                    self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                    if mode == MailServerMode::Withholding {
                        return stream.read_to_end(&mut Vec::new()).map(drop);
                    }
                    "250 taken\r\n"
                }
                "QUIT" => return stream.write_all(b"221 bye\r\n"),
                _ => "250 ok\r\n",
            };
            stream.write_all(reply.as_bytes())?;
        }
        Ok(())
    }
}
