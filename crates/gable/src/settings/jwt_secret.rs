//! The signing secret: required in production, generated once and kept in a file in development.

use std::fs;
use std::io;
use std::path::Path;

use super::reader::Reader;
use super::{Environment, Secret};
use crate::private_file::{make_directory, write_new};

const SHORTEST: usize = 32;
const VARIABLE: &str = "JWT_SECRET";
const FILE: &str = "jwt_secret";

/// Returns the configured secret, or in development the kept one. `None` means that a problem was recorded.
pub(super) fn jwt_secret(reader: &mut Reader<'_>, environment: Environment, directory: &Path) -> Option<Secret> {
    let production = environment == Environment::Production;
    match reader.secret(VARIABLE) {
        Some(given) => {
            if given.len() < SHORTEST {
                let short = format!("{VARIABLE} has {} bytes and needs at least {SHORTEST}", given.len());
                if production { reader.problem(short) } else { reader.warn(short) }
            }
            Some(Secret::new(given))
        }
        None if production => {
            reader.problem(format!("{VARIABLE} is missing; production needs at least {SHORTEST} random bytes"));
            None
        }
        None => kept_secret(reader, directory),
    }
}

fn kept_secret(reader: &mut Reader<'_>, directory: &Path) -> Option<Secret> {
    let path = directory.join(FILE);
    match keep(directory, &path) {
        Ok(secret) if secret.len() >= SHORTEST => {
            reader.warn(format!("{VARIABLE} is not set; using the one kept in {}", path.display()));
            Some(Secret::new(secret))
        }
        Ok(_) => {
            reader.problem(format!("{} is damaged; remove it, or set {VARIABLE}", path.display()));
            None
        }
        Err(error) => {
            reader.problem(format!("{VARIABLE} is not set and cannot be kept in {}: {error}", path.display()));
            None
        }
    }
}

/// Reads the kept secret, or generates it. Processes that start at the same time must use the same one.
fn keep(directory: &Path, path: &Path) -> io::Result<String> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        kept => return kept,
    }
    make_directory(directory)?;
    let draft = directory.join(format!("{FILE}.{}", uuid::Uuid::new_v4()));
    let published = write_new(&draft, random_hex()?.as_bytes()).and_then(|()| publish(&draft, path));
    let _ = fs::remove_file(&draft);
    published?;
    read(path)
}

/// A hard link appears with its whole content or not at all, and fails if the file already exists.
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path).map(|text| text.trim().to_owned())
}

fn random_hex() -> io::Result<String> {
    let mut bytes = [0_u8; SHORTEST];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> std::path::PathBuf {
        std::env::temp_dir().join(format!("gable-secret-{}", uuid::Uuid::new_v4()))
    }

    fn keep_in(directory: &Path) -> String {
        keep(directory, &directory.join(FILE)).expect("a secret")
    }

    #[test]
    fn a_second_start_finds_the_secret_of_the_first() {
        let directory = directory();
        let first = keep_in(&directory);
        assert_eq!(first.len(), 64);
        assert_eq!(keep_in(&directory), first);
        assert_eq!(fs::read_dir(&directory).expect("the directory").count(), 1, "no draft is left behind");
        fs::remove_dir_all(directory).expect("removed");
    }

    #[test]
    fn processes_that_start_at_once_agree() {
        let directory = directory();
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| keep_in(&directory))).collect();
            starts.into_iter().map(|start| start.join().expect("no panic")).collect()
        });
        assert!(secrets.iter().all(|secret| secret == &secrets[0]));
        fs::remove_dir_all(directory).expect("removed");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let directory = directory();
        keep_in(&directory);
        let mode = fs::metadata(directory.join(FILE)).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(directory).expect("removed");
    }

    #[test]
    fn a_damaged_file_stops_the_start() {
        let directory = directory();
        make_directory(&directory).expect("made");
        fs::write(directory.join(FILE), "short").expect("written");
        let lookup = |_: &str| None;
        let mut reader = Reader::new(&lookup);
        assert_eq!(jwt_secret(&mut reader, Environment::Development, &directory), None);
        assert!(reader.problems[0].contains("damaged"));
        fs::remove_dir_all(directory).expect("removed");
    }
}
