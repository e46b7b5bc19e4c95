//! Parses the `DATABASE_URL` of PostgreSQL: hosts in their order, TLS, and session settings.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::was_ended;
use super::session::{Generations, Session};
use super::tls::{Files, Verification, client_config};
use crate::db::DbError;
use crate::db::options::{ACQUIRE_TIMEOUT, IDLE_IN_TRANSACTION_TIMEOUT, LOCK_TIMEOUT, Options, PreparedStatements};

/// TCP keepalive: an idle connection is closed after three unanswered probes.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long sent data may stay unacknowledged by the server's machine.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection attempt to one address of a host may take, before the next address is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// After this time, a cancelled connection attempt counts as failed.
const CANCELLED_COUNTS_AS_FAILED: Duration = Duration::from_secs(1);
/// How often a connection is opened that the server ends before it can be used.
const MAX_OPENINGS: usize = 3;
/// How often the server checks that its client is still connected while a statement runs.
const CLIENT_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The I/O part of a connection, which a task runs.
type Connection = tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// The servers of a URL, and the settings for connections to them.
pub(in crate::db) struct Target {
    /// One for each host of the URL.
    hosts: Vec<Config>,
    /// Index of the host that answered last. It is tried first, so that the time limit of an unreachable host is waited
    /// for only once.
    serving: AtomicUsize,
    tls: MakeRustlsConnect,
    pub(super) options: Options,
    generations: Generations,
    /// Sent once on a new connection; `None` if sessions are shared through a pooler.
    session_setup: Option<String>,
}

impl Target {
    /// # Errors
    /// The URL or a file that it names cannot be read.
    pub(in crate::db) fn parse(url: &str, options: &Options) -> Result<Self, DbError> {
        let (url, ssl) = split_ssl(url)?;
        let mut config: Config = url.parse().map_err(|error| invalid(&error))?;
        config.ssl_mode(ssl.mode);
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        let session_setup = (options.prepared_statements == PreparedStatements::Kept)
            .then(|| session_setup(options, config.get_options().unwrap_or_default()));
        let tls = MakeRustlsConnect::new(client_config(ssl.verification, &ssl.files)?);
        Ok(Self {
            hosts: each_host(&config),
            serving: AtomicUsize::new(0),
            tls,
            options: options.clone(),
            generations: Generations::default(),
            session_setup,
        })
    }

    /// Opens a session with its time limits. If the server ends it before it can be used, another one is opened.
    pub(super) async fn open(&self) -> Result<Session, DbError> {
        let mut attempt = 1;
        loop {
            // Before the host is chosen, which may stop answering meanwhile.
            let generations = self.generations.at_present();
            let (client, connection) = self.connect().await?;
            let task = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a database connection ended");
                }
            });
            let session = Session::new(client, task, self.tls.clone(), generations);
            let Some(setup) = &self.session_setup else { return Ok(session) };
            match session.client.batch_execute(setup).await {
                Err(error) if attempt < MAX_OPENINGS && was_ended(&error) => attempt += 1,
                set_up => return set_up.map(|()| session).map_err(DbError::from),
            }
        }
    }

    /// Connects to a host that answers and, if there are several, accepts writes.
    pub(super) async fn connect(&self) -> Result<(Client, Connection), DbError> {
        let limit = ACQUIRE_TIMEOUT / u32::try_from(self.hosts.len()).unwrap_or(1).max(1);
        let serving = self.serving.load(Ordering::Relaxed);
        let mut failed = DbError::unavailable("no host");
        for nth in 0..self.hosts.len() {
            let nth = (serving + nth) % self.hosts.len();
            let host = &self.hosts[nth];
            let mut attempt =
                Attempt { serving: &self.serving, nth, hosts: self.hosts.len(), end: End::Cancelled(Instant::now()) };
            match tokio::time::timeout(limit, self.connect_to(host)).await {
                Ok(Ok(connected)) => {
                    attempt.end = End::Connected;
                    return Ok(connected);
                }
                Ok(Err(error)) => failed = DbError::unavailable(format!("{}: {}", name(host), reason(&error))),
                Err(_) => failed = DbError::unavailable(format!("{} did not answer in time", name(host))),
            }
            attempt.end = End::Failed;
        }
        Err(failed)
    }

    /// If the server ends the connection while it is opened, another one is opened.
    async fn connect_to(&self, host: &Config) -> Result<(Client, Connection), Error> {
        let mut attempt = 1;
        loop {
            match host.connect(self.tls.clone()).await {
                Err(error) if attempt < MAX_OPENINGS && was_ended(&error) => attempt += 1,
                connected => return connected,
            }
        }
    }
}

