//! An SMTP server for tests, with scripted answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use lettre::transport::smtp::client::{Certificate, TlsParameters};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How the server behaves in one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Yes,
    /// Answers `RCPT` with this status, and repeats the command, which names the recipient.
    Refuses(u16),
    /// Closes the connection after its greeting.
    Goodbye,
    /// Offers STARTTLS.
    StartTls,
    /// Uses TLS from the first byte.
    Tls,
}

#[derive(Default)]
struct Heard {
    mails: Vec<String>,
    plain: Vec<String>,
    encrypted: Vec<String>,
}

pub(super) struct MailServer {
    pub(super) address: SocketAddr,
    certificate: CertificateDer<'static>,
    heard: Arc<Mutex<Heard>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl MailServer {
    /// Starts a server that handles one connection per element of `script`, and repeats the last one.
    pub(super) fn start(script: &'static [Says]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (heard, ending) = (Arc::<Mutex<Heard>>::default(), Arc::<AtomicBool>::default());
        let (certificate, tls) = self_signed();
        let thread = spawn({
            let (heard, ending) = (heard.clone(), ending.clone());
            move || {
                for (number, stream) in listener.incoming().enumerate() {
                    if ending.load(Ordering::Acquire) {
                        return;
                    }
                    let says = script[number.min(script.len() - 1)];
                    // Errors are ignored: some tests have the client disconnect early.
                    let _ = stream.and_then(|stream| receive(stream, says, &tls, &heard));
                }
            }
        });
        Self { address, certificate, heard, ending, thread: Some(thread) }
    }

    /// `smtp://127.0.0.1:<port>`, followed by `query`.
    pub(super) fn url(&self, query: &str) -> String {
        format!("smtp://{}{query}", self.address)
    }

    /// TLS parameters for a client that trusts the self-signed certificate of this server.
    pub(super) fn trust(&self) -> TlsParameters {
        let certificate = Certificate::from_der(self.certificate.to_vec()).expect("a certificate");
        let tls = TlsParameters::builder(self.address.ip().to_string()).add_root_certificate(certificate);
        tls.build().expect("parameters")
    }

    pub(super) fn mails(&self) -> Vec<String> {
        self.heard().mails.clone()
    }

    /// The lines that clients sent without TLS.
    pub(super) fn plain(&self) -> Vec<String> {
        self.heard().plain.clone()
    }

    /// The lines that clients sent over TLS.
    pub(super) fn encrypted(&self) -> Vec<String> {
        self.heard().encrypted.clone()
    }

    /// The number of `RCPT` commands that clients sent without TLS.
    pub(super) fn tried(&self) -> usize {
        self.plain().iter().filter(|command| command.starts_with("RCPT")).count()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // Wakes the thread from `accept`, so that it sees the flag.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn self_signed() -> (CertificateDer<'static>, Arc<ServerConfig>) {
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let certificate = signed.cert.der().clone();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider's own versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a certificate and its key");
    (certificate, Arc::new(config))
}

fn receive(stream: TcpStream, says: Says, tls: &Arc<ServerConfig>, heard: &Mutex<Heard>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let encrypted = |stream| {
        let connection = ServerConnection::new(tls.clone()).map_err(io::Error::other)?;
        io::Result::Ok(BufReader::new(StreamOwned::new(connection, stream)))
    };
    if says == Says::Tls {
        let mut stream = encrypted(stream)?;
        stream.get_mut().write_all(b"220 test\r\n")?;
        return converse(&mut stream, says, &mut |line| lock(heard).encrypted.push(line), heard).map(drop);
    }
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"220 test\r\n")?;
    if says == Says::Goodbye {
        return Ok(());
    }
    match converse(&mut stream, says, &mut |line| lock(heard).plain.push(line), heard)? {
        End::Bye => Ok(()),
        End::StartTls => {
            let mut stream = encrypted(stream.into_inner())?;
            converse(&mut stream, Says::Tls, &mut |line| lock(heard).encrypted.push(line), heard).map(drop)
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a conversation ends.
enum End {
    Bye,
    StartTls,
}

fn converse<S: Read + Write>(
    stream: &mut BufReader<S>,
    says: Says,
    note: &mut dyn FnMut(String),
    heard: &Mutex<Heard>,
) -> io::Result<End> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(End::Bye);
        }
        let line = line.trim_end();
        note(line.to_owned());
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" if says == Says::StartTls => "250-test\r\n250 STARTTLS".to_owned(),
            "EHLO" => "250-test\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => "235 welcome".to_owned(),
            "RCPT" if let Says::Refuses(status) = says => format!("{status} no mail for {line}"),
            "DATA" => "354 go ahead".to_owned(),
            "STAR" => "220 go ahead".to_owned(),
            _ => "250 ok".to_owned(),
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
        match line {
            "DATA" => {
                let mail = read_mail(stream)?;
                lock(heard).mails.push(mail);
                stream.get_mut().write_all(b"250 taken\r\n")?;
            }
            "STARTTLS" => return Ok(End::StartTls),
            "QUIT" => return Ok(End::Bye),
            _ => {}
        }
    }
}

/// Reads the mail up to the line that consists of a single dot.
fn read_mail(lines: &mut impl BufRead) -> io::Result<String> {
    let mut mail = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || line == ".\r\n" {
            return Ok(mail);
        }
        mail.push_str(&line);
    }
}
