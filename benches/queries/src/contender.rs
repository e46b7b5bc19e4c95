//! A measured server: a separate process, configured by its environment.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) const PASSWORD: &str = "Correct-Horse-7";

/// Connections to the database, and threads that serve requests, for each contender.
pub(crate) const CONNECTIONS: &str = "8";
const WORKERS: &str = "2";

pub(crate) struct Contender {
    process: Child,
    pub(crate) port: u16,
}

/// Returns a command with the environment that both servers get.
pub(crate) fn command(program: &Path, directory: &Path, database: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).stdout(Stdio::null());
    command.env("DATABASE_URL", database).env("JWT_SECRET", "a test secret of at least 32 bytes");
    command.env("CONNECTIONS", CONNECTIONS).env("WORKERS", WORKERS);
    command.env("GABLE_DATABASE_CONNECTIONS", CONNECTIONS).env("GABLE_WORKERS", WORKERS);
    command.env("PORT", "0").env("RUST_LOG", "error").env("GABLE_RATE_LIMITS", "off").env("GABLE_BCRYPT_COST", "4");
    command.env("GABLE_SUPERUSER_PASSWORD", PASSWORD);
    command
}

impl Contender {
    pub(crate) fn start(program: &Path, directory: &Path, database: &str) -> Result<Self, Box<dyn Error>> {
        let mut process = command(program, directory, database).stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some(port) =
                line.split_once("listening on http://").and_then(|(_, address)| address.rsplit(':').next())
            {
                return Ok(Self { process, port: port.parse()? });
            }
        }
        Err(format!("{} did not start", program.display()).into())
    }

    /// Returns the processor time of the server process in seconds, in steps of 0.01. Excludes that of PostgreSQL.
    pub(crate) fn processor_time(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        // The fields after the name, which may contain any character.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
        ticks.sum::<f64>() / 100.0
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
