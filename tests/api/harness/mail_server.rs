//! A mail server that a test can keep from answering.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How the server treats the connections from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Says nothing at all.
    Silent,
    /// Takes a mail and never says that it has it.
    Withholding,
    Answering,
}

/// It listens until the tests end.
pub(crate) struct MailServer {
    url: String,
    state: Arc<State>,
}

struct State {
    manner: Mutex<Manner>,
    /// Whole mails, oldest first.
    taken: Mutex<Vec<String>>,
}

impl MailServer {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State { manner: Mutex::new(manner), taken: Mutex::default() });
        let own = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let own = own.clone();
                // A client that is killed ends its conversation with an error.
                thread::spawn(move || drop(own.converse(stream)));
            }
        });
        Self { url, state }
    }

    /// For `SMTP_URL`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn becomes(&self, manner: Manner) {
        *self.state.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// The mails that it has received so far, acknowledged or not.
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
        let manner = *self.manner.lock().unwrap_or_else(PoisonError::into_inner);
        if manner == Manner::Silent {
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
                    if manner == Manner::Withholding {
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
