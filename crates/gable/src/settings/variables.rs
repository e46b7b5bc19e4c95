//! Sources of variables: the environment first, then `.env`, which never overrides it.

use std::collections::{BTreeSet, HashMap};

/// Read by the command that creates a super user, not at start.
pub(crate) const SUPER_USER_PASSWORD: &str = "GABLE_SUPERUSER_PASSWORD";

/// A snapshot of `.env` combined with the process's environment, which is never modified.
#[derive(Default)]
pub(crate) struct Variables {
    file: HashMap<String, String>,
    problem: Option<String>,
}

impl Variables {
    /// Reads `.env` from the working directory or its nearest parent directory that has one.
    pub(crate) fn load() -> Self {
        match dotenvy::dotenv_iter() {
            Ok(lines) => Self::collect(lines),
            Err(error) if error.not_found() => Self::default(),
            Err(_) => Self { problem: Some("`.env` cannot be read".to_owned()), ..Self::default() },
        }
    }

    fn collect(lines: impl Iterator<Item = dotenvy::Result<(String, String)>>) -> Self {
        let mut variables = Self::default();
        for line in lines {
            match line {
                // The first definition of a name wins.
                Ok((name, value)) => drop(variables.file.entry(name).or_insert(value)),
                // The library's message is not used: it repeats the line, which may hold a secret.
                Err(_) => variables.problem = Some("`.env` has a line that is not NAME=value".to_owned()),
            }
        }
        variables
    }

    /// Returns the variable, unless it is unset or empty: `PORT=` in a compose file counts as unset.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let real = std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        real.or_else(|| self.file.get(name).cloned()).filter(|value| !value.is_empty())
    }

    /// Returns the names of all variables that are set and not empty, in the environment or the file.
    pub(super) fn names(&self) -> Vec<String> {
        let real = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let names: BTreeSet<String> = real.chain(self.file.keys().cloned()).collect();
        names.into_iter().filter(|name| self.get(name).is_some()).collect()
    }

    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(text: &str) -> Variables {
        Variables::collect(dotenvy::from_read_iter(text.as_bytes()))
    }

    #[test]
    fn the_file_supplies_what_the_environment_lacks() {
        assert_eq!(from_file("GABLE_TEST_UNSET=7\n").get("GABLE_TEST_UNSET").as_deref(), Some("7"));
    }

    #[test]
    fn the_real_environment_wins_over_the_file() {
        let path = std::env::var("PATH").ok();
        assert!(path.is_some());
        assert_eq!(from_file("PATH=from-the-file\n").get("PATH"), path);
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(from_file("GABLE_TEST_EMPTY=\n").get("GABLE_TEST_EMPTY"), None);
        assert!(!from_file("GABLE_TEST_EMPTY=\n").names().contains(&"GABLE_TEST_EMPTY".to_owned()));
    }

    #[test]
    fn a_broken_line_is_a_problem_that_does_not_repeat_it() {
        let variables = from_file("JWT SECRET hunter2\n");
        assert!(variables.problem().is_some_and(|problem| !problem.contains("hunter2")));
    }
}