/// A connection attempt to one host. If it fails, or is cancelled after a host should have answered, the next attempt
/// starts with another host.
struct Attempt<'a> {
    serving: &'a AtomicUsize,
    nth: usize,
    hosts: usize,
    end: End,
}

enum End {
    Connected,
    Failed,
    /// With the time of its start.
    Cancelled(Instant),
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        match self.end {
            End::Connected => self.serving.store(self.nth, Ordering::Relaxed),
            End::Cancelled(start) if start.elapsed() < CANCELLED_COUNTS_AS_FAILED => {}
            End::Failed | End::Cancelled(_) => {
                let next = (self.nth + 1) % self.hosts;
                let _ = self.serving.compare_exchange(self.nth, next, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }
}

/// The error with its cause, which has more detail.
fn reason(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Omits the URL, which may contain a password.
fn invalid(error: &Error) -> DbError {
    DbError::other(format!("DATABASE_URL cannot be read: {}", reason(error)))
}

fn name(host: &Config) -> String {
    match (host.get_hosts().first(), host.get_hostaddrs().first()) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        (Some(Host::Unix(path)), _) => path.display().to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => String::new(),
    }
}

/// One configuration for each host, so that each has its own time limit.
fn each_host(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    let one = |nth: usize| {
        let mut one = Config::new();
        copy_session(config, &mut one);
        match hosts.get(nth) {
            Some(Host::Tcp(name)) => drop(one.host(name)),
            Some(Host::Unix(path)) => drop(one.host_path(path)),
            None => {}
        }
        if let Some(address) = addresses.get(nth) {
            one.hostaddr(*address);
        }
        one.port(ports.get(nth).or(ports.first()).copied().unwrap_or(5432));
        if count > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            // Only one of several servers accepts writes.
            one.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        one
    };
    (0..count).map(one).collect()
}

fn copy_session(config: &Config, one: &mut Config) {
    if let Some(user) = config.get_user() {
        one.user(user);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(database) = config.get_dbname() {
        one.dbname(database);
    }
    if let Some(options) = config.get_options() {
        one.options(options);
    }
    one.application_name(config.get_application_name().unwrap_or("gable"));
    one.ssl_mode(config.get_ssl_mode()).channel_binding(config.get_channel_binding());
    one.target_session_attrs(config.get_target_session_attrs());
    one.connect_timeout(config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT));
    one.tcp_user_timeout(config.get_tcp_user_timeout().copied().unwrap_or(TCP_USER_TIMEOUT));
    one.keepalives(config.get_keepalives()).keepalives_idle(KEEPALIVE_IDLE);
    one.keepalives_interval(config.get_keepalives_interval().unwrap_or(KEEPALIVE_INTERVAL));
    one.keepalives_retries(config.get_keepalives_retries().unwrap_or(KEEPALIVE_RETRIES));
}

/// The statement that sets the session's time limits, except those that the URL sets or the server does not know.
fn session_setup(options: &Options, own: &str) -> String {
    let limits = [
        ("statement_timeout", options.statement_timeout),
        ("lock_timeout", LOCK_TIMEOUT),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT),
        ("client_connection_check_interval", CLIENT_CHECK_INTERVAL),
    ];
    let rows: Vec<String> = limits
        .iter()
        .filter(|(name, _)| !own.split([' ', '=']).any(|word| word.strip_prefix("-c").unwrap_or(word) == *name))
        .map(|(name, limit)| format!("('{name}', '{}')", limit.as_millis()))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "SELECT set_config(l.name, l.value, false) FROM (VALUES {}) AS l (name, value) JOIN pg_settings USING (name)",
        rows.join(", ")
    )
}

