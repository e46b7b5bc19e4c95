//! First statements of transactions, on the PostgreSQL server that `TEST_POSTGRES_URL` names. Without one, nothing is
//! tested here.

use uuid::Uuid;

use super::super::{
    CheckedSql, Database, DbError, Dialect, Fingerprint, Options, Row, Savepoint, Sharing, Source, Statement,
};

/// A database with the table `t`, whose column `a` is unique.
struct Server {
    db: Database,
    table: String,
}

impl Server {
    async fn new() -> Option<Self> {
        let url = std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())?;
        let db = Database::connect(&url, &Options::new(2)).await.expect("a server");
        let server = Self { db, table: format!("first_statements_{}", Uuid::now_v7().simple()) };
        server.run(format!("CREATE TABLE {} (a bigint UNIQUE)", server.table)).await.expect("a table");
        Some(server)
    }

    async fn run(&self, sql: String) -> Result<u64, DbError> {
        self.db.reader().execute(Statement::new(Dialect::Postgres, sql)).await
    }

    fn insert(&self, value: i64) -> Statement {
        let mut insert = Statement::new(Dialect::Postgres, format!("INSERT INTO {} VALUES (", self.table));
        insert.bind(value).push(")");
        insert.returning("a")
    }

    async fn stored(&self) -> Vec<i64> {
        let select = Statement::new(Dialect::Postgres, format!("SELECT a FROM {} ORDER BY a", self.table));
        let rows = self.db.reader().all(select).await.expect("rows");
        rows.iter().map(|row| Row::new(row).next().expect("a number")).collect()
    }

    async fn ends(self) {
        self.run(format!("DROP TABLE {}", self.table)).await.expect("no table");
    }
}

/// Runs a test that needs the server.
fn on_server(test: impl AsyncFn(&Server)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        if let Some(server) = Server::new().await {
            test(&server).await;
            server.ends().await;
        }
    });
}

#[test]
fn a_statement_for_a_transaction_writes_nothing_outside_of_one() {
    on_server(async |server| {
        // The first execution waits for its preparation.
        for _ in 0..2 {
            let refused = server.db.reader().all(server.insert(1).only_in_transaction()).await;
            assert!(matches!(refused, Err(DbError::Other(_))), "{refused:?}");
        }
        assert_eq!(server.stored().await, [0_i64; 0]);
    });
}

#[test]
fn a_first_write_is_stored_by_the_commit_alone() {
    on_server(async |server| {
        for (value, commits) in [(1, true), (2, false), (3, true)] {
            let transaction = server.db.begin().await.expect("a transaction");
            let row = Source::Transaction(&transaction).one(server.insert(value)).await.expect("a row");
            assert_eq!(row.map(|row| Row::new(&row).next::<i64>().expect("a number")), Some(value));
            assert!(!server.stored().await.contains(&value));
            match commits {
                true => transaction.commit().await.expect("a commit"),
                false => transaction.roll_back().await.expect("a rollback"),
            }
        }
        assert_eq!(server.stored().await, [1, 3]);
    });
}

#[test]
fn after_the_last_statement_nothing_else_runs() {
    on_server(async |server| {
        let transaction = server.db.begin_checked(None, Sharing::Alone).await.expect("a transaction");
        let source = Source::Transaction(&transaction);
        source.one(server.insert(1).last()).await.expect("a row");
        assert_eq!(server.stored().await, [1], "stored before the commit");
        assert!(source.one(server.insert(2)).await.is_err());
        assert!(Savepoint::set(&transaction).await.is_err());
        transaction.commit().await.expect("a commit, which has nothing to do");
        assert_eq!(server.stored().await, [1]);
    });
}

#[test]
fn a_last_statement_that_writes_no_row_may_be_followed_by_others() {
    on_server(async |server| {
        let transaction = server.db.begin().await.expect("a transaction");
        let source = Source::Transaction(&transaction);
        let none =
            Statement::new(Dialect::Postgres, format!("UPDATE {} SET a = 1", server.table)).returning("a").last();
        assert!(source.one(none).await.expect("no row").is_none());
        source.one(server.insert(2)).await.expect("a row");
        assert_eq!(server.stored().await, [0_i64; 0]);
        transaction.commit().await.expect("a commit");
        assert_eq!(server.stored().await, [2]);
    });
}

#[test]
fn a_transaction_whose_last_statement_failed_is_not_committed() {
    on_server(async |server| {
        for is_last in [true, false] {
            server.run(format!("DELETE FROM {}", server.table)).await.expect("no rows");
            server.run(format!("INSERT INTO {} VALUES (1)", server.table)).await.expect("a row");
            let transaction = server.db.begin().await.expect("a transaction");
            let source = Source::Transaction(&transaction);
            let refused = source.one(if is_last { server.insert(1).last() } else { server.insert(1) }).await;
            assert!(matches!(refused, Err(DbError::Unique(_))), "{refused:?}");
            let _ = source.one(server.insert(2)).await;
            assert!(transaction.commit().await.is_err());
            assert_eq!(server.stored().await, [1]);
        }
    });
}

#[test]
fn a_statement_is_a_transaction_by_itself_only_while_the_rows_of_its_check_are_the_same() {
    on_server(async |server| {
        // Names that also occur in the check.
        for column in ["gable_row", "r"] {
            server.run(format!("ALTER TABLE {} ADD {column} bigint DEFAULT 7", server.table)).await.expect("a column");
        }
        server.run(format!("INSERT INTO {} VALUES (1), (2)", server.table)).await.expect("rows");
        let checked = CheckedSql::new(&format!("a, gable_row, NULL FROM {} WHERE a < ?", server.table));
        let rows = server.db.reader().all(checked.rows_with_fingerprint(10_i64)).await.expect("rows");
        let fingerprint = Fingerprint::read(&mut Row::new(&rows[0])).expect("a fingerprint");
        for (value, is_same) in [(11, true), (12, false)] {
            let check = checked.check(10_i64, Some(&fingerprint));
            let transaction = server.db.begin_checked(Some(check), Sharing::Alone).await.expect("a transaction");
            Source::Transaction(&transaction).one(server.insert(value).last()).await.expect("a row");
            assert_eq!(server.stored().await.contains(&value), is_same, "{value}");
            // Without a check that was part of the statement, its rows are there to be read.
            let rows = transaction.take_check().await.expect("an answer");
            assert_eq!(rows.map(|rows| rows.len()), if is_same { None } else { Some(2) });
            transaction.roll_back().await.err();
            server.run(format!("UPDATE {} SET gable_row = 8 WHERE a = 2", server.table)).await.expect("a change");
        }
        assert_eq!(server.stored().await, [1, 2, 11]);
    });
}
