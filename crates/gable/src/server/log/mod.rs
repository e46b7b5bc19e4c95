//! The log: `RUST_LOG` sets its levels, `GABLE_LOG` its format. It never blocks a request and never panics; see
//! `line_queue`.

mod line_queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use self::line_queue::LineQueue;
use crate::db;
use crate::settings::{LogFormat, LogSettings};
use crate::stopping::Stopping;

/// Maximum time that the end of a process waits for its last lines, for example for a pipe that nobody reads.
const LAST_LINES_TIMEOUT: Duration = Duration::from_secs(1);

/// The log target of actix for socket errors.
const SOCKET_ERRORS: &str = "actix_server::accept";

/// The log of the process. Dropping it writes the last lines.
pub(crate) struct Log {
    lines: LineQueue,
    stopping: Stopping,
}

impl Log {
    /// Opens standard error; before `start`, only `line` writes to it.
    pub(crate) fn open(stopping: Stopping) -> Self {
        let lines = LineQueue::start(std::io::stderr(), |dropped| {
            tracing::warn!(dropped, "dropped {dropped} log lines: the log could not be written fast enough");
        });
        Self { lines, stopping }
    }

    /// Starts the log. A log that already runs, as in an application's tests, is kept.
    pub(crate) fn start(&self, settings: &LogSettings) {
        let filter = filter(&settings.filter.clone().unwrap_or_else(default_filter));
        let lines = tracing_subscriber::fmt().with_writer(self.lines.clone()).log_internal_errors(false);
        let lines = lines.with_env_filter(filter.unwrap_or_default());
        let started = match chosen(settings.format, std::io::stderr().is_terminal()) {
            LogFormat::Json => lines.json().flatten_event(true).finish().with(self.quiet()).try_init(),
            LogFormat::Pretty => {
                lines.pretty().with_file(false).with_line_number(false).finish().with(self.quiet()).try_init()
            }
            LogFormat::Compact | LogFormat::Automatic => {
                lines.compact().with_ansi(false).finish().with(self.quiet()).try_init()
            }
        };
        if started.is_ok() {
            std::panic::set_hook(Box::new(log_panic));
        }
    }

    /// Hides messages of actix about sockets that the server itself has closed.
    fn quiet<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        let stopping = self.stopping.clone();
        let is_of_sockets = |metadata: &Metadata<'_>| metadata.target() == SOCKET_ERRORS;
        dynamic_filter_fn(move |metadata, _| !is_of_sockets(metadata) || !stopping.has_begun())
            .with_callsite_filter(
                move |metadata| {
                    if is_of_sockets(metadata) { Interest::sometimes() } else { Interest::always() }
                },
            )
            .with_max_level_hint(LevelFilter::TRACE)
    }

    /// Writes a line outside the log, such as the error that ends a command.
    pub(crate) fn line(&self, text: &str) {
        self.lines.push(format!("{text}\n").as_bytes());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.flush(LAST_LINES_TIMEOUT);
    }
}

/// Replaces the standard library's panic hook, which writes to standard error and could block.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("no message");
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    tracing::error!(target: "gable::panic", thread, backtrace, "panicked at {place}: {message}");
}

fn chosen(format: LogFormat, terminal: bool) -> LogFormat {
    match format {
        LogFormat::Automatic if terminal => LogFormat::Pretty,
        LogFormat::Automatic => LogFormat::Compact,
        format => format,
    }
}

/// The default filter. It hides messages of crates at level info; the runtime itself logs every request.
fn default_filter() -> String {
    format!("info,{},actix_server=warn", db::LOG_FILTER)
}

fn filter(directives: &str) -> Option<EnvFilter> {
    EnvFilter::builder().parse(directives).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_is_a_filter() {
        assert!(filter(&default_filter()).is_some());
        assert!(filter("gable=loud").is_none());
    }

    #[test]
    fn only_a_terminal_gets_pretty_lines() {
        assert_eq!(chosen(LogFormat::Automatic, true), LogFormat::Pretty);
        assert_eq!(chosen(LogFormat::Automatic, false), LogFormat::Compact);
        assert_eq!(chosen(LogFormat::Json, true), LogFormat::Json);
    }
}