struct Ssl {
    mode: SslMode,
    verification: Verification,
    files: Files,
}

/// Removes the parameters for TLS from a URL.
fn split_ssl(url: &str) -> Result<(String, Ssl), DbError> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut ssl = Ssl { mode: SslMode::Prefer, verification: Verification::None, files: Files::default() };
    let mut others = form_urlencoded::Serializer::new(String::new());
    let mut mode = "prefer".to_owned();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "sslmode" | "ssl-mode" => mode = value.into_owned(),
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => ssl.files.root = Some(value.into_owned()),
            "sslcert" | "ssl-cert" => ssl.files.certificate = Some(value.into_owned()),
            "sslkey" | "ssl-key" => ssl.files.key = Some(value.into_owned()),
            _ => drop(others.append_pair(&key, &value)),
        }
    }
    (ssl.mode, ssl.verification) = match (mode.as_str(), &ssl.files.root) {
        ("disable", _) => (SslMode::Disable, Verification::None),
        ("allow" | "prefer", _) => (SslMode::Prefer, Verification::None),
        ("require", None) => (SslMode::Require, Verification::None),
        ("require", Some(_)) | ("verify-ca", _) => (SslMode::Require, Verification::Authority),
        ("verify-full", _) => (SslMode::Require, Verification::AuthorityAndName),
        _ => return Err(DbError::other("DATABASE_URL: sslmode is disable, prefer, require, verify-ca or verify-full")),
    };
    // A space is `+` in a form but `%20` in a URL.
    let others = others.finish().replace('+', "%20");
    Ok((if others.is_empty() { base.to_owned() } else { format!("{base}?{others}") }, ssl))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<(String, u16, TargetSessionAttrs)> {
        let target = Target::parse(url, &Options::new(1)).expect("a URL");
        let of = |host: &Config| (name(host), host.get_ports()[0], host.get_target_session_attrs());
        target.hosts.iter().map(of).collect()
    }

    #[test]
    fn one_host_is_taken_as_it_is_and_of_several_the_one_that_takes_writes() {
        use TargetSessionAttrs::{Any, ReadOnly, ReadWrite};
        assert_eq!(hosts("postgres://u:p@a/x"), [("a".into(), 5432, Any)]);
        assert_eq!(hosts("postgres:///x?host=/run/pg"), [("/run/pg".into(), 5432, Any)]);
        let two = [("a".into(), 1, ReadWrite), ("b".into(), 2, ReadWrite)];
        assert_eq!(hosts("postgresql://u@a:1,b:2/x?sslmode=disable"), two);
        let read = hosts("postgres://u@a:1,b:2/x?target_session_attrs=read-only");
        assert!(read.iter().all(|(_, _, attributes)| *attributes == ReadOnly), "{read:?}");
    }

    #[test]
    fn what_cannot_be_read_is_an_error_without_the_password() {
        for url in
            ["postgres://u:hunter2@a/x?sslmode=maybe", "postgres://u:hunter2@a:b/x", "postgres://u:hunter2@a/x?no=1"]
        {
            let error = Target::parse(url, &Options::new(1)).err().expect(url).to_string();
            assert!(error.starts_with("DATABASE_URL") && !error.contains("hunter2"), "{error}");
        }
        let missing = Target::parse("postgres://a/x?sslmode=verify-full&sslrootcert=/no/such.pem", &Options::new(1));
        assert!(missing.err().is_some_and(|error| error.to_string().contains("/no/such.pem")));
    }

    #[test]
    fn limits_that_the_url_sets_are_left_to_it() {
        let setup = session_setup(&Options::new(1), "-c statement_timeout=1000");
        assert!(!setup.contains("'statement_timeout'") && setup.contains("('lock_timeout', '3000')"), "{setup}");
    }
}
