//! A mail server that says what a test wants it to say.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use lettre::transport::smtp::client::{Certificate, TlsParameters};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How one conversation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Yes,
    /// This status to the recipient, whom it names.
    Refuses(u16),
    /// Nothing: it hangs up after its greeting.
    Goodbye,
    /// That it speaks TLS, and then it does.
    StartTls,
    /// TLS from the first byte.
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
    /// One conversation after the other goes like this; the last one is repeated.
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
                    // A client that leaves early has its reasons.
                    let _ = stream.and_then(|stream| receive(stream, says, &tls, &heard));
                }
            }
        });
        Self { address, certificate, heard, ending, thread: Some(thread) }
    }

    /// `smtp://127.0.0.1:…`, followed by this.
    pub(super) fn url(&self, query: &str) -> String {
        format!("smtp://{}{query}", self.address)
    }

    /// For a client that takes its word for who it is.
    pub(super) fn trust(&self) -> TlsParameters {
        let certificate = Certificate::from_der(self.certificate.to_vec()).expect("a certificate");
        let tls = TlsParameters::builder(self.address.ip().to_string()).add_root_certificate(certificate);
        tls.build().expect("parameters")
    }

    pub(super) fn mails(&self) -> Vec<String> {
        self.heard().mails.clone()
    }

    /// What it was told in plain text.
    pub(super) fn plain(&self) -> Vec<String> {
        self.heard().plain.clone()
    }

    /// What it was told behind TLS.
    pub(super) fn encrypted(&self) -> Vec<String> {
        self.heard().encrypted.clone()
    }

    /// How many conversations got as far as a recipient.
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
        // Wakes it, so that it sees its end.
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

/// To the lone dot.
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
