//! Settings from the environment (12-factor), checked at start; all problems are reported together. `.env` supplies
//! variables that the environment lacks. Secrets and locations come from here, never from YAML.

mod cidr;
mod jwt_secret;
mod proxies;
mod reader;
mod secret;
mod smtp_server;
#[cfg(test)]
pub(crate) mod tests;
mod unknown;
mod variables;

use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::http::Uri;

use tracing_subscriber::EnvFilter;

use crate::db::{ConnectionUrl, Options, PreparedStatements, Synchronous};
use crate::meta::{AppMeta, Surface};
use crate::model::most_held;

pub(crate) use cidr::Cidr;
pub(crate) use proxies::{Proxies, ProxyHeader};
use reader::Reader;
pub(crate) use secret::Secret;
pub(crate) use smtp_server::SmtpServer;
pub(crate) use variables::{SUPER_USER_PASSWORD, Variables};

/// Directory for files of a development server; ignored by git.
const STATE_DIRECTORY: &str = ".gable";

/// Limits on all requests of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoadLimits {
    /// Requests that are processed or wait for a slot.
    pub(crate) requests: usize,
    pub(crate) body_bytes: usize,
    pub(crate) answer_bytes: usize,
}

/// All settings that may differ between deployments.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) environment: Environment,
    /// A secret, as it may hold a password.
    pub(crate) database_url: Secret,
    pub(crate) database: Options,
    pub(crate) host: String,
    /// 0 lets the system pick one.
    pub(crate) port: u16,
    public_url: Option<String>,
    /// Present if the application has accounts.
    pub(crate) jwt_secret: Option<Secret>,
    pub(crate) smtp_url: Option<SmtpServer>,
    /// Directory that mails are written to if there is no mail server.
    pub(crate) mail_directory: PathBuf,
    pub(crate) proxies: Proxies,
    pub(crate) bcrypt_cost: u32,
    pub(crate) rate_limits: Switch,
    pub(crate) insecure_cookies: Switch,
    pub(crate) workers: usize,
    /// How long the server continues to serve requests, already reported as not ready, after a signal to stop.
    pub(crate) drain: Duration,
    /// How long requests in flight may take after that.
    pub(crate) shutdown: Duration,
    pub(crate) load: LoadLimits,
    /// How long a client may go without reading any part of its answer.
    pub(crate) write_timeout: Duration,
    pub(crate) log: LogSettings,
    /// Warnings, to be logged once the log runs.
    pub(crate) warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    Development,
    Production,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// A filter in the syntax of `RUST_LOG`; none: the default of `ops::log`.
    pub(crate) filter: Option<String>,
    pub(crate) format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Pretty on a terminal, compact elsewhere.
    Automatic,
    Json,
    Pretty,
    Compact,
}

/// A source of variables.
struct Source<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    /// The names of all variables that are set.
    names: &'a [String],
    /// Why some variables could not be read.
    problem: Option<&'a str>,
}

/// All problems that prevent the application from starting.
#[derive(Debug)]
pub(crate) struct SettingsError {
    problems: Vec<String>,
}

impl SettingsError {
    #[cfg(test)]
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the environment does not allow a start:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the process's environment and `.env`.
    pub(crate) fn from_env(app: &AppMeta) -> Result<Self, SettingsError> {
        let variables = Variables::load();
        let lookup = |name: &str| variables.get(name);
        let source = Source { lookup: &lookup, names: &variables.names(), problem: variables.problem() };
        Self::read(app, source, Path::new(STATE_DIRECTORY))
    }

    /// Reads only the variables in a list, for tests.
    pub(crate) fn from_list(app: &AppMeta, list: &[(String, String)], state: &Path) -> Result<Self, SettingsError> {
        let lookup = |name: &str| list.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let names: Vec<String> = list.iter().map(|(name, _)| name.clone()).collect();
        Self::read(app, Source { lookup: &lookup, names: &names, problem: None }, state)
    }

