//! A mail server that says what a test wants it to say. Its conversations are plain TCP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// How one conversation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Yes,
    /// This status to the recipient, whom it names.
    Refuses(u16),
    /// Nothing: it hangs up after its greeting.
    Goodbye,
    /// That it speaks TLS, which it then does not.
    StartTls,
}

#[derive(Default)]
struct Heard {
    mails: Vec<String>,
    commands: Vec<String>,
    /// What followed STARTTLS.
    first_bytes: Vec<u8>,
}

pub(super) struct MailServer {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl MailServer {
    /// One conversation after the other goes like this; the last one is repeated.
    pub(super) fn start(script: &'static [Says]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (heard, ending) = (Arc::<Mutex<Heard>>::default(), Arc::<AtomicBool>::default());
        let thread = spawn({
            let (heard, ending) = (heard.clone(), ending.clone());
            move || {
                for (number, stream) in listener.incoming().enumerate() {
                    if ending.load(Ordering::Acquire) {
                        return;
                    }
                    let says = script[number.min(script.len() - 1)];
                    // A client that leaves early has its reasons.
                    let _ = stream.and_then(|stream| converse(stream, says, &heard));
                }
            }
        });
        Self { address, heard, ending, thread: Some(thread) }
    }

    /// `smtp://127.0.0.1:…`, followed by this.
    pub(super) fn url(&self, query: &str) -> String {
        format!("smtp://{}{query}", self.address)
    }

    pub(super) fn mails(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).mails.clone()
    }

    pub(super) fn commands(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).commands.clone()
    }

    /// What followed STARTTLS, once something did.
    pub(super) fn first_bytes(&self) -> Vec<u8> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).first_bytes.clone()
    }

    /// How many conversations got as far as a recipient.
    pub(super) fn tried(&self) -> usize {
        self.commands().iter().filter(|command| command.starts_with("RCPT")).count()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // Wakes it, so that it sees its end.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn converse(mut stream: TcpStream, says: Says, heard: &Mutex<Heard>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut lines = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 test\r\n")?;
    if says == Says::Goodbye {
        return Ok(());
    }
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        heard.lock().unwrap_or_else(PoisonError::into_inner).commands.push(line.trim_end().to_owned());
        let recipient = line.trim_end().trim_start_matches("RCPT TO:").to_owned();
        match line.get(..4).unwrap_or_default() {
            "EHLO" if says == Says::StartTls => stream.write_all(b"250-test\r\n250 STARTTLS\r\n")?,
            "EHLO" => stream.write_all(b"250-test\r\n250 AUTH PLAIN\r\n")?,
            "STAR" => {
                stream.write_all(b"220 go ahead\r\n")?;
                let mut bytes = [0; 3];
                lines.read_exact(&mut bytes)?;
                heard.lock().unwrap_or_else(PoisonError::into_inner).first_bytes = bytes.to_vec();
                return Ok(());
            }
            "RCPT" if let Says::Refuses(status) = says => {
                stream.write_all(format!("{status} no mail for {recipient}\r\n").as_bytes())?;
            }
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n")?;
                let mail = read_mail(&mut lines)?;
                heard.lock().unwrap_or_else(PoisonError::into_inner).mails.push(mail);
                stream.write_all(b"250 taken\r\n")?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 ok\r\n")?,
        }
    }
}

/// To the lone dot.
fn read_mail(lines: &mut impl BufRead) -> std::io::Result<String> {
    let mut mail = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || line == ".\r\n" {
            return Ok(mail);
        }
        mail.push_str(&line);
    }
}
