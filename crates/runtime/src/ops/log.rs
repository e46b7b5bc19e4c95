//! The log: `RUST_LOG` says what, `GABLE_LOG` says how.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, LogSettings};

/// The driver logs every notice of the server at info.
const DEFAULT_FILTER: &str = "info,tokio_postgres=warn,actix_server=warn";

/// Starts the log. A log that is already running, as in an application's tests, stays.
pub(crate) fn start(settings: &LogSettings) {
    let filter = filter(settings.filter.as_deref().unwrap_or(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter.unwrap_or_default());
    let _ = match chosen(settings.format, std::io::stderr().is_terminal()) {
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
        LogFormat::Pretty => lines.pretty().with_file(false).with_line_number(false).finish().try_init(),
        LogFormat::Compact | LogFormat::Automatic => lines.compact().with_ansi(false).finish().try_init(),
    };
}

fn chosen(format: LogFormat, terminal: bool) -> LogFormat {
    match format {
        LogFormat::Automatic if terminal => LogFormat::Pretty,
        LogFormat::Automatic => LogFormat::Compact,
        format => format,
    }
}

fn filter(directives: &str) -> Option<EnvFilter> {
    EnvFilter::builder().parse(directives).ok()
}

/// Whether `RUST_LOG` can be understood; checked with the other settings.
pub(crate) fn is_filter(directives: &str) -> bool {
    filter(directives).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_is_a_filter() {
        assert!(is_filter(DEFAULT_FILTER));
        assert!(!is_filter("gable=loud"));
    }

    #[test]
    fn only_a_terminal_gets_pretty_lines() {
        assert_eq!(chosen(LogFormat::Automatic, true), LogFormat::Pretty);
        assert_eq!(chosen(LogFormat::Automatic, false), LogFormat::Compact);
        assert_eq!(chosen(LogFormat::Json, true), LogFormat::Json);
    }
}