    /// Reads any source. `state` is the directory where a development server keeps its secret.
    fn read(app: &AppMeta, source: Source<'_>, state: &Path) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(source.lookup);
        reader.problems.extend(source.problem.map(str::to_owned));
        let settings = read_all(&mut reader, app, state);
        refuse_unsupported(&mut reader);
        reader.warn_of_unknown(source.names);
        if settings.environment == Environment::Production {
            refuse_insecure(&mut reader, &settings);
            warn_of_mail(&mut reader, &settings, app);
        }
        match reader.problems {
            problems if problems.is_empty() => Ok(Self { warnings: reader.warnings, ..settings }),
            problems => Err(SettingsError { problems }),
        }
    }

    /// Returns the URL at which clients reach the application, without a trailing slash, for mails and redirects.
    /// `port` is the port that was actually bound.
    pub(crate) fn public_url(&self, port: u16) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}:{port}", reachable_host(&self.host)),
        }
    }

    /// Returns true if clients reach the application by TLS, even if a proxy terminates it.
    pub(crate) fn is_public_by_tls(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Returns scheme, host and port of the public URL, if one is set: the origin that browsers send.
    pub(crate) fn public_origin(&self) -> Option<&str> {
        let url = self.public_url.as_deref()?;
        let host = url.find("://")? + 3;
        Some(url[host..].find('/').map_or(url, |path| &url[..host + path]))
    }
}

/// Replaces an address that means "every interface", which a link cannot use.
fn reachable_host(host: &str) -> String {
    match host {
        "0.0.0.0" | "::" => "localhost".to_owned(),
        _ if host.contains(':') => format!("[{host}]"),
        _ => host.to_owned(),
    }
}

fn read_all(reader: &mut Reader<'_>, app: &AppMeta, state: &Path) -> Settings {
    let environments = [("development", Environment::Development), ("production", Environment::Production)];
    let environment = reader.choice("GABLE_ENV", Environment::Development, &environments);
    let switch = [("on", Switch::On), ("off", Switch::Off)];
    let workers = workers(reader);
    let yes_or_no = [("1", Switch::On), ("0", Switch::Off)];
    Settings {
        environment,
        database_url: database_url(reader),
        database: database(reader, app, workers),
        host: host(reader),
        port: reader.parsed("PORT", "a number from 0 to 65535", |text| text.parse().ok()).unwrap_or(app.port),
        public_url: reader.parsed("PUBLIC_URL", "a URL such as https://api.example.com", public_url),
        jwt_secret: app.auth.as_ref().and_then(|_| jwt_secret::jwt_secret(reader, environment, state)),
        smtp_url: smtp_url(reader),
        mail_directory: reader.text("GABLE_MAIL_DIR").map_or_else(|| state.join("mail"), PathBuf::from),
        proxies: proxies::proxies(reader),
        bcrypt_cost: reader.number("GABLE_BCRYPT_COST", 12, 4..=31),
        rate_limits: reader.choice("GABLE_RATE_LIMITS", Switch::On, &switch),
        insecure_cookies: reader.choice("GABLE_INSECURE_COOKIES", Switch::Off, &yes_or_no),
        workers,
        drain: drain(reader, environment),
        shutdown: Duration::from_secs(reader.number("GABLE_SHUTDOWN_SECONDS", 30, 0..=3600).into()),
        load: load(reader, app),
        write_timeout: Duration::from_secs(reader.number("GABLE_WRITE_TIMEOUT_SECONDS", 30, 1..=3600).into()),
        log: log(reader),
        warnings: Vec::new(),
    }
}

