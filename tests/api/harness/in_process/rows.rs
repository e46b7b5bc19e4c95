//! The application's database and files, read and changed without a request.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::super::{Answer, Sql};
use super::InProcess;

impl InProcess {
    /// A connection to the database.
    pub(crate) fn sql(&self) -> Sql {
        self.installation.sql()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.installation.is_sqlite()
    }

    pub(crate) fn run(&self, sql: &str) {
        self.sql().run(sql);
    }

    /// The first value that a query finds.
    pub(crate) fn value<T: Answer>(&self, sql: &str) -> T {
        self.sql().value(sql, &[])
    }

    /// The number of rows in a table, or in a part of it: `users WHERE is_super_user`.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        self.installation.rows(table)
    }

    /// Waits for work that is done independently of requests.
    #[track_caller]
    pub(crate) fn eventually_has_rows(&self, table: &str, wanted: i64) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.rows(table) != wanted {
            assert!(Instant::now() < deadline, "{table}: {} rows, not {wanted}", self.rows(table));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The number that a query yields; `$1` is the account's id.
    pub(crate) fn number_of(&self, sql: &str, account: &str) -> i64 {
        self.sql().value(sql, &[id(account).into()])
    }

    /// Changes the row of an account, whose id is `$1`, as an operator would.
    pub(crate) fn change_account(&self, sql: &str, account: &str) {
        assert_eq!(self.sql().change(sql, &[id(account).into()]), 1);
    }

    /// The number of events of this kind in the account's history.
    pub(crate) fn events(&self, kind: &str, account: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM gable_events WHERE kind = '{kind}' AND account_id = $1");
        self.number_of(&sql, account)
    }

    /// The number of log-ins of an account.
    pub(crate) fn grants(&self, account: &str) -> i64 {
        self.number_of("SELECT count(*) FROM gable_grants WHERE account_id = $1", account)
    }

    /// The secret from which the application derives its keys, generated at its first start.
    pub(crate) fn jwt_secret(&self) -> String {
        let path = self.installation.directory().join("jwt_secret");
        std::fs::read_to_string(path).expect("a secret").trim().to_owned()
    }

    /// The contents of the files of a SQLite database.
    pub(crate) fn database_files(&self) -> Vec<Vec<u8>> {
        let entries = std::fs::read_dir(self.installation.directory()).expect("the directory");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let of_database = paths.filter(|path| path.to_string_lossy().contains("gazette.db"));
        of_database.map(|path| std::fs::read(path).expect("a file")).collect()
    }
}

fn id(account: &str) -> Uuid {
    account.parse().expect("an id")
}