fn database(reader: &mut Reader<'_>, app: &AppMeta, threads: usize) -> Options {
    let prepared = [("on", PreparedStatements::Kept), ("off", PreparedStatements::Off)];
    let synchronous = [("normal", Synchronous::Normal), ("full", Synchronous::Full)];
    let seconds = reader.number("GABLE_STATEMENT_TIMEOUT_SECONDS", app.query.statement_seconds, 1..=3600);
    Options {
        connections: reader.number("GABLE_DATABASE_CONNECTIONS", 8, 1..=1000),
        threads,
        statement_timeout: Duration::from_secs(seconds.into()),
        prepared_statements: reader.choice("GABLE_PREPARED_STATEMENTS", PreparedStatements::Kept, &prepared),
        synchronous: reader.choice("GABLE_SQLITE_SYNCHRONOUS", Synchronous::Normal, &synchronous),
        listen_url: reader.text("DATABASE_LISTEN_URL").map(|url| ConnectionUrl(with_libpq_variables(reader, url))),
    }
}

fn database_url(reader: &mut Reader<'_>) -> Secret {
    let url = reader.text("DATABASE_URL").unwrap_or_else(|| format!("sqlite://{STATE_DIRECTORY}/data.db"));
    match url.split_once(':') {
        Some(("sqlite" | "postgres" | "postgresql", _)) => {}
        Some(("mysql" | "mariadb", _)) => reader.problem("DATABASE_URL: MySQL is not available in this version"),
        // The message leaves out the value, which may hold a password.
        _ => reader.problem("DATABASE_URL must begin with sqlite: or postgres:"),
    }
    Secret::new(if url.starts_with("postgres") { with_libpq_variables(reader, url) } else { url })
}

/// Adds variables of libpq to a PostgreSQL URL without these settings: ignoring `PGSSLMODE` would silently disable
/// TLS.
fn with_libpq_variables(reader: &mut Reader<'_>, mut url: String) -> String {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    let has_password = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    for (variable, parameter, names) in [
        ("PGSSLMODE", "sslmode", &["sslmode", "ssl-mode"][..]),
        ("PGSSLROOTCERT", "sslrootcert", &["sslrootcert", "ssl-root-cert", "ssl-ca"]),
        ("PGPASSWORD", "password", &["password"]),
    ] {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let is_set = form_urlencoded::parse(query.as_bytes()).any(|(key, _)| names.contains(&key.as_ref()));
        let is_set = is_set || (parameter == "password" && has_password);
        let Some(value) = reader.secret(variable).filter(|_| !is_set) else { continue };
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        url.push(if query.is_empty() { '?' } else { '&' });
        url.push_str(&format!("{parameter}={}", value.replace('+', "%20")));
    }
    url
}

/// Reads a host name or an address; an IPv6 address may be in brackets.
fn host(reader: &mut Reader<'_>) -> String {
    let parse = |text: &str| {
        let host = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let address = host.parse::<std::net::IpAddr>().is_ok();
        let name = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        (address || name).then(|| host.to_owned())
    };
    reader.parsed("HOST", "a host name or an address, without a port", parse).unwrap_or_else(|| "127.0.0.1".to_owned())
}

fn public_url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().is_some_and(|host| !host.is_empty());
    let fits = web && host && uri.query().is_none() && !text.contains(['#', '@']);
    // A scheme may be written in upper case, but is compared with those of origins.
    let (scheme, rest) = text.split_once("://")?;
    fits.then(|| format!("{}://{}", scheme.to_ascii_lowercase(), rest.trim_end_matches('/')))
}

fn smtp_url(reader: &mut Reader<'_>) -> Option<SmtpServer> {
    let url = SmtpServer::parse(&reader.text("SMTP_URL")?);
    url.map_err(|error| reader.problem(format!("SMTP_URL {error}"))).ok()
}

fn workers(reader: &mut Reader<'_>) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
    reader.number("GABLE_WORKERS", processors, 1..=1024) as usize
}

/// In development there is no load balancer to wait for.
fn drain(reader: &mut Reader<'_>, environment: Environment) -> Duration {
    let default = if environment == Environment::Production { 5 } else { 0 };
    Duration::from_secs(reader.number("GABLE_DRAIN_SECONDS", default, 0..=300).into())
}

fn load(reader: &mut Reader<'_>, app: &AppMeta) -> LoadLimits {
    let requests = reader.number("GABLE_MAX_IN_FLIGHT", 1024, 1..=1_000_000) as usize;
    let body_bytes = reader.number("GABLE_MAX_BODY_BYTES_IN_FLIGHT", 64 * 1024 * 1024, 1..=u32::MAX) as usize;
    if body_bytes < app.body_limit {
        let limit = app.body_limit;
        reader.problem(format!("GABLE_MAX_BODY_BYTES_IN_FLIGHT must be {limit} or more, the limit of one body"));
    }
    let one_answer = most_held(app.query.max_bytes);
    let default = u32::try_from(one_answer).unwrap_or(u32::MAX).max(128 * 1024 * 1024);
    let answer_bytes = reader.number("GABLE_MAX_ANSWER_BYTES_IN_FLIGHT", default, 1..=u32::MAX) as usize;
    if answer_bytes < one_answer {
        reader.problem(format!(
            "GABLE_MAX_ANSWER_BYTES_IN_FLIGHT must be {one_answer} or more: one answer may hold as many, with what is read for it"
        ));
    }
    LoadLimits { requests, body_bytes, answer_bytes }
}

fn log(reader: &mut Reader<'_>) -> LogSettings {
    let formats = [("json", LogFormat::Json), ("pretty", LogFormat::Pretty), ("compact", LogFormat::Compact)];
    let valid = |text: &str| EnvFilter::builder().parse(text).is_ok().then(|| text.to_owned());
    LogSettings {
        filter: reader.parsed("RUST_LOG", "a list such as info,gable=debug", valid),
        format: reader.choice("GABLE_LOG", LogFormat::Automatic, &formats),
    }
}

/// Refuses variables without effect, whose users would expect limits that are not enforced.
fn refuse_unsupported(reader: &mut Reader<'_>) {
    if reader.text("REDIS_URL").is_some() {
        reader.problem("REDIS_URL: shared limits are not available yet in this version; unset it");
    }
}

fn refuse_insecure(reader: &mut Reader<'_>, settings: &Settings) {
    if settings.bcrypt_cost < 10 {
        reader.problem(format!("GABLE_BCRYPT_COST={} is too cheap; production needs 10 or more", settings.bcrypt_cost));
    }
    if settings.rate_limits == Switch::Off {
        reader.problem("GABLE_RATE_LIMITS=off is for development and tests, not for production");
    }
    if settings.insecure_cookies == Switch::On {
        reader.problem("GABLE_INSECURE_COOKIES=1 is for development and tests, not for production");
    }
    if settings.smtp_url.as_ref().is_some_and(|url| url.has_credentials() && !url.is_encrypted()) {
        reader.problem("SMTP_URL would send a password in plain text; use smtps://… or smtp://…?tls=required");
    }
}

/// Warns of mail settings that work but are probably not intended.
fn warn_of_mail(reader: &mut Reader<'_>, settings: &Settings, app: &AppMeta) {
    let surfaces = app.auth.as_ref().map_or(&[][..], |auth| auth.surfaces);
    let mails = surfaces.iter().any(|surface| matches!(surface, Surface::Session | Surface::TokenPair));
    if mails && settings.public_url.is_none() {
        let url = settings.public_url(settings.port);
        reader.warn(format!("PUBLIC_URL is not set: links in mails lead to {url}"));
    }
    match &settings.smtp_url {
        None if mails => {
            let directory = settings.mail_directory.display();
            reader.warn(format!("SMTP_URL is not set: mail to accounts only becomes files in {directory}"));
        }
        Some(url) if !url.is_encrypted() => {
            reader.warn("SMTP_URL does not insist on TLS: links that reset passwords may be read on their way");
        }
        _ => {}
    }
}
